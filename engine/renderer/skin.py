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

from engine.renderer import assets, regions, wrinkles
from engine.renderer.geometry import Array
from engine.renderer.hairline import Line
from engine.renderer.scene import RGB, Person
from engine.renderer.skin_marks import stamped_marks, stamped_neck

Picture = npt.NDArray[np.float32]

TIMES: Final = 3
"""How much larger the map is than the photograph."""
CHEEK: Final = (slice(200, 216), slice(430, 446)), (slice(298, 314), slice(430, 446))
"""Rows and columns of both cheeks in a photograph."""
SCALP_SEEN: Final = {
    "bald": 0.0, "none": 0.0, "shaved": 0.0, "buzz cut": 0.40, "undercut": 0.60, "cornrows": 0.15, "locs": 0.50,
    "braids": 0.50,
}  # fmt: skip
"""How much of the hair's colour skin has between the roots, where a style shows it."""
_DULL: Final = 0.6
"""How much less skin shines among hairs, which keep light from it."""
_LIDS_CLEANED: Final = 0.6
"""How much of what is painted or shaded on the photographs' eyelids is taken away: most wore eye shadow."""
_SHAVED: Final = 0.92
"""How much the photographed roots give way on a bald head, along the line of the hair, too."""
BANDS: Final = (("young", 26.0), ("middleage", 48.0), ("old", 68.0))
ANCESTRIES: Final = ("african", "asian", "caucasian")


def look(person: Person) -> dict[str, Any]:
    """What holds for the whole skin: its map and how it shines."""
    dark = 1 - np.clip(np.dot(person.skin.tone, (0.3, 0.6, 0.1)) / 0.3, 0, 1)
    return {
        "map": skin_map(person), "rough": 0.49 - 0.05 * (person.skin.oil - 0.3),
        "bump": 0.07 + 0.18 * person.skin.pores, "gloss": 1.0 - 0.15 * dark, "lines": _lines(person.age, person.skin),
        "folds": wrinkles.slopes(), "folds_box": wrinkles.BOX,
    }  # fmt: skip


def _lines(age: float, skin: Any) -> float:
    """How lined skin is, from 0 to 1."""
    return float(np.clip((age - 36) / 60 + 0.45 * skin.wrinkles, 0, 1))


def _hair_colour(person: Person) -> Array:
    """Of all hairs together, grey ones too."""
    return np.asarray(np.array(person.hair.colour) * (1 - 0.8 * person.hair.grey) + 0.30 * person.hair.grey)


def _lightness(hair: Array) -> float:
    """How far a scalp shows its own colour through hair: 0 under brown, 1 under blonde."""
    return float(np.clip((hair @ (0.3, 0.6, 0.1) - 0.08) / 0.25, 0, 1))


def skin_map(person: Person) -> Picture:
    """The map of this person's skin, linear, (1536, 1536, 3); the same person's is made once."""
    made: Picture = _skin_map(
        person.seed, person.age, person.masculinity < 0.5, person.ancestry, person.skin, person.beard.kind,
        _shown(person.beard.colour, person.beard.grey), _bare(person),
    )  # fmt: skip
    return made


@lru_cache(maxsize=3)
def marks_contrast(person: Person) -> Picture:
    """What somebody's freckles, moles, spots and scars do to the map of their skin: the logarithm of a factor, (1536,
    1536, 3), 0 where there are none.
    """
    plain = _skin_map(
        person.seed, person.age, person.masculinity < 0.5, person.ancestry, person.skin, person.beard.kind,
        _shown(person.beard.colour, person.beard.grey), _bare(person), False,
    )  # fmt: skip
    return np.asarray(np.log(skin_map(person) / plain), np.float32)


def _bare(person: Person) -> float:
    """How much of the photographed roots of hair gives way to skin: all under fair hair, and where none grows."""
    if person.hair.style == "bald":
        return _SHAVED
    if person.hair.line > 0.2:
        return 0.85
    return round(0.85 * _lightness(_hair_colour(person)), 2)


def _shown(colour: RGB, grey: float) -> RGB:
    """A beard's colour with its share of grey."""
    red, green, blue = (one * (1 - grey) + 0.38 * grey for one in colour)
    return (red, green, blue)


