"""Each way of writing a prompt, kind by kind: what is not wanted, data, labels, flags, choices, sentences."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.prompt import SLOTS, PortraitPrompt, parse, read, to_lines
from engine.prompts.negation import take_out
from engine.renderer import reading as studio
from engine.wording.dialects import FAMILIES, render
from tests.corpus.labelled import KINDS
from tests.corpus.labelled import read as labelled
from tests.corpus.score import score

LEAST = {"tags": 0.95, "flags": 0.95, "labels": 0.95, "json": 0.95, "prose": 0.85, "negation": 0.97}
WORDS = st.sampled_from(
    [
        *(
            "a",
            "man",
            "woman",
            "with",
            "without",
            "no",
            "not",
            "never",
            "beard",
            "hat",
            "and",
            "or",
            "but",
            "in",
            "coat",
        ),
        *(
            "smiling",
            "is",
            "she",
            "forest",
            "avoid",
            "don't",
            "free",
            "of",
            "text",
            "soft",
            "light",
            ",",
            ".",
            "nor",
            "red",
        ),
        *("instead", "minus", "wearing", "looking", "at", "the", "camera", "include", "isn't", "neither", "blue", ";"),
    ]
)


def said(prompt: PortraitPrompt) -> dict[str, object]:
    """What a prompt says, without what it does not."""
    return {name: value for name, value in asdict(prompt).items() if value}


@pytest.mark.parametrize("kind", KINDS)
def test_clauses_of_each_kind_land(kind: str) -> None:
    """`python -m tests.corpus.score -v` names the misses; nothing means the opposite of what was written."""
    result = score(labelled(kind))
    assert result.share >= LEAST[kind]
    assert result.inverted == 0


@pytest.mark.parametrize(
    ("typed", "subject", "negative"),
    [
        ("a man without a beard", "a man", "a beard"),
        ("man without a hat", "man", "a hat"),
        ("a woman, no earrings", "a woman", "earrings"),
        ("a woman and she is not smiling", "a woman", "smiling"),
        ("a woman who doesn't look at the camera", "a woman", "look at the camera"),
        ("a man. Avoid text, watermark.", "a man", "text, watermark"),
        ("a man. Do not include any logos or letters.", "a man", "any logos, letters"),
        ("a man free of jewellery", "a man", "jewellery"),
        ("a man minus the glasses", "a man", "the glasses"),
        ("a man ### hat, beard", "a man", "hat, beard"),
        ("a man, hat::-0.5", "a man", "hat"),
        ("a man, (hat:-1.2)", "a man", "hat"),
        ("a man --no hat", "a man", "hat"),
        ("a man with neither hat nor beard", "a man", "hat, beard"),
        ("a man. Text is not allowed.", "a man", "Text"),
    ],
)
def test_what_is_not_wanted_leaves_the_person(typed: str, subject: str, negative: str) -> None:
    """Every way of saying no goes to the negative prompt, and who is in the picture stays."""
    prompt = parse(typed)
    assert (prompt.subject.rstrip("."), prompt.negative) == (subject, negative)


@pytest.mark.parametrize(
    "typed",
    [
        *("a no-nonsense detective", "a boxer not only tired but proud", "a girl avoiding eye contact"),
        *("a man no older than thirty", "a boy trying not to cry", "room no 5", "something we cannot see"),
    ],
)
def test_idioms_deny_nothing(typed: str) -> None:
    """They only sound like it."""
    assert take_out(typed).unwanted == []


def test_the_other_half_of_a_denial_stays() -> None:
    """ "no glasses but a scarf": the scarf is wanted."""
    prompt = parse("a teacher, no glasses but a bright scarf, with no beard and blue eyes")
    assert (prompt.clothing, prompt.negative) == ("a bright scarf", "glasses, beard")
    assert "blue eyes" in prompt.subject


@pytest.mark.parametrize(
    ("typed", "has", "lacks"),
    [
        ("a bearded-looking man without a beard", "beard", True),
        ("a woman without a hat", "hat", True),
        ("a man in a suit without a tie", "tie", True),
        ("a woman without a necklace", "necklace", True),
    ],
)
def test_the_studio_leaves_out_what_is_not_wanted(typed: str, has: str, lacks: bool) -> None:
    """The built-in model has no negative prompt: it photographs somebody without it."""
    (sitter,) = studio.read(parse(typed), seed=3).scene.sitters
    found = sitter.person.beard.kind if has == "beard" else getattr(sitter.outfit, has)
    assert (found in {"", "none", None}) is lacks


def test_somebody_who_does_not_smile_is_not_shown_smiling() -> None:
    """A slight smile is what the studio asks for when nothing is said."""
    (sitter,) = studio.read(parse("a woman, not smiling"), seed=3).scene.sitters
    assert sitter.pose.expression == "neutral"


@pytest.mark.parametrize("family", FAMILIES)
def test_no_model_is_asked_for_what_is_not_wanted(family: str) -> None:
    """It is told in a negative prompt, or the opposite is said."""
    told = render(parse("a woman without a hat, no glasses, in a red coat"), family)
    assert "hat" not in told.prompt.replace("that", "").split()
    assert "glasses" not in told.prompt


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=16))
@example([*"aaaaaa", "don't", "don't"])
def test_lines_with_denials_read_back_the_same(words: list[str]) -> None:
    """Whatever is denied, the recipe is what its lines say."""
    prompt = parse(" ".join(words))
    assert parse(to_lines(prompt)) == prompt


def test_json_in_any_state_is_read_by_its_keys() -> None:
    """Whole, in a fence, with single quotes, without commas or its end: the same prompt."""
    whole = '{"subject": "an old man", "outfit": {"top": "wool coat"}, "lighting": "window light", "seed": 7}'
    wanted = {"subject": "an old man", "clothing": "wool coat", "lighting": "window light", "seed": 7}
    for typed in (whole, f"```json\n{whole}\n```", whole.replace('"', "'"), whole[:-1], whole.replace(", ", "\n")):
        assert said(parse(typed)) == wanted, typed


def test_yaml_and_tags_are_read_by_their_keys() -> None:
    """Nested keys and lists."""
    typed = "subject:\n  age: 45\n  hair: grey\nclothing:\n  - coat\n  - scarf\nlighting:\n  key: window\n"
    prompt = parse(typed)
    assert ("45 years old" in prompt.subject, prompt.clothing) == (True, "coat, scarf")
    assert parse("<p><subject>a nun</subject><place>cloister</place></p>").environment == "cloister"


def test_only_keys_for_text_give_words_to_write() -> None:
    """The quotation marks of JSON are none; those in a value are."""
    assert parse('{"subject": "a barber", "text": "CUTS"}').text == ("CUTS",)
    assert parse('{"subject": "a barber", "setting": "shop with a sign \\"CUTS\\""}').text == ("CUTS",)
    assert parse('{"subject": "a barber", "setting": "shop"}').text == ()


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.text("abcdefgh ", min_size=1, max_size=12) | st.integers(0, 99) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["subject", "x", "hat"]), inner),
        max_leaves=8,
    )
)
def test_any_json_is_read_without_failing(data: object) -> None:
    """Whatever is in it, its strings are somewhere."""
    reading = read(json.dumps({"subject": data}))
    told = " ".join((*(reading.prompt.slot(slot) for slot in SLOTS), reading.prompt.negative, *reading.ignored))
    for word in strings(data):
        assert all(part in told for part in word.split()) or word.strip() in {"a", "e"}


def strings(data: object) -> list[str]:
    """Every string among the values."""
    if isinstance(data, str):
        return [data]
    inner = data if isinstance(data, list) else list(data.values()) if isinstance(data, dict) else []
    return [word for one in inner for word in strings(one)]


@pytest.mark.parametrize(
    ("typed", "slot", "value"),
    [
        ("Subject: young woman Outfit: red coat Lighting: sun", "clothing", "red coat"),
        ("**Subject:** a nun\n**Camera & lens:** 50mm", "camera", "50mm"),
        ("1. Subject: a nun\n2. Clothing and accessories: habit, rosary", "clothing", "habit, rosary"),
        ("[Clothing] a wool coat", "clothing", "a wool coat"),
        ("Lighting — one bare bulb", "lighting", "one bare bulb"),
        ("Pose (strict): arms crossed", "subject", "arms crossed"),
        ("Camera: 50mm, f/4. A baker in an apron in a shop.", "clothing", "in an apron"),
        ("| Setting | a bakery |", "environment", "a bakery"),
    ],
)
def test_labels_in_their_forms(typed: str, slot: str, value: str) -> None:
    """On one line, bold, numbered, in brackets, before dashes, compound, with a note, before prose."""
    assert parse(typed).slot(slot) == value


def test_a_prompt_in_quotation_marks_is_not_lettering() -> None:
    """Only a quotation within it is."""
    prompt = parse("“A woman in a red coat, on a beach”")
    assert (prompt.clothing, prompt.text) == ("in a red coat", ())
    assert parse('"OPEN LATE"').text == ("OPEN LATE",)


@pytest.mark.parametrize(
    ("typed", "aspect", "ignored"),
    [
        ("a man --ar 2:3--v 6", "2:3", ("--v 6",)),
        ("a man --ar 2 : 3", "2:3", ()),
        ("a man -ar 2:3", "2:3", ()),
        ("a man ‒‒ar 2:3", "2:3", ()),
        ("a man --sref 123 45::2 --p --bs 2", None, ("--sref 123 45::2", "--p", "--bs 2")),
        ("a man --cref https://a.b/1.png --seed -1", None, ("https://a.b/1.png", "--cref", "--seed -1")),
        ("https://a.b/1.png a man", None, ("https://a.b/1.png",)),
        ("a man, 1024x1536", "2:3", ()),
        ("a man, 16:9 aspect ratio", "16:9", ()),
        ("a vertical (9:16) picture of a man", "9:16", ()),
    ],
)
def test_flags_are_taken_out_and_told(typed: str, aspect: str | None, ignored: tuple[str, ...]) -> None:
    """Glued, spaced, with one dash or others, with several values: nothing of them is left in a slot."""
    reading = read(typed)
    assert (reading.prompt.aspect, reading.ignored) == (aspect, ignored)
    assert not set(reading.prompt.subject) & set("-:0123456789")


def test_brackets_that_touch_fuse_no_words() -> None:
    """Weights go, the words stay apart."""
    prompt = parse("(forest:0.8)(soft light), (man:1.2)wearing coat")
    assert (prompt.environment, prompt.lighting, prompt.clothing) == ("forest", "soft light", "wearing coat")


def test_choices_are_drawn_by_the_seed_and_told() -> None:
    """The same seed draws the same, the seed is kept, and other seeds draw others."""
    typed = "a woman in a {forest|desert|city}"
    once, again = read(typed, seed=5), read(typed, seed=5)
    assert once == again
    assert once.prompt.seed == 5
    assert once.drawn[0].startswith("forest|desert|city: ")
    assert len({read(typed, seed=seed).prompt.environment for seed in range(30)}) == 3
    assert read("__hair__ woman").ignored == ("__hair__",)
    assert read("a {2$$cat|dog|owl}", seed=1).prompt.subject.count(",") == 1


def test_a_sentence_keeps_to_its_topic() -> None:
    """What the light falls on is still about the light, and what stands around is still the place."""
    prompt = parse(
        "A nurse rests. Low sun from the side rims her hair and the curtains with gold. "
        "A raven sits on the back of the chair. Her coat is trimmed with fur."
    )
    assert prompt.lighting.startswith("Low sun from the side rims her hair and the curtains with gold")
    assert "raven sits on the back of the chair" in prompt.environment
    assert "trimmed with fur" in prompt.clothing


@pytest.mark.parametrize(
    ("typed", "slot", "value"),
    [
        ('{"clothing": {"jacket": {"color": "black"}}}', "clothing", "black jacket"),
        ('{"hair": {"color": "auburn"}}', "subject", "auburn hair"),
        ('{"subject": "a nun",\n "outfit": "habit\n "lighting": "soft"}', "clothing", "habit"),
        ("{subject: a nun, lighting: one lamp}", "lighting", "one lamp"),
        ('subject = "a nun"\nsetting = "cloister"', "environment", "cloister"),
        ('[{"role": "background", "text": "alley"}]', "environment", "alley"),
        ('{"glasses": false}', "negative", "glasses"),
        ('{"subject": "a nun", "do_not_include": ["no text", "no logo"]}', "negative", "text, logo"),
        ('{"subject": "a nun", "width": 832, "height": 1216}', "aspect", "2:3"),
    ],
)
def test_data_in_its_forms(typed: str, slot: str, value: str) -> None:
    """A colour is said with what has it; what was never closed ends before the next key."""
    assert getattr(parse(typed), slot) == value


@pytest.mark.parametrize("typed", ["a woman, -1::hat::", "a woman::1 hat::-1", "a woman, (hat : -1.0)"])
def test_weights_below_nothing_deny(typed: str) -> None:
    """As Midjourney, NovelAI and others write them."""
    assert (parse(typed).subject, parse(typed).negative) == ("a woman", "hat")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_slot_that_was_filled_in_says_no_more_than_a_prompt(family: str) -> None:
    """ "a coat, no hat" typed into the slot of clothes: no model is told of a hat that it would show."""
    told = render(PortraitPrompt(subject="a man", clothing="a coat, no hat"), family)
    assert " hat" not in told.prompt
