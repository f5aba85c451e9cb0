"""Dialects: every family is told the same portrait in the words it follows best, and what is cut is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.prompt import PortraitPrompt, parse
from engine.prompts.lexicon import PARTICIPLES
from engine.prompts.rendered_prompt import tokens
from engine.wording.dialects import FAMILIES, render
from engine.wording.prompts_page import EXAMPLE, PAGE, page
from tests.corpus.labelled import HALVES, read

CORPUS = [record.text for half in HALVES for record in read(half)]
WORDED = [family for family in FAMILIES if family != "studio"]
"""The studio is told no words: what it photographs is said."""
NEGATIVE = {"sd35", "plain"}


@pytest.mark.parametrize("family", WORDED)
def test_the_light_and_the_clothes_reach_every_model(family: str) -> None:
    """No family forgets a slot."""
    words = render(parse(EXAMPLE), family)
    for said in ("oilskin coat", "pier", "low sun", "visible pores", "NORTH STAR"):
        assert said in words.prompt


@pytest.mark.parametrize("family", ["flux", "mango"])
def test_camera_words_stay_exact_in_prose(family: str) -> None:
    """Models that take a focal length literally get it literally, after who, where and light."""
    said = render(parse(EXAMPLE), family).prompt
    assert "85mm f/1.4, Kodak Portra 400" in said
    order = [said.index(words) for words in ("fisherman", "oilskin", "pier", "dawn", "85mm", "pores")]
    assert order == sorted(order)
    assert said.count(". ") >= 3


def test_nano_banana_is_told_what_a_lens_does() -> None:
    """Little camera language: the effect, not the number."""
    words = render(parse("a man, 85mm f/1.4, Nikon D850, ISO 100, close-up"), "nano-banana")
    assert "background softly out of focus" in words.prompt
    assert "close-up" in words.prompt
    assert "f/1.4" not in words.prompt
    assert words.dropped == ("Nikon D850", "ISO 100")


def test_gpt_image_is_told_where_each_quoted_word_goes() -> None:
    """Readable text is what it is chosen for."""
    said = render(parse('a barista, apron with a name tag that says "MILO", a neon sign reading "OPEN"'), "gpt-image")
    assert 'Write "MILO" on the name tag' in said.prompt
    assert 'Write "OPEN" on the neon sign' in said.prompt
    assert "exactly as given" in said.prompt


def test_sd35_gets_what_matters_most_within_clips_window() -> None:
    """Of a long prompt CLIP reads the subject whole, and T5 the rest."""
    long = parse("a tired nurse with grey hair, " + ", ".join(f"visible detail number {at}" for at in range(60)))
    words = render(long, "sd35")
    assert words.prompt.startswith("a tired nurse with grey hair")
    assert tokens(words.prompt) <= 75
    assert "number 20" not in words.prompt
    assert "number 20" in words.long_prompt
    assert words.dropped


@pytest.mark.parametrize("family", FAMILIES)
def test_the_corpus_is_said_whole_unless_it_is_said_to_be_cut(family: str) -> None:
    """Every clause of every corpus prompt is in the words, or is named as cut."""
    for text in CORPUS:
        words = render(parse(text), family)
        if family not in {"studio", "nano-banana"}:
            said = f"{words.prompt} {words.long_prompt} {' '.join(words.dropped)}".casefold()
            prompt = parse(text)
            for slot in ("subject", "clothing", "lighting", "camera"):
                for word in re.findall(r"[^\W\d_]{5,}", re.sub(r"@\S+", "", prompt.slot(slot))):
                    assert word.casefold() in said or PARTICIPLES.get(word, "?") in said, (text, slot, word)


def test_only_models_with_a_negative_prompt_get_one() -> None:
    """The others are told the opposite in plain words."""
    prompt = parse("a man --no plastic skin, hat")
    for family in FAMILIES:
        words = render(prompt, family)
        if family in NEGATIVE:
            assert words.negative == "plastic skin, hat"
        else:
            assert "plastic" not in words.prompt + words.negative
    assert "bare head" in render(prompt, "flux").prompt


@pytest.mark.parametrize("family", WORDED)
def test_a_reference_is_not_described_again(family: str) -> None:
    """The picture shows the face; the words keep what she does, feels and wears, and how her hair is to be."""
    prompt = parse("@ana, a young Korean woman with short black hair and green eyes, laughing, in a red coat, freckles")
    words = render(prompt, family, characters=("ana",))
    said = f"{words.prompt} {words.long_prompt}"
    for gone in ("Korean", "green eyes", "young", "freckles", "@ana"):
        assert gone not in said
    for kept in ("short black hair", "laughing", "red coat", "person"):
        assert kept in said
    assert "and green eyes" in words.left_to_reference


@pytest.mark.parametrize("family", WORDED)
def test_somebody_with_two_pictures_is_one_person(family: str) -> None:
    """Each is called by the pictures that show them."""
    alone = render(parse("@ana on a beach"), family, characters=("ana", "ana"))
    assert "person 2" not in alone.prompt
    both = render(parse("@ana:2 on the left, @kai on the right"), family, characters=("ana", "ana", "kai"))
    said = f"{both.prompt} {both.long_prompt}"
    assert "@" not in said
    assert "pictures 1 and 2 on the left" in said or "person 1 on the left" in said or family == "plain"
    assert "picture 3 on the right" in said or "person 2 on the right" in said or family == "plain"


@pytest.mark.parametrize("family", WORDED)
def test_somebody_else_in_the_picture_keeps_their_looks(family: str) -> None:
    """Only the character's own face is left to the reference."""
    words = render(parse("@ana and an old man with a red beard, dancing"), family, characters=("ana",))
    assert "old man with a red beard" in words.prompt


@pytest.mark.parametrize("family", WORDED)
def test_a_character_that_no_slot_names_is_still_in_the_picture(family: str) -> None:
    """After the subject was changed by hand the character stays."""
    words = render(PortraitPrompt(subject="reading a letter", characters=("ana",)), family, characters=("ana",))
    assert "the person" in words.prompt.casefold()


def test_a_handle_without_a_picture_is_said_as_a_name() -> None:
    """Nothing is promised that does not go along."""
    assert render(parse("@leo in a coat"), "flux").prompt.casefold().startswith("leo,")


def test_the_studio_says_what_it_will_photograph() -> None:
    """With what it does not have or know named as left out."""
    words = render(parse("an old man with a beard in a coat, on a zeppelin"), "studio")
    assert "beard" in words.prompt
    assert "coat" in words.prompt
    assert any("zeppelin" in clause for clause in words.dropped)


def test_an_unknown_family_is_a_mistake_of_the_caller() -> None:
    """A catalogue entry with a typing error is found at once."""
    with pytest.raises(KeyError):
        render(PortraitPrompt(), "sdxl")


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=200),
    st.sampled_from(FAMILIES),
    st.lists(st.sampled_from(["ana", "bo:2", "x"]), max_size=3, unique=True),
)
def test_any_prompt_is_said_without_failing(text: str, family: str, characters: list[str]) -> None:
    """Nothing a person types stops a job that is paid for."""
    words = render(parse(text), family, characters=characters)
    assert "\n\n" not in words.prompt
    assert render(parse(text), family, characters=characters) == words


def test_the_guide_is_in_step_with_the_code() -> None:
    """docs/prompts.md shows what is really sent: `python -m engine.wording.prompts_page` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()
