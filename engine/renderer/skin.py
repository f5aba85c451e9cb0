"""Skin as colour: photographed texture in somebody's own tone, with what age, sun, make-up and a razor leave on it.

The photographs give what differs from the cheek (`departure`), as a factor; the tone is the person's. What is painted
is placed on the template (`assets.texels`), so that it lies right on every face.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.renderer import assets, regions
from engine.renderer.geometry import Array
from engine.renderer.hairline import Line
from engine.renderer.marks import stamped_marks
from engine.renderer.scene import RGB, Person

Picture = npt.NDArray[np.float32]

TIMES: Final = 3
"""How much larger the map is than the photograph."""
CHEEK: Final = (slice(200, 216), slice(430, 446)), (slice(298, 314), slice(430, 446))
"""Rows and columns of both cheeks in a photograph."""
SCALP_SEEN: Final = {
    "bald": 0.0, "none": 0.0, "buzz cut": 0.60, "undercut": 0.75, "cornrows": 0.15, "locs": 0.40, "braids": 0.35,
}  # fmt: skip
"""How much of the hair's colour skin has between the roots, where a style shows it."""
BANDS: Final = (("young", 26.0), ("middleage", 48.0), ("old", 68.0))
ANCESTRIES: Final = ("african", "asian", "caucasian")


def look(person: Person) -> dict[str, Any]:
    """What holds for the whole skin: its map and how it shines."""
    dark = 1 - np.clip(np.dot(person.skin.tone, (0.3, 0.6, 0.1)) / 0.3, 0, 1)
    return {
        "map": skin_map(person), "rough": 0.47 - 0.05 * (person.skin.oil - 0.3) + 0.05 * dark,
        "bump": 0.07 + 0.18 * person.skin.pores, "gloss": 1.0 - 0.25 * dark,
    }  # fmt: skip


def skin_map(person: Person) -> Picture:
    """The map of this person's skin, linear, (1536, 1536, 3); the same person's is made once."""
    hair = person.hair
    made: Picture = _skin_map(
        person.seed, person.age, person.masculinity < 0.5, person.ancestry, person.skin, person.beard.kind,
        _shown(person.beard.colour, person.beard.grey), hair.style == "bald" or hair.line > 0.2,
    )  # fmt: skip
    return made


def _shown(colour: RGB, grey: float) -> RGB:
    """A beard's colour with its share of grey."""
    red, green, blue = (one * (1 - grey) + 0.38 * grey for one in colour)
    return (red, green, blue)


@lru_cache(maxsize=3)
def _skin_map(
    seed: int, age: float, female: bool, ancestry: Any, skin: Any, beard: str, colour: Any, bald: bool
) -> Any:
    tone = np.array(skin.tone, np.float32)
    blended = tone * np.exp(_blended(age + 14 * skin.wrinkles, female, ancestry))
    stored = Image.fromarray(_encoded(blended))
    width, height = stored.size
    large = stored.resize((TIMES * width, TIMES * height), Image.Resampling.BICUBIC)
    made = np.maximum(assets.linear(large), np.float32(0.003))
    left, top, right, bottom = (TIMES * x for x in assets.texels().box)
    head = made[top:bottom, left:right]
    _paint_head(head, tone, seed, age, skin, beard, colour, bald)
    np.clip(head, 0.002, 0.92, out=head)
    made.setflags(write=False)
    return made


# The photographs


def _blended(age: float, female: bool, ancestry: tuple[float, float, float]) -> Picture:
    """The departure from the cheek's tone, of the nearest ages and of the ancestries, as a logarithm."""
    shares = np.clip(np.array(ancestry), 0, None) ** 1.6
    shares = shares / shares.sum()
    total = np.zeros((512, 512, 3), np.float32)
    weight = 0.0
    for band, at_band in _bands(age):
        for name, share in zip(ANCESTRIES, shares, strict=True):
            if at_band * share > 0.06:
                total += np.float32(at_band * share) * _departure(
                    f"skin-{band}-{name}-{'female' if female else 'male'}"
                )
                weight += at_band * share
    return total / np.float32(weight)


def _bands(age: float) -> list[tuple[str, float]]:
    """The one or two bands of photographs that an age lies between, with their shares."""
    for (young, low), (old, high) in pairwise(BANDS):
        if age < high:
            t = min(max((age - low) / (high - low), 0.0), 1.0)
            return [(young, 1 - t), (old, t)]
    return [(BANDS[-1][0], 1.0)]


@lru_cache(maxsize=8)
def _departure(name: str) -> Picture:
    colour = np.maximum(assets.colours(name), np.float32(0.004))
    cheek = np.concatenate([colour[rows, columns].reshape(-1, 3) for rows, columns in CHEEK]).mean(0)
    log = np.clip(np.log(colour / cheek), -2.2, 0.7)
    # the photographs' casts differ from chin to brow; only lips keep all of theirs
    left, top, right, bottom = assets.texels().box
    kept = np.full((512, 512, 1), 0.6, np.float32)
    kept[top:bottom, left:right, 0] += 0.4 * np.clip(2 * assets.texels().lips[::2, ::2], 0, 1)
    grey = log.mean(-1, keepdims=True)
    return np.asarray(grey + (log - grey) * kept, np.float32)


