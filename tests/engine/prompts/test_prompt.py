"""Prompts: read from any text without loss, written out and read back the same, laid over each other."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.prompt import ASPECTS, SLOTS, PortraitPrompt, PromptError, from_json, merge, parse, read, to_json, to_lines

FISHERMAN = (
    "A weathered fisherman in his 60s wearing an oilskin coat stands on a pier at dawn, "
    "lit from the left by a low sun, 85mm f/1.4, visible pores"
)
SNIPPETS = st.sampled_from(
    [
        *("a woman", "@ana", "@bob:2", "wearing a red coat", "in", "by the window", "soft light", "85mm f/1.4"),
        *("--ar 2:3", "--seed 42", "--no hat, cap", "--v 6", "—ar 16:9", "Lighting:", "Subject:", "negative prompt:"),
        *("Text:", "Seed: 7", "Aspect: 1:1", "Characters:", "Steps: 20, Sampler: Euler, Seed: 5, Size: 512x768"),
        *("(word:1.2)", "((", "))", "[x]", "<lora:a:0.5>", "BREAK", "::2", '"OPEN"', '"', "'", "says 'HI'", "“", "”"),
        *("6'2\"", ",", ".", ";", ":", "|", "\n", "\r", "\u2028", "\x00", "and", "with", "of", "the", "soft,", "warm"),
        *("Hair: red", "**Camera:**", "## Detail", "- Light:", "size", "format:", "x@y.de", "portrait of", "is", "1."),
        *("--", "—", "http://a.b/c", "1:1", "@", "(a:", ":1)", "\\("),
    ]
)
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(SNIPPETS, st.text(max_size=4)), max_size=14).map(" ".join),
    st.lists(SNIPPETS, max_size=10).map("".join),
)
PROMPTS = TEXTS.map(parse)


def everything(prompt: PortraitPrompt) -> str:
    """All that a prompt says, in one string."""
    said = [prompt.slot(name) for name in SLOTS]
    return " ".join((*said, prompt.negative, *prompt.characters, *prompt.text, str(prompt.aspect), str(prompt.seed)))


def test_a_sentence_falls_into_its_six_slots() -> None:
    """The sentence that the guide opens with."""
    assert parse(FISHERMAN) == PortraitPrompt(
        subject="A weathered fisherman in his 60s stands",
        clothing="wearing an oilskin coat",
        environment="on a pier",
        lighting="at dawn, lit from the left by a low sun",
        camera="85mm f/1.4",
        detail="visible pores",
    )


@settings(max_examples=400, deadline=None)
@given(st.text())
@example("0,_0")
@example("1::0")
@example("a woman, _wearing_ a hat")
@example("NE:0")
def test_no_word_of_any_text_is_lost(text: str) -> None:
    """Whatever a person types is in the prompt or told as meaning nothing here; only separators go, and words that deny
    what stands in `negative` then."""
    reading = read(text)
    said = everything(reading.prompt) + " ".join(reading.ignored)
    lost = [word for word in re.findall(r"\w+", text) if word not in said]
    assert not lost or (reading.prompt.negative and all(parse(f"{word} 0").negative == "0" for word in lost))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(set(re.findall(r"[\w'/.-]+", FISHERMAN)) | {"soft", "and", "of", "@ana", '"HI"'})))
)
def test_no_word_of_any_shuffled_prompt_is_lost(words: list[str]) -> None:
    """Cutting clauses apart never drops the small words between them."""
    said = re.findall(r"\w+", everything(parse(" ".join(words))))
    assert sorted(set(re.findall(r"\w+", " ".join(words))) - set(said)) == []


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
@example("Subject: Lighting: soft")
@example('a "b\n2" c')
@example("(a\nb:1)")
@example("says 'A B' --no 'x'")
@example("negative prompt: a\nb\nSubject:\nc")
def test_a_recipe_written_as_lines_reads_back_the_same(text: str) -> None:
    """Editing the labelled lines of a portrait starts from exactly its recipe."""
    prompt = parse(text)
    assert parse(to_lines(prompt)) == prompt


@settings(max_examples=300, deadline=None)
@given(PROMPTS)
def test_a_stored_prompt_comes_back_whole(prompt: PortraitPrompt) -> None:
    """What a job is started with after a restart is what was ordered."""
    assert from_json(to_json(prompt)) == prompt


@settings(max_examples=200, deadline=None)
@given(PROMPTS)
def test_laying_nothing_over_a_prompt_changes_nothing(prompt: PortraitPrompt) -> None:
    """An untouched form gives the same recipe, and so does a recipe laid over itself or over nothing."""
    assert merge(prompt, PortraitPrompt()) == prompt
    assert merge(PortraitPrompt(), prompt) == prompt
    assert merge(prompt, prompt) == prompt


@settings(max_examples=200, deadline=None)
@given(PROMPTS, PROMPTS)
def test_what_is_laid_over_wins_and_the_rest_stays(base: PortraitPrompt, over: PortraitPrompt) -> None:
    """Changing some slots leaves every other one alone."""
    both = merge(base, over)
    for name in (*SLOTS, "negative", "aspect", "seed"):
        wanted = getattr(over, name)
        assert getattr(both, name) == (getattr(base, name) if wanted in ("", None) else wanted)
    cased = [handle.casefold() for handle in both.characters]
    assert set(cased) == {handle.casefold() for handle in (*base.characters, *over.characters)}
    assert len(cased) == len(set(cased))


def test_changing_the_light_keeps_the_other_five_slots() -> None:
    """The recipe of a portrait whose light alone is changed."""
    base = parse(FISHERMAN + " @ana --seed 9")
    changed = merge(base, PortraitPrompt(lighting="Rembrandt lighting"))
    assert changed == replace(base, lighting="Rembrandt lighting")


def test_words_in_the_picture_leave_with_the_slot_that_held_them() -> None:
    """A new coat does not keep the old name tag, but a sign behind the sitter stays."""
    base = parse('a barista\nClothing: apron with a tag "MILO"\nEnvironment: a sign "OPEN"')
    changed = merge(base, parse("Clothing: red coat"))
    assert changed.text == ("OPEN",)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ('a sign "OPEN"', ("OPEN",)),
        ("a sign that says 'OPEN'", ("OPEN",)),
        ("the boys' coats and the girls' hats", ()),
        ("rock 'n' roll singer in '90s clothes", ()),
        ('a man 6\'2" tall and a 24" monitor', ()),
        ("the baker's “Brot & Salz” sign", ("Brot & Salz",)),
        ("a 'vintage' look", ()),
    ],
)
def test_quoted_words_are_text_and_apostrophes_are_not(typed: str, text: tuple[str, ...]) -> None:
    """Only what is quoted is written in the picture."""
    assert parse(typed).text == text


@pytest.mark.parametrize(
    ("typed", "characters"),
    [
        ("@ana in a coat", ("ana",)),
        ("@ana, @Ana and @bob:2.", ("ana", "bob:2")),
        ("write to ana@example.com", ()),
        ("<@123456789012345678> in a coat", ()),
        ("@averyveryverylonghandle", ()),
        ('a sign "@ana"', ()),
    ],
)
def test_handles_are_told_from_addresses(typed: str, characters: tuple[str, ...]) -> None:
    """A character is written @name; an e-mail address or a mention is none."""
    assert parse(typed).characters == characters


@pytest.mark.parametrize(
    ("typed", "aspect"),
    [
        ("--ar 2:3", "2:3"),
        ("--ar 832:1216", "2:3"),
        ("—ar 16:9", "16:9"),
        ("Aspect ratio: 4x5", "4:5"),
        ("--ar wide", None),
    ],
)
def test_a_shape_becomes_the_nearest_one_there_is(typed: str, aspect: str | None) -> None:
    """Sizes pasted from elsewhere are kept as closely as the studio can."""
    assert parse(f"a man\n{typed}").aspect == aspect
    assert aspect is None or aspect in ASPECTS


def test_a_seed_that_is_none_stays_as_words() -> None:
    """Nothing typed vanishes because it could not be used."""
    prompt = parse("a man --seed random")
    assert prompt.seed is None
    assert "random" in everything(prompt)


@pytest.mark.parametrize(
    "stored",
    [
        *("", "[]", "nonsense", '{"subject": 3}', '{"seed": "4"}', '{"seed": true}', '{"aspect": "7:5"}'),
        *('{"characters": "ana"}', '{"text": [1]}', "[" * 100_000),
    ],
)
def test_a_damaged_stored_prompt_is_refused_with_a_sentence(stored: str) -> None:
    """Never a traceback out of a row of the database or a picture from elsewhere."""
    with pytest.raises(PromptError, match=r"write the prompt again\."):
        from_json(stored)


def test_unknown_keys_of_a_newer_version_are_ignored() -> None:
    """A picture made by a newer studio still gives its recipe."""
    assert from_json('{"subject": "a man", "perfume": "rose"}') == PortraitPrompt(subject="a man")


HOSTILE = [
    "(",
    "((a:1",
    '"',
    "'",
    "@a ",
    "--no ",
    "1.1.",
    "a, ",
    "soft, ",
    "Lighting: ",
    "—ar ",
    "[",
    "::",
    "f/",
    "# ",
    "in ",
]


def calls_of_parsing(text: str) -> int:
    """How many calls reading a text takes: a measure of work that a busy machine does not change."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        parse(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_repetition_takes_work_in_proportion(piece: str) -> None:
    """Twice the text is about twice the work, whatever it is made of."""
    once, twice = (calls_of_parsing(piece * (length // len(piece))) for length in (4000, 8000))
    assert twice < 2.5 * once + 500


def test_a_very_long_text_is_read_to_its_end() -> None:
    """There is no length at which reading stops or fails; callers cap what they pass."""
    assert parse("a man in a coat. " * 6_000).clothing.count("coat") == 6_000
