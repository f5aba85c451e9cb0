"""LoRA tags of other tools, and the installed fine-tunes that they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.lora_tags import meant
from engine.models.loras import STRONGEST, FineTune

OFFERED = (
    FineTune(name="film-grain_v2", title="Soft film", base="tiny", path=Path("Film Grain_V2.safetensors")),
    FineTune(name="ink", title="ink", base="tiny", path=Path("ink.safetensors")),
)


@pytest.mark.parametrize(
    ("tag", "name", "strength"),
    [
        ("<lora:film-grain_v2:0.8>", "film-grain_v2", 0.8),
        ("<lora:Film Grain V2:1>", "film-grain_v2", 1.0),
        ("<LoRA: film_grain_v2.safetensors : 0.55 >", "film-grain_v2", 0.55),
        ("<lora:styles/soft_FILM>", "film-grain_v2", None),
        ("<lyco:ink:.4:.6>", "ink", 0.4),
        ("<lora:ink:9>", "ink", STRONGEST),
    ],
)
def test_a_tag_means_the_fine_tune_of_its_name_however_it_is_written(
    tag: str, name: str, strength: float | None
) -> None:
    found = meant(tag, OFFERED)
    assert found is not None
    assert (found.fine_tune.name, found.strength) == (name, strength)


@pytest.mark.parametrize(
    "tag", ["<lora:other:1>", "<lora:>", "<lora:ink:-1>", "--sref 3", "lora:ink", "<hypernet:ink:1>"]
)
def test_what_is_not_installed_or_no_tag_means_none(tag: str) -> None:
    assert meant(tag, OFFERED) is None
