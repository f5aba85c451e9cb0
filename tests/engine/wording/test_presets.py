"""The ready choices: short enough to show, explained, and understood by the reader as what they are."""

from __future__ import annotations

import pytest

from engine.prompt import SLOTS, PortraitPrompt, parse, to_lines
from engine.wording.presets import PRESETS, Preset

ALL = [(slot, preset) for slot in SLOTS for preset in PRESETS[slot]]


def test_every_slot_has_choices_that_fit_in_one_menu() -> None:
    """Discord shows 25 at most, and one place is kept for a person's own words."""
    assert set(PRESETS) == set(SLOTS)
    assert all(10 <= len(presets) <= 24 for presets in PRESETS.values())


@pytest.mark.parametrize(("slot", "preset"), ALL, ids=lambda part: getattr(part, "value", part))
def test_a_choice_is_shown_whole_with_its_explanation(slot: str, preset: Preset) -> None:
    """A choice's label holds 100 characters, and nothing of the explanation is lost."""
    assert len(f"{preset.value} · {preset.explanation}") <= 100


@pytest.mark.parametrize(("slot", "preset"), ALL, ids=lambda part: getattr(part, "value", part))
def test_a_choice_survives_being_written_out_and_read_again(slot: str, preset: Preset) -> None:
    """What is put into a slot is the same after editing the recipe as lines."""
    prompt = PortraitPrompt(**{slot: preset.value})  # type: ignore[arg-type]
    assert parse(to_lines(prompt)) == prompt


def test_no_choice_is_offered_twice() -> None:
    """Two choices of the same words would only differ in their explanation."""
    values = [preset.value.casefold() for _, preset in ALL]
    assert len(values) == len(set(values))


@pytest.mark.parametrize("slot", [slot for slot in SLOTS if slot != "subject"])
def test_a_choice_typed_freely_lands_in_its_own_slot(slot: str) -> None:
    """A person who types a preset's words into the prompt gets the same slot."""
    for preset in PRESETS[slot]:
        found = parse(preset.value)
        assert found.slot(slot), f"{preset.value!r} was read as {found}"
