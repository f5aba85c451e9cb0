"""Words about hair, beard and glasses: whose they are, what is kept of them, and who is told them again."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompt import parse
from engine.prompts.looks import Looks, first_said, from_json, saved_with, spoken, to_json, told, unsaid, with_looks
from engine.wording.dialects import FAMILIES, render

ANA = Looks(hair="long red hair", glasses="round glasses")
KAI = Looks(hair="a shaved head", beard="a grey beard")

SAID = {
    "a woman in her 30s with long red hair and round glasses": Looks(hair="long red hair", glasses="round glasses"),
    "a bearded man with glasses and a shaved head": Looks(hair="a shaved head", beard="a beard", glasses="glasses"),
    "an old fisherman with a long white beard, oilskin coat": Looks(beard="a long white beard"),
    "a tall red-haired woman with freckles, wearing sunglasses": Looks(hair="red hair", glasses="sunglasses"),
    "a clean-shaven man with short curly black hair": Looks(hair="short curly black hair", beard="a clean shaven look"),
    "a young blonde woman, hair tied back in a messy bun": Looks(hair="blonde hair and a messy bun"),
    "portrait of a woman, shoulder-length wavy brown hair": Looks(hair="shoulder length wavy brown hair"),
    "a bald man with a grey moustache": Looks(hair="a bald head", beard="a grey moustache"),
    "a man with salt and pepper hair and stubble": Looks(hair="salt and pepper hair", beard="stubble"),
    "a man without glasses, no beard": Looks(beard="no beard", glasses="no glasses"),
    "wind in her hair, a woman touching her hair, thick eyebrows": Looks(),
    "a sailor in a red coat, on a beach": Looks(),
}


@pytest.mark.parametrize("text", sorted(SAID))
def test_what_a_prompt_says_of_one_person(text: str) -> None:
    (person,) = spoken(parse(text))
    assert person.looks == SAID[text]


def test_each_of_two_people_has_their_own_words() -> None:
    first, second = spoken(parse("@ana with short blonde hair and @kai with a beard, in a cafe"))
    assert (first.handle, first.looks) == ("ana", Looks(hair="short blonde hair"))
    assert (second.handle, second.looks) == ("kai", Looks(beard="a beard"))


def test_a_face_is_saved_with_its_words_and_never_with_those_of_somebody_else() -> None:
    assert saved_with(parse("a woman with red hair, no glasses"), None, {}) == Looks(hair="red hair")
    both = parse("a woman with red hair and a man with a beard")
    assert saved_with(both, None, {}) == Looks()
    assert saved_with(both, 1, {}) == Looks(beard="a beard")
    assert saved_with(parse("@ana with a bun, in a park"), None, {"Ana": ANA}) == Looks(
        hair="a bun", glasses="round glasses"
    )


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("@ana in a cafe", {"ana": ANA}),
        ("@ana with blonde hair on a beach", {"ana": Looks(glasses="round glasses")}),
        ("@ana on a beach, no glasses", {"ana": Looks(hair="long red hair")}),
        ("@ana on a beach, negative prompt: glasses, hair", {}),
        ("@ana:2 and @kai in a cafe", {"ana": ANA, "kai": KAI}),
        ("@ana and @kai in a cafe, sunglasses", {"ana": Looks(hair="long red hair"), "kai": KAI}),
        ("a sailor in a red coat", {}),
    ],
)
def test_a_saved_face_keeps_what_the_prompt_says_nothing_of(text: str, added: dict[str, Looks]) -> None:
    assert unsaid(parse(text), {"Ana": ANA, "kai": KAI}) == added


def test_words_stand_behind_the_mention_of_whom_they_are_about() -> None:
    added = {"ana": ANA, "kai": KAI}
    both = with_looks(parse("@ana laughs with @kai"), added)
    assert both.subject == (
        "@ana with long red hair and round glasses laughs with @kai with a shaved head and a grey beard"
    )
    assert told(added) == ("@ana: long red hair and round glasses", "@kai: a shaved head and a grey beard")
    assert with_looks(parse("a laughing sailor"), {"ana": ANA}).subject.startswith("@ana with long red hair")


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "studio"])
def test_every_family_is_told(family: str) -> None:
    words = render(parse("@ana by the sea"), family, characters=["ana"], looks={"ana": ANA})
    assert "long red hair and round glasses" in words.prompt
    assert words.remembered == ("@ana: long red hair and round glasses",)
    assert not render(parse("@ana by the sea"), family, characters=["ana"]).remembered


def test_what_is_to_be_changed_is_said_alone() -> None:
    words = render(parse("@ana by the sea"), "gpt-image", characters=["ana"], change="a hat", looks={"ana": ANA})
    assert not words.remembered
    assert "red hair" not in words.prompt


@given(st.builds(Looks, hair=st.text(), beard=st.text(), glasses=st.text()))
def test_stored_words_come_back(looks: Looks) -> None:
    assert from_json(to_json(looks)) == looks


@pytest.mark.parametrize("stored", ["", "[]", "{", '{"hair": 3}', "null", "[" * 100_000])
def test_what_is_no_stored_word_says_nothing(stored: str) -> None:
    assert from_json(stored) == Looks()
    assert first_said([stored, to_json(ANA), to_json(KAI)]) == Looks(**(asdict(ANA) | {"beard": "a grey beard"}))