@lru_cache(maxsize=3)
def _skin_map(
    seed: int, age: float, female: bool, ancestry: Any, skin: Any, beard: str, colour: Any, bare: float,
    marked: bool = True,
) -> Any:  # fmt: skip
    tone = np.array(skin.tone, np.float32)
    blended = tone * np.exp(_blended(age + 14 * skin.wrinkles, female, ancestry))
    stored = Image.fromarray(_encoded(blended))
    width, height = stored.size
    large = stored.resize((TIMES * width, TIMES * height), Image.Resampling.BICUBIC)
    made = np.maximum(assets.linear(large), np.float32(0.003))
    left, top, right, bottom = (TIMES * x for x in assets.texels().box)
    head = made[top:bottom, left:right]
    _mix(head, _forehead(head), bare * _fields()["bared" if bare >= _SHAVED else "scalp"])
    _paint_head(head, tone, seed, age, skin, beard, colour, marked)
    if marked:
        stamped_neck(made, tone, skin)
    np.clip(head, 0.002, 0.92, out=head)
    made.setflags(write=False)
    return made


def _forehead(head: Picture) -> Picture:
    """The colour of a head's forehead (3), with which skin goes on over the skull."""
    x, y, z, _ = head_places()
    middle = (np.abs(x) < 0.028) & (y < -0.10) & (z > 0.760) & (z < 0.776)
    return np.asarray(head[middle].mean(0), np.float32)


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


@lru_cache(maxsize=4)
def _departure(name: str) -> Picture:
    colour = np.maximum(assets.colours(name), np.float32(0.004))
    cheek = np.concatenate([colour[rows, columns].reshape(-1, 3) for rows, columns in CHEEK]).mean(0)
    log = _evened(np.clip(np.log(colour / cheek), -2.2, 0.7))
    # the photographs' casts differ from chin to brow; lips keep most of theirs, and are painted: a little less light
    left, top, right, bottom = assets.texels().box
    lips = np.zeros((512, 512, 1), np.float32)
    lips[top:bottom, left:right, 0] = np.clip(2 * assets.texels().lips[::2, ::2], 0, 1)
    grey = log.mean(-1, keepdims=True)
    grey[top:bottom, left:right] -= _lit_already(grey[top:bottom, left:right, 0])[..., None]
    own = grey - 0.16 * lips + (log - grey) * (0.6 + 0.12 * lips)
    own *= 1 - np.float32(_LIDS_CLEANED) * _lids()
    tint = (0.12, -0.16, -0.16) if name.endswith("female") else (0.07, -0.02, -0.10)
    return np.asarray(own + lips * np.array(tint, np.float32), np.float32)


@lru_cache(maxsize=1)
def _lids() -> Picture:
    """1 on the eyelids up to the brows, (512, 512, 1)."""
    rest = assets.texels().rest.astype(float)
    side, z = np.abs(rest[..., 0]), rest[..., 2]
    near = regions.ramp((0.022 - np.abs(side - 0.033)) / 0.008) * regions.ramp((z - 0.726) / 0.005)
    near *= regions.ramp((0.747 - z) / 0.005) * (rest[..., 1] < -0.09)
    left, top, right, bottom = assets.texels().box
    lids = np.zeros((512, 512, 1), np.float32)
    lids[top:bottom, left:right, 0] = near
    return lids


def _lit_already(grey: Picture) -> Picture:
    """What is light and shade in the photograph of a head: half of what changes slowly over the face."""
    from scipy.ndimage import gaussian_filter

    rest = assets.texels().rest
    above = regions.growth(rest.reshape(-1, 3).astype(float)).reshape(grey.shape)
    face = (regions.edge(-0.04 - rest[..., 1].astype(float), 0.01) * regions.edge(-4 - above, 2)).astype(np.float32)
    broad = gaussian_filter(grey * face, 7) / np.maximum(gaussian_filter(face, 7), np.float32(0.05))
    return np.asarray(0.5 * face * broad, np.float32)


def _evened(log: Picture) -> Picture:
    """A photograph without its faint blotches, which are coarse when enlarged; what is strong in it stays."""
    from scipy.ndimage import gaussian_filter

    broad = gaussian_filter(log, (4, 4, 0))
    own = log - broad
    size = np.abs(own).mean(-1, keepdims=True)
    return np.asarray(broad + own * (0.15 + 0.85 * size / (size + 0.09)), np.float32)


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
        "wrinkles": wrinkles.depth(x, z) * facing,
        "upper_lip": e(z - regions.MOUTH_Z - 0.0005, 0.0012) * e(-0.075 - y, 0.02),
        "ruddy": _ruddy(x, side, z) * e(-0.05 - y, 0.012),
        "forehead": e(z - 0.757, 0.006) * facing,
        "sockets": b((side - 0.030) / 1.5, 0.0105) * b(z - 0.7285, 0.0085) * facing,
        "freckled": (b(np.hypot(x / 1.9, z - 0.698), 0.020) + 0.16 * b(np.hypot(x / 1.5, z - 0.775), 0.02)) * facing,
        "marked": facing * (z > 0.60) * (z < 0.79) * (side < 0.068),
        "scalp": e(regions.growth(rest).reshape(x.shape) - 2, 2.5),
        "bared": e(regions.growth(rest).reshape(x.shape) + 5, 3.5),
        "beard": regions.beard(rest, lips.ravel(), "full").reshape(x.shape),
        "moustache": regions.beard(rest, lips.ravel(), "moustache").reshape(x.shape),
        "goatee": regions.beard(rest, lips.ravel(), "goatee").reshape(x.shape),
    }  # fmt: skip
    return {name: np.asarray(value, float) for name, value in made.items()}