def _encoded(linear: Picture) -> npt.NDArray[np.uint8]:
    """Eight bits of sRGB, by a table."""
    return _srgb_steps()[np.clip(linear * 4095, 0, 4095).astype(np.int32)]


@lru_cache(maxsize=1)
def _srgb_steps() -> npt.NDArray[np.uint8]:
    x = np.arange(4096) / 4095
    y = np.where(x <= 0.0031308, x * 12.92, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(y * 255).astype(np.uint8)


# What is painted on the head


@lru_cache(maxsize=1)
def head_places() -> tuple[Picture, Picture, Picture, Picture]:
    """x, y and z of each texel of the head at the map's size, and the lips' mask."""
    held = assets.texels()
    size = (held.rest.shape[1] * TIMES, held.rest.shape[0] * TIMES)

    x, y, z = (_enlarged(held.rest[..., k], size) for k in range(3))
    return x, y, z, _enlarged(held.lips, size)


def _enlarged(values: npt.NDArray[Any], size: tuple[int, int], smooth: bool = False) -> Picture:
    plane = Image.fromarray(np.ascontiguousarray(values, np.float32))
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.BILINEAR
    return np.asarray(plane.resize(size, how), np.float32)


@lru_cache(maxsize=1)
def _fields() -> dict[str, Picture]:
    """What never changes of where things are painted: one value a texel of the head, reckoned on half as many."""
    height, width = head_places()[0].shape
    coarse = _coarse_fields(*(_enlarged(plane, (width // 2, height // 2)).astype(float) for plane in head_places()))
    return {name: _enlarged(value, (width, height)) for name, value in coarse.items()}


def _coarse_fields(x: Array, y: Array, z: Array, lips: Array) -> dict[str, Array]:
    side, rest = np.abs(x), np.stack([x, y, z], -1).reshape(-1, 3)
    b, e = regions.bump, regions.edge
    facing = e(-0.075 - y, 0.008)
    cheeks = b(np.hypot((side - 0.046) / 1.25, z - 0.690), 0.013)
    tips = 0.7 * b(np.hypot(x / 1.2, z - 0.692), 0.008) + 0.35 * b(np.hypot(x, z - 0.627), 0.010)
    made = {
        "blush": (cheeks + tips) * facing,
        "under_eye": b(side - 0.029, 0.010) * b(z - 0.7150, 0.0040) * facing,
        "socket": b(np.hypot(side - 0.0155, (z - 0.732) / 1.4), 0.0045) * facing,
        "shadow": b((side - 0.0325) / 1.0, 0.0125) * e(z - 0.7315, 0.0012) * e(0.7435 - z, 0.0028) * facing,
        "liner": b(side - 0.0335, 0.0100) * b(z - (0.7335 + 0.05 * (side - 0.0308)), 0.0012) * facing,
        "wrinkles": _wrinkles(x, side, z) * facing,
        "freckled": (b(np.hypot(x / 1.9, z - 0.698), 0.020) + 0.25 * b(np.hypot(x / 1.5, z - 0.775), 0.02)) * facing,
        "marked": facing * (z > 0.60) * (z < 0.79) * (side < 0.068),
        "scalp": e(regions.growth(rest).reshape(x.shape) - 2, 2.5),
        "beard": regions.beard(rest, lips.ravel(), "full").reshape(x.shape),
    }  # fmt: skip
    return {name: np.asarray(value, float) for name, value in made.items()}


def _wrinkles(x: Array, side: Array, z: Array) -> Array:
    b, e = regions.bump, regions.edge
    levels = (0.7655, 0.7745, 0.7850)
    forehead = np.max([b(z - level - 0.0012 * np.cos(x * 75 + k), 0.0008) for k, level in enumerate(levels)], 0)
    forehead = forehead * e(0.036 - side, 0.006)
    fold = b(side - (0.0205 + (0.690 - z) * 0.40), 0.0013) * e(z - 0.657, 0.003) * e(0.692 - z, 0.003)
    crow = np.max([b(z - 0.7290 - slope * (side - 0.046), 0.0007) for slope in (-0.45, 0.0, 0.42)], 0)
    crow = crow * e(side - 0.0485, 0.001) * e(0.0605 - side, 0.002)
    bag = b(z - 0.7105 - 0.006 * ((side - 0.0308) / 0.014) ** 2, 0.0010) * e(0.013 - np.abs(side - 0.0308), 0.002)
    frown = 0.6 * b(side - 0.0075, 0.0009) * e(z - 0.744, 0.002) * e(0.757 - z, 0.002)
    return np.asarray(0.55 * forehead + 0.8 * fold + 0.5 * crow + 0.6 * bag + frown)


def _paint_head(
    head: Picture, tone: Picture, seed: int, age: float, skin: Any, beard: str, colour: Any, bald: bool
) -> None:
    """Paints on the head's part of the map, in place, from what lies deepest to what lies on top."""
    fields, lips = _fields(), head_places()[3]
    rng = np.random.default_rng(seed + 7)
    head *= 1 + np.float32(0.030) * _mottle()[..., None] * np.array((0.5, 1.0, 0.9), np.float32)
    if bald:
        _mix(head, tone * np.array((1.0, 0.97, 0.95), np.float32), 0.85 * fields["scalp"])
    _mix(head, tone * np.array((1.10, 0.78, 0.76), np.float32), 0.45 * skin.blush * fields["blush"])
    tired = 0.12 + 0.25 * np.clip((age - 30) / 40, 0, 1)
    _mix(head, tone * np.array((0.74, 0.62, 0.64), np.float32), tired * fields["under_eye"])
    _mix(head, tone * np.array((0.55, 0.40, 0.38), np.float32), 0.30 * fields["socket"])
    lines = np.clip((age - 36) / 60 + 0.45 * skin.wrinkles, 0, 1)
    if lines > 0:
        _mix(head, tone * np.array((0.62, 0.52, 0.50), np.float32), 0.55 * lines * fields["wrinkles"])
    stamped_marks(head, tone, fields, skin, rng)
    shade = {"none": 0.0, "stubble": 0.42}.get(beard, 0.30)
    if shade:
        grain = np.clip(0.7 + 0.55 * _stipple(), 0.15, 1.6)
        _mix(
            head,
            np.asarray(colour, np.float32) * np.float32(0.6) + tone * np.float32(0.15),
            shade * fields["beard"] * grain,
        )
    _make_up(head, fields, lips, skin)


def _make_up(head: Picture, fields: dict[str, Picture], lips: Picture, skin: Any) -> None:
    if skin.eye_shadow is not None:
        _mix(head, np.array(skin.eye_shadow, np.float32), 0.5 * fields["shadow"])
    if skin.eyeliner > 0:
        _mix(head, np.array((0.012, 0.009, 0.009), np.float32), 0.85 * skin.eyeliner * fields["liner"])
    if skin.lips is not None:
        grain = 1 + np.float32(0.08) * _mottle()
        _mix(head, np.array(skin.lips, np.float32), 0.86 * np.clip(lips * 1.15, 0, 1) * grain)


def _mix(under: Picture, over: Picture, amount: Picture) -> None:
    """Puts a colour over part of a picture, in place; only the rows and columns that it touches are read."""
    rows, columns = np.flatnonzero(amount.max(1) > 0.004), np.flatnonzero(amount.max(0) > 0.004)
    if not len(rows):
        return
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    share = np.clip(amount[box], 0, 1)[..., None].astype(np.float32)
    under[box] += (over - under[box]) * share


@lru_cache(maxsize=1)
def _mottle() -> Picture:
    """Uneven colour at two scales, the same for all (each face's own marks come from its seed)."""
    height, width = head_places()[0].shape
    rng = np.random.default_rng(5)
    broad, fine = (
        _enlarged(rng.normal(size=(height // step, width // step)), (width, height), smooth=True) for step in (14, 3)
    )
    return np.asarray(0.6 * broad / broad.std() + 0.6 * fine / fine.std(), np.float32)


@lru_cache(maxsize=1)
def _stipple() -> Picture:
    """The grain of shaved hairs."""
    return np.random.default_rng(6).normal(size=head_places()[0].shape).astype(np.float32)


# What is laid on at the vertices


def paint(person: Person, masks: dict[str, Array], rest: Array) -> dict[str, Array]:
    """What is mixed into the map at each vertex: tint (times it), add (plus it), wet, and rest for the grain."""
    colour = np.array(person.hair.colour) * (1 - 0.8 * person.hair.grey) + 0.30 * person.hair.grey
    pale = float(np.clip((colour.max() - 0.15) / 0.35, 0, 1))
    covered = SCALP_SEEN.get(person.hair.style, 0.85) * (1 - 0.6 * pale)
    colour = colour * min(1.0, 0.25 / float(colour.max()))
    line = Line.of(person)
    scalp = np.clip((line.inside(rest) + 0.5) / 9, 0, 1) * line.full(rest) * covered
    scalp = np.where((masks["mouth"] > 0.5) | (masks["ears"] > 0.3), 0, scalp)
    brow = np.clip(masks["brow"], 0, 1) * 0.20
    share = 1 - (1 - scalp) * (1 - brow)
    lips = np.clip(masks["lips"], 0, 1)
    red = np.array((1.0, 0.88, 0.90)) if person.skin.lips is None else np.ones(3)
    tint = (1 - share)[:, None] * (1 + lips[:, None] * (red - 1))
    tint = tint * np.where(masks["mouth"] > 0.5, 0.35, 1.0)[:, None]
    wet = lips * 0.6 + 0.25 * person.skin.oil * np.exp(-((rest[:, 0] / 0.03) ** 2)) * (rest[:, 2] > 0.6)
    return {"rest": rest, "tint": tint, "add": share[:, None] * np.minimum(colour, 0.25) * 0.5, "wet": wet[:, None]}
