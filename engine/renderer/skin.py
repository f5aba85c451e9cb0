"""Skin as colour: the photographed map of somebody's age and ancestry in their own tone, and what is painted on it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from engine.renderer import assets
from engine.renderer.geometry import Array
from engine.renderer.scene import RGB, Person

TIMES = 3
"""How much larger the map is than the photograph."""


def look(person: Person) -> dict[str, Any]:
    """What holds for the whole skin: its map and how it shines."""
    made = skin_map(person.age, person.masculinity < 0.5, person.ancestry, person.skin.tone)
    return {
        "map": made,
        "rough": 0.47 - 0.05 * (person.skin.oil - 0.3),
        "bump": 0.08 + 0.18 * person.skin.pores,
        "gloss": 1.0,
    }


@lru_cache(maxsize=4)
def skin_map(age: float, female: bool, ancestry: tuple[float, float, float], tone: RGB) -> Any:
    """The photographed skin in this tone, linear, (H, W, 3)."""
    band = "young" if age < 38 else "middleage" if age < 60 else "old"
    name = ("african", "asian", "caucasian")[int(np.argmax(ancestry))]
    source = assets.skin_picture(band, name, "female" if female else "male")
    w, h = source.size
    large = source.resize((TIMES * w, TIMES * h), Image.Resampling.LANCZOS)
    return np.maximum(assets.linear(large), np.float32(0.003))


def paint(person: Person, masks: dict[str, Array], rest: Array) -> dict[str, Array]:
    """What is mixed into the map at each vertex: tint (times it), add (plus it), wet, and rest for the grain."""
    colour = np.array(person.hair.colour)
    scalp = np.clip((masks["growth"] + 0.8) / 4, 0, 1) * (0.92 if person.hair.style != "bald" else 0.0)
    grown = np.clip(masks["beard"], 0, 1) * {"none": 0.0, "stubble": 0.30}.get(person.beard.kind, 0.5)
    brow = np.clip(masks["brow"], 0, 1) * 0.22
    share = 1 - (1 - scalp) * (1 - grown) * (1 - brow)
    lips = np.clip(masks["lips"], 0, 1)
    red = np.array((1.0, 0.86, 0.88))
    tint = (1 - share)[:, None] * (1 + lips[:, None] * (red - 1))
    tint = tint * np.where(masks["mouth"] > 0.5, 0.25, 1.0)[:, None]
    wet = lips * 0.7 + 0.22 * person.skin.oil * np.exp(-((rest[:, 0] / 0.03) ** 2))
    return {"rest": rest, "tint": tint, "add": share[:, None] * colour * 0.55, "wet": wet[:, None]}