def _ruddy(x: Array, side: Array, z: Array) -> Array:
    """Where blood shows: cheeks, nose, chin, ears."""
    b = regions.bump
    cheeks = b(np.hypot((side - 0.044) / 1.15, z - 0.694), 0.016)
    nose = 0.9 * b(np.hypot(side / 1.6, z - 0.690), 0.010)
    chin = 0.4 * b(np.hypot(x / 1.4, z - 0.622), 0.010)
    ears = regions.edge(side - 0.071, 0.002)
    return np.asarray(np.max([cheeks, nose, chin, ears], axis=0))


def _zoned(head: Picture, tone: Picture, skin: Any, fields: dict[str, Picture]) -> None:
    """The parts of a face in their own colours, in place: blood in the cheeks, a paler brow, darker eye sockets."""
    fair = np.float32(np.clip(np.dot(tone, (0.3, 0.6, 0.1)) / 0.32, 0, 1))
    red = np.float32(0.55 + 0.9 * skin.blush)
    tints = {
        "ruddy": red * (np.array((0.02, -0.080, -0.100)) * fair + np.array((0.03, -0.04, -0.07)) * (1 - fair)),
        "forehead": np.array((0.015, 0.02, -0.045)) * fair + np.array((-0.10, -0.11, -0.11)) * (1 - fair),
        "sockets": np.array((-0.06, -0.11, -0.09)) * fair + np.array((-0.16, -0.18, -0.17)) * (1 - fair),
    }
    for name, tint in tints.items():
        head *= 1 + fields[name][..., None] * tint.astype(np.float32)


def _paint_head(
    head: Picture, tone: Picture, seed: int, age: float, skin: Any, beard: str, colour: Any, marked: bool
) -> None:
    """Paints on the head's part of the map, in place, from what lies deepest to what lies on top."""
    fields, lips = _fields(), head_places()[3]
    rng = np.random.default_rng(seed + 7)
    uneven = np.roll(_mottle(), tuple(rng.integers(0, 400, 2)), (0, 1))[..., None]
    head *= 1 + np.float32(0.028) * uneven * np.array((0.45, 1.0, 0.95), np.float32)
    _zoned(head, tone, skin, fields)
    if skin.lips is None:
        dark = np.float32(1 - np.clip(np.dot(tone, (0.3, 0.6, 0.1)) / 0.32, 0, 1))
        head *= 1 - (np.float32(0.32) * dark * fields["upper_lip"] * np.clip(1.2 * lips, 0, 1))[..., None]
    _mix(head, tone * np.array((1.10, 0.78, 0.76), np.float32), 0.45 * skin.blush * fields["blush"])
    tired = 0.12 + 0.25 * np.clip((age - 30) / 40, 0, 1)
    _mix(head, tone * np.array((0.74, 0.62, 0.64), np.float32), tired * fields["under_eye"])
    _mix(head, tone * np.array((0.55, 0.40, 0.38), np.float32), 0.30 * fields["socket"])
    lines = _lines(age, skin)
    if lines > 0:
        _mix(head, tone * np.array((0.62, 0.52, 0.50), np.float32), 0.45 * lines * fields["wrinkles"])
    if marked:
        stamped_marks(head, tone, fields, skin, rng, age, head_places()[:3])
    if beard != "none":
        grain = np.clip(0.7 + 0.55 * _stipple(), 0.15, 1.6)
        roots = np.asarray(colour, np.float32) * np.float32(0.6) + tone * np.float32(0.15)
        _mix(head, roots, _under_beard(beard, fields) * grain)
    _make_up(head, fields, lips, skin, np.float32(0.5 + 0.5 * np.clip(np.dot(tone, (0.3, 0.6, 0.1)) / 0.32, 0, 1)))


def _under_beard(kind: str, fields: dict[str, Picture]) -> Picture:
    """How much of the skin's colour is that of hair's roots: most where a beard grows, little where it is shaved."""
    where, grown, shaved = {
        "stubble": ("beard", 0.74, 0.0), "goatee": ("goatee", 0.60, 0.10), "moustache": ("moustache", 0.60, 0.10),
        "handlebar": ("moustache", 0.60, 0.10),
    }.get(kind, ("beard", 0.60, 0.0))  # fmt: skip
    return np.asarray(np.maximum(np.float32(grown) * fields[where], np.float32(shaved) * fields["beard"]))


