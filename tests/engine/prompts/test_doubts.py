"""Which prompts are asked about before they are paid for, and how a reported one is marked for the corpus."""

from __future__ import annotations

import pytest

from engine.prompt import PortraitPrompt, read
from engine.prompts import marked_text
from engine.prompts.doubts import Judged, doubt
from engine.prompts.marked_text import marked
from tests.corpus.labelled import KINDS, MARKS, SETS
from tests.corpus.labelled import read as records


@pytest.mark.parametrize(
    "text",
    [
        "en gammal fiskare med grått skägg står på en brygga, gul regnrock, mjukt ljus från vänster",
        "stari ribar s bradom na molu u zoru, žuta kabanica",
        "امرأة ذات شعر أحمر في الغابة",
        "lmao do the thing with gf pls ok thx bro",
    ],
)
def test_words_of_no_known_language_are_doubted(text: str) -> None:
    found = read(text).doubt()
    assert found is not None
    assert len(found.unplaced) > found.words / 3


@pytest.mark.parametrize(
    "text",
    [
        "a weathered fisherman in his sixties with a white beard and a calm look, holding a rope",
        "Georg Wilhelm Friedrich Hegel reading the Phenomenology of Spirit",
        "Subject: xqzt blorf gnarlo whimp, Clothing: dribbit zantac",
        "xqzt blorf",
        "@ana",
        "",
    ],
)
def test_what_reads_well_is_short_or_labelled_is_not_doubted(text: str) -> None:
    assert read(text).doubt() is None


def test_nobody_is_asked_about_the_prompts_of_the_corpus() -> None:
    """Of more than a thousand prompts as people write them."""
    asked = [record.text for name in (*SETS, *KINDS) for record in records(name) if read(record.text).doubt()]
    assert len(asked) <= 2, asked


def test_a_whole_prompt_in_one_slot_is_doubted_where_its_words_belong_elsewhere() -> None:
    piece = Judged("subject", "a man raincoat pier sunset lantern light wide lens", "")
    found = doubt((piece,), 1)
    assert found is not None
    assert found.only_slot == "subject"
    assert doubt((piece,), 2) is None


def test_a_prompt_is_marked_where_its_slots_stand_in_it() -> None:
    prompt = PortraitPrompt(subject="A baker, smiling", environment="in a shop. At the back a cat", negative="text")
    text = "A baker in a shop, smiling. At the back a cat! No text, odd"
    assert marked(text, prompt) == "{s:A baker} {e:in a shop}, {s:smiling}. {e:At the back a cat}! No {n:text}, odd"
    assert marked("", prompt) == ""


def test_the_marks_are_those_of_the_corpus() -> None:
    assert marked_text.MARKS == MARKS
