"""Whatever is written is read in a moment: prompts, blocks from pictures, what policy and the models are told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import policy
from engine import recipes
from engine.pictures import provenance
from engine.prompt import MAX_TEXT, SLOTS, PortraitPrompt, merge, parse
from engine.prompts import looks
from engine.recipes.picture_text import with_texts
from engine.wording.dialects import FAMILIES, render
from tests import hostile
from tests.engine.pictures.test_provenance import png

SETTINGS = "Steps: 20, Sampler: Euler, Seed: 77, Size: 512x768"
READERS: dict[str, Callable[[str], object]] = {
    "parse": parse,
    "parameters": lambda text: from_parameters(f"{text}\n{SETTINGS}"),
    "recipe": lambda text: provenance.from_text(provenance.to_text(provenance.Recipe(prompt=everywhere(text)))),
    "policy": lambda text: policy.decide(asked(text)),
    "policy, as read": lambda text: policy.decide(policy.PolicyQuestion(prompt=parse(text))),
    "models": lambda text: [render(everywhere(text), family, characters=("ana",)) for family in FAMILIES],
    "looks": lambda text: looks.unsaid(everywhere(text), {"ana": looks.Looks(hair="red hair")}),
    "merge": lambda text: merge(parse(text), parse(f"a man {text}")),
}
TEXTS = st.tuples(
    st.sampled_from(hostile.STARTS),
    st.lists(st.sampled_from(hostile.PIECES) | st.text(min_size=1, max_size=3), min_size=1, max_size=3).map("".join),
    st.sampled_from(hostile.SPOILERS),
).map(lambda parts: hostile.filled(parts[0], parts[1], hostile.LENGTH, parts[2]))


def everywhere(text: str) -> PortraitPrompt:
    """A prompt that says the text wherever it can be said, as one that a picture brought along may."""
    share = text[: hostile.LENGTH // len(SLOTS)]
    return PortraitPrompt(
        subject=share, clothing=share, environment=share, lighting=share, camera=share, detail=share, negative=text
    )


def from_parameters(text: str) -> provenance.Recipe | None:
    """What another tool wrote into the parameters of a picture."""
    found = recipes.read(recipes.Texts({provenance.PARAMETERS_KEYWORD: text}))
    return None if found is None else provenance.from_found(found)


def asked(text: str) -> policy.PolicyQuestion:
    prompt = PortraitPrompt(subject=text, negative=text)
    return policy.PolicyQuestion(prompt=prompt, operator_blocked=("clown*",), server_blocked=("pink elephant", "n'a"))


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_no_text_keeps_a_reader_at_work(reader: str, text: str) -> None:
    """Four thousand characters of anything take some tens of milliseconds; a second would be a fault."""
    hostile.in_time(partial(READERS[reader], text))


@pytest.mark.parametrize(
    "text",
    [
        *("a portrait: " + "*" * 260, "a:" + "*" * 4000, "(a:" + "1" * 4000 + "x", "::" + "1" * 4000 + "x"),
        *("a man 1/1" + "secs" * 1000 + "x", "1/1" + "ss s" * 1000 + "x", "a " + "." * 4000 + "x", "50mm " * 800),
        *("x of light of " * 290, "seed:" * 800 + "//", '"" seed: ' * 450, "hair-" * 800, "city " * 800),
        " ".join(f'"{number}"' for number in range(900)),
    ],
)
def test_what_once_took_minutes(text: str) -> None:
    """The texts that were found to stop the studio, and their kin."""
    for call in READERS.values():
        hostile.in_time(partial(call, text))


@pytest.mark.parametrize("mark", ["ﷺ", "㌀", "㎯", "ﬃ", "⑽"])
def test_signs_that_stand_for_many_letters_do_not_swell_what_policy_reads(mark: str) -> None:
    """Unicode writes some signs out as up to 18 letters."""
    hostile.in_time(lambda: policy.decide(asked(mark * hostile.LENGTH)), limit_s=0.5)


@pytest.mark.parametrize("typed", ["lıghting: soft", "İso: 100", "## fılm", "**vİnes**: x"])
def test_letters_that_only_look_like_those_of_a_label_are_words(typed: str) -> None:
    """The reader never raises, whatever alphabet a label seems to be in."""
    assert parse(typed) != PortraitPrompt()


def test_a_word_of_nothing_but_a_possessive_is_told_to_every_model() -> None:
    """Nothing is left of it when its ending is taken off."""
    for family in FAMILIES:
        assert render(PortraitPrompt(subject="a man", camera="'s lens"), family).prompt


def test_a_long_block_is_cut_and_its_settings_are_found() -> None:
    """Other tools write some thousand characters of names of models before and after the seed."""
    block = f"a sailor, {'<lora:rope:0.5> ' * 600}\n{SETTINGS}, x: {'y' * 30_000}"
    found = provenance.read_recipe(with_texts(png(), {"parameters": block}))
    assert len(block) > MAX_TEXT
    assert found is not None
    assert (found.subject, found.seed, found.aspect) == ("a sailor", 77, "2:3")


def test_an_honest_block_is_read_whole() -> None:
    """A long prompt with a long negative one, as people have them."""
    block = f"a sailor, {'a rope, ' * 300}\nNegative prompt: {'cartoon, ' * 200}\n{SETTINGS}"
    found = provenance.read_recipe(with_texts(png(), {"parameters": block}))
    assert found is not None
    assert (found.subject.count("rope"), found.negative.count("cartoon"), found.seed) == (300, 200, 77)


def test_what_is_not_read_of_a_block_costs_nothing() -> None:
    """As much as a picture can hold takes no longer than what is read of it."""
    raw = with_texts(png(), {"parameters": "(a:" + "1" * 60_000 + "x"})
    hostile.in_time(lambda: provenance.read(raw))