def _make_up(head: Picture, fields: dict[str, Picture], lips: Picture, skin: Any, level: np.float32) -> None:
    """Paints shadow, liner and lipstick, in place; dark skin shows through (`level`), and is exposed for longer."""
    if skin.eye_shadow is not None:
        _mix(head, np.array(skin.eye_shadow, np.float32), 0.5 * fields["shadow"])
    if skin.eyeliner > 0:
        _mix(head, np.array((0.012, 0.009, 0.009), np.float32), 0.85 * skin.eyeliner * fields["liner"])
    if skin.lips is not None:
        grain = 1 + np.float32(0.08) * _mottle()
        _mix(head, level * np.array(skin.lips, np.float32), 0.86 * np.clip(lips * 1.15, 0, 1) * grain)


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
    """Uneven colour at three scales, the same for all: each face's seed moves it."""
    height, width = head_places()[0].shape
    rng = np.random.default_rng(5)
    wide, broad, fine = (
        _enlarged(rng.normal(size=(height // step, width // step)), (width, height), smooth=True)
        for step in (40, 14, 3)
    )
    return np.asarray(0.7 * wide / wide.std() + 0.55 * broad / broad.std() + 0.30 * fine / fine.std(), np.float32)


@lru_cache(maxsize=1)
def _stipple() -> Picture:
    """The grain of shaved hairs."""
    return np.random.default_rng(6).normal(size=head_places()[0].shape).astype(np.float32)


# What is laid on at the vertices


def paint(person: Person, masks: dict[str, Array], rest: Array) -> dict[str, Array]:
    """What is mixed into the map at each vertex: tint (times it), add (plus it), wet, and rest for the grain."""
    colour = _hair_colour(person)
    covered = SCALP_SEEN.get(person.hair.style, 0.72) * (1 - 0.65 * _lightness(colour))
    colour = colour * min(1.0, 0.25 / float(colour.max()))
    line = Line.of(person)
    scalp = np.clip((line.inside(rest) + 0.5) / 9, 0, 1) * line.full(rest) * covered
    scalp = np.where((masks["mouth"] > 0.5) | (masks["ears"] > 0.3), 0, scalp)
    brow = np.clip(masks["brow"], 0, 1) * 0.20
    share = 1 - (1 - scalp) * (1 - brow)
    lips = np.clip(masks["lips"], 0, 1)
    tint = (1 - share)[:, None] * np.where(masks["mouth"] > 0.5, 0.35, 1.0)[:, None]
    rim, shining = _rim(rest), _shining(rest)
    grown = np.clip((line.inside(rest) + 0.5) / 4, 0, 1) if covered else np.zeros(len(rest))
    under = np.maximum(grown, np.clip(masks["brow"], 0, 1))
    tint = tint * (1 + rim[:, None] * (np.array((1.0, 0.66, 0.64)) - 1))
    oil = shining * min(person.skin.oil / 0.3, 2.5) * (1 - lips) * (1 - under) - _DULL * under
    wet = np.stack([np.maximum(0.75 * lips, rim), oil], 1)
    return {"rest": rest, "tint": tint, "add": share[:, None] * np.minimum(colour, 0.25) * 0.5, "wet": wet}


def _rim(rest: Array) -> Array:
    """1 on the lids' moist rims, where they touch the eyes, at positions of the template (N, 3)."""
    side = np.abs(rest) * (1, 0, 0) + rest * (0, 1, 1)
    away = np.linalg.norm(side - regions.EYEBALL, axis=1) / regions.EYEBALL_M
    return regions.bump(np.minimum(away - 1.0, 0.5), 0.035) * (side[:, 1] < regions.EYEBALL[1] - 0.004)


def _shining(rest: Array) -> Array:
    """How much oil shows at positions of the template (N, 3): on forehead, nose, cheekbones and chin."""
    b = regions.bump
    x, y, z = rest.T
    side = np.abs(x)
    forehead = 0.7 * b(x, 0.028) * b(z - 0.777, 0.017)
    nose = b(side, 0.008) * regions.edge(z - 0.682, 0.003) * regions.edge(0.748 - z, 0.006)
    wings = 0.7 * b(np.hypot(side - 0.014, z - 0.692), 0.007)
    cheeks = 0.75 * b(np.hypot(side - 0.047, 0.8 * (z - 0.712)), 0.011)
    chin = 0.6 * b(np.hypot(x, z - 0.627), 0.011)
    brow = 0.4 * b(np.hypot(side - 0.040, z - 0.760), 0.012)
    return np.max([forehead, nose, wings, cheeks, chin, brow], axis=0) * regions.edge(-0.075 - y, 0.008)
