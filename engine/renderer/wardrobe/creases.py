"""How a garment creases, drawn once over its flat pattern: broad folds that move the cloth, fine ones that only shade.

A crease is a curved stroke with a rounded back. Where strokes lie is what sewn cloth does on a body with hanging arms:
they fan out from the armpits, hang from the chest, bunch at the waist, the elbows and the wrists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from scipy.ndimage import gaussian_filter

from engine.renderer.geometry import Array
from engine.renderer.wardrobe.cloth_uv import ATLAS, SLEEVE, TORSO, AtlasBlock

TEXEL: Final = ATLAS.texel


@dataclass(frozen=True)
class Habit:
    """How a cloth creases: times the usual height of broad and of fine creases, how many, how wide they are."""

    broad: float = 1.0
    fine: float = 1.0
    many: float = 1.0
    wide: float = 1.0
    hang: float = 1.0
    """Times the folds that hang from the chest."""


HABITS: Final[Mapping[str, Habit]] = {
    "jersey": Habit(1.0, 0.6, 1.0, 1.15),
    "shirt": Habit(0.9, 0.8, 1.1, 0.85),
    "knit": Habit(1.0, 0.25, 0.7, 1.5, 0.8),
    "jacket": Habit(0.9, 0.40, 0.7, 1.3, 0.5),
    "leather": Habit(1.2, 1.2, 1.0, 1.0, 0.5),
    "nylon": Habit(1.1, 1.1, 1.4, 0.9, 1.2),
    "silk": Habit(0.9, 0.5, 1.1, 1.1, 1.4),
    "tight": Habit(0.35, 0.4, 0.7, 0.9, 0.3),
    "trousers": Habit(0.85, 0.6),
    "plate": Habit(0.0, 0.0, 0.0),
}
"""By name; layers say which is theirs."""


@dataclass(frozen=True)
class Creased:
    """Over the atlas of `cloth_uv`: metres that cloth is moved by (H, W), and what shades it (H, W, 3)."""

    height: Array
    shade: Array
    """Slope across, slope up, and how much light the valleys lose."""


@dataclass(frozen=True)
class Stroke:
    """A crease from (x, y) on, `way` degrees from the right upwards, `bend` of its length out of the straight."""

    x: float
    y: float
    way: float
    length: float
    width: float
    height: float
    bend: float = 0.0


Strokes: TypeAlias = list[Stroke]
Draw: TypeAlias = Callable[[np.random.Generator, Habit], Strokes]


_BROAD: Final = 2.4


def creased(habit: str, seed: int, ends: tuple[float, float]) -> Creased:
    """The creases of a habit; `ends` are the template's heights of the hem and metres along the arm of the cuff."""
    return _creased(habit, seed, round(ends[0], 2), round(ends[1], 2))


@lru_cache(maxsize=24)
def _creased(habit: str, seed: int, hem: float, cuff: float) -> Creased:
    told, random = HABITS[habit], np.random.default_rng(seed)
    broad, fine = ATLAS.empty(), ATLAS.empty()
    if habit == "plate":
        return Creased(ATLAS.repeated(broad), np.zeros((*ATLAS.repeated(broad).shape, 3), np.float32))
    on_torso = _ON_LEGS if habit == "trousers" else _ON_TORSO
    for block, draws in ((TORSO, on_torso), *((sleeve, _ON_SLEEVE) for sleeve in SLEEVE)):
        for strength, draw in draws:
            for stroke in draw(random, told):
                mine = _mirrored(stroke) if block is SLEEVE[1] else stroke
                _laid(broad if strength == "broad" else fine, block, mine)
    uneven = _uneven()
    broad = told.broad * (_BROAD * broad + uneven[0])
    fine = told.fine * (fine + uneven[1])
    _sew(fine, hem, cuff)
    return Creased(ATLAS.repeated(broad), _shading(ATLAS.repeated(fine), ATLAS.repeated(broad)))


@lru_cache(maxsize=1)
def _uneven() -> tuple[Array, Array]:
    """What no cloth is free of: metres of slow and of quick unevenness."""
    rough = 11 * gaussian_filter(np.random.default_rng(5).normal(size=ATLAS.empty().shape), 5)
    return 0.00025 * gaussian_filter(rough, 3), 0.00006 * rough


def _shading(fine: Array, broad: Array) -> Array:
    """Slopes of the fine creases, and how dark the valleys of both are."""
    fine, broad = fine.astype(np.float32), broad.astype(np.float32)
    up, across = np.gradient(gaussian_filter(fine, 0.7, truncate=2) + np.float32(0.35) * broad, TEXEL)
    both = fine + broad
    deep = np.clip((gaussian_filter(both, 4, truncate=2.5) - both) / 0.0022, 0, 1)
    deep += np.clip((gaussian_filter(fine, 1.6, truncate=2.5) - fine) / 0.0008, 0, 1)
    return np.ascontiguousarray(np.stack([across, -up, np.clip(0.30 * deep, 0, 0.46)], -1), np.float32)


def _laid(picture: Array, block: AtlasBlock, stroke: Stroke) -> None:
    """Adds a stroke to a block of the atlas, whose columns go round."""
    angle = np.radians(stroke.way)
    reach = stroke.length / 2 + 2 * stroke.width + abs(stroke.bend) * stroke.length
    middle = (stroke.x + np.cos(angle) * stroke.length / 2, stroke.y + np.sin(angle) * stroke.length / 2)
    columns, rows, x, y = block.window(middle, reach)
    dx, dy = x - stroke.x, y - stroke.y
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / stroke.length
    off = -dx * np.sin(angle) + dy * np.cos(angle) - 4 * stroke.bend * stroke.length * along * (1 - along)
    row, column = np.nonzero((along > 0) & (along < 1) & (np.abs(off) < 4.2 * stroke.width))
    round_ = np.sin(np.pi * along[row, column])
    d = off[row, column] / (stroke.width * (0.55 + 0.9 * round_))
    back = np.exp(-d * d) - 0.55 * np.exp(-(((d - 1.5) / 0.8) ** 2)) - 0.30 * np.exp(-(((d + 1.6) / 1.0) ** 2))
    picture[rows[row], columns[column]] += stroke.height * round_**0.8 * back


def _mirrored(stroke: Stroke) -> Stroke:
    """The same on the other arm."""
    return replace(stroke, x=-stroke.x, way=180 - stroke.way, bend=-stroke.bend)


def _fan(random: np.random.Generator, habit: Habit) -> Strokes:
    """From the armpits over the chest and the back, and down the sides."""
    made = []
    for side in (-1, 1):
        for front in (True, False):
            count = round(6 * habit.many)
            for k in range(count):
                turn = np.interp(k, (0, max(count - 1, 1)), (-82, 30)) + random.normal() * 6
                x = side * (0.186 if front else 0.265) + random.normal() * 0.008
                way = 180 - turn if (side > 0) == front else turn
                length, y = random.uniform(0.10, 0.17) + 0.07 * (turn < -35), 0.425 + random.normal() * 0.014
                height = random.uniform(0.0012, 0.0028) * (1.2 if turn < 0 else 0.8)
                width = random.uniform(0.0055, 0.0085) * habit.wide
                made.append(Stroke(x, y, way, length, width, height, random.normal() * 0.05))
    return made


def _hanging(random: np.random.Generator, habit: Habit) -> Strokes:
    """Down from the chest and the shoulder blades, leaning to the hips."""
    made = []
    for k in range(round(12 * habit.many)):
        x = (k + random.uniform(0.1, 0.9)) / round(12 * habit.many) * TORSO.period - TORSO.period / 2
        way = -90 + random.normal() * 13 + 10 * np.sign(x) * (abs(x) < 0.23)
        width, length = random.uniform(0.009, 0.016) * habit.wide, random.uniform(0.18, 0.36)
        height = random.uniform(0.0014, 0.0036) * habit.hang
        made.append(Stroke(x, random.uniform(0.28, 0.39), way, length, width, height, random.normal() * 0.05))
    return made


def _waist(random: np.random.Generator, habit: Habit) -> Strokes:
    """Bunches above the hips, most at the sides."""
    made = []
    for _ in range(round(9 * habit.many)):
        side = random.choice((-1, 1))
        x = side * (0.235 + random.normal() * 0.05)
        way, length = random.normal() * 26 + (0 if side < 0 else 180), random.uniform(0.07, 0.16)
        width = random.uniform(0.005, 0.008) * habit.wide
        height, bend = random.uniform(0.0010, 0.0022), random.normal() * 0.10
        made.append(Stroke(x, 0.16 + random.normal() * 0.05, way, length, width, height, bend))
    return made


def _chest(random: np.random.Generator, habit: Habit) -> Strokes:
    """A few long slanting ones across the front, from shoulder to ribs."""
    made = []
    for side in (-1, 1):
        for _ in range(round(3 * habit.many)):
            x, y = side * random.uniform(0.06, 0.15), random.uniform(0.43, 0.50)
            way, length = -90 - side * random.uniform(8, 40), random.uniform(0.10, 0.24)
            width, height = random.uniform(0.008, 0.013) * habit.wide, random.uniform(0.0008, 0.0018)
            made.append(Stroke(x, y, way, length, width, height, side * random.uniform(0, 0.12)))
    return made


def _small(random: np.random.Generator, habit: Habit) -> Strokes:
    """Short sharp ones all over, along the folds' ways."""
    made = []
    for _ in range(round(85 * habit.many)):
        x, y = random.uniform(-TORSO.period / 2, TORSO.period / 2), 0.05 + 0.46 * random.beta(1.4, 1.4)
        slant = 62 if random.random() < 0.6 else 20
        way = -90 + random.choice((-1, 1)) * (slant + random.normal() * 16)
        length, width = random.uniform(0.02, 0.07), random.uniform(0.0028, 0.0060)
        made.append(Stroke(x, y, way, length, width, random.uniform(0.0003, 0.0012), random.normal() * 0.12))
    return made


def _elbow(random: np.random.Generator, habit: Habit) -> Strokes:
    """Across the crook of the arm, in zigzag, and fewer rings above and below."""
    made = []
    for k, (s, share) in enumerate(((0.175, 0.6), (0.200, 0.9), (0.222, 1.2), (0.244, 1.1), (0.268, 0.8), (0.30, 0.5))):
        lean = (16 if k % 2 else -16) + random.normal() * 9
        x, length = -0.078 + random.normal() * 0.015, random.uniform(0.09, 0.14)
        width, height = random.uniform(0.0065, 0.0095) * habit.wide, share * random.uniform(0.0013, 0.0023)
        start = (x - length / 2, 0.5 - s - random.normal() * 0.004 - np.sin(np.radians(lean)) * length / 2)
        made.append(Stroke(*start, lean, length, width, height, random.normal() * 0.10))
    return made


def _sleeve_long(random: np.random.Generator, habit: Habit) -> Strokes:
    """Slanting down the sleeve, and bunched above the wrist."""
    made = []
    for _ in range(round(12 * habit.many)):
        x, s = random.uniform(-SLEEVE[0].period / 2, SLEEVE[0].period / 2), random.uniform(0.02, 0.34)
        way, length = -90 + random.choice((-1, 1)) * random.uniform(18, 50), random.uniform(0.06, 0.14)
        width, height = random.uniform(0.006, 0.010) * habit.wide, random.uniform(0.0014, 0.0032)
        made.append(Stroke(x, 0.5 - s, way, length, width, height, random.normal() * 0.12))
    for _ in range(round(6 * habit.many)):
        x, s = random.uniform(-SLEEVE[0].period / 2, SLEEVE[0].period / 2), random.uniform(0.345, 0.425)
        length, height = random.uniform(0.06, 0.12), random.uniform(0.0014, 0.0030)
        way, width = random.normal() * 16, random.uniform(0.006, 0.009) * habit.wide
        made.append(Stroke(x, 0.5 - s, way, length, width, height, random.normal() * 0.1))
    return made


def _sleeve_small(random: np.random.Generator, habit: Habit) -> Strokes:
    made = []
    for _ in range(round(30 * habit.many)):
        x = random.uniform(-SLEEVE[0].period / 2, SLEEVE[0].period / 2)
        s = random.choice((0.22, 0.06, 0.39)) + random.normal() * 0.06
        way, length = random.normal() * 32, random.uniform(0.02, 0.06)
        width, height = random.uniform(0.0026, 0.0050), random.uniform(0.0003, 0.0011)
        made.append(Stroke(x, 0.5 - s, way, length, width, height, random.normal() * 0.12))
    return made


def _whiskers(random: np.random.Generator, habit: Habit) -> Strokes:
    """Fanned out from the crotch over the hips and the thighs, before and behind."""
    made = []
    for side in (-1, 1):
        for front in (True, False):
            for k in range(round(6 * habit.many)):
                turn = -55 + 17 * k + random.normal() * 6
                x = side * (0.035 + 0.015 * random.random()) if front else side * (TORSO.period / 2 - 0.03)
                way = turn if (side > 0) == front else 180 - turn
                length, width = random.uniform(0.07, 0.15), random.uniform(0.0055, 0.0085) * habit.wide
                height, y = random.uniform(0.0008, 0.0018), -0.015 + random.normal() * 0.012
                made.append(Stroke(x, y, way, length, width, height, random.normal() * 0.06))
    return made


def _down_legs(random: np.random.Generator, habit: Habit) -> Strokes:
    """Down the thighs, and slanting across them to the knees, where cloth bunches."""
    made = []
    for _ in range(round(16 * habit.many)):
        x, y = random.uniform(-TORSO.period / 2, TORSO.period / 2), random.uniform(-0.22, 0.04)
        way, length = -90 + random.normal() * 20, random.uniform(0.14, 0.32)
        width, height = random.uniform(0.009, 0.015) * habit.wide, random.uniform(0.0012, 0.0030)
        made.append(Stroke(x, y, way, length, width, height, random.normal() * 0.07))
    for _ in range(round(16 * habit.many)):
        x, y = random.uniform(-TORSO.period / 2, TORSO.period / 2), random.uniform(-0.44, -0.28)
        way, length = random.choice((0, 180)) + random.normal() * 20, random.uniform(0.06, 0.12)
        width, height = random.uniform(0.006, 0.009) * habit.wide, random.uniform(0.0012, 0.0026)
        made.append(Stroke(x, y, way, length, width, height, random.normal() * 0.10))
    return made


_ON_LEGS: Final[tuple[tuple[str, Draw], ...]] = (("broad", _whiskers), ("broad", _down_legs))
_ON_TORSO: Final[tuple[tuple[str, Draw], ...]] = (
    ("broad", _fan), ("broad", _hanging), ("broad", _waist), ("broad", _chest), ("fine", _small),
)  # fmt: skip
_ON_SLEEVE: Final[tuple[tuple[str, Draw], ...]] = (
    ("broad", _elbow), ("broad", _sleeve_long), ("fine", _sleeve_small),
)  # fmt: skip


def _sew(fine: Array, hem: float, cuff: float) -> None:
    """Adds grooves where the parts are sewn and the hems stitched, a little puckered, in metres."""
    for block in (TORSO, *SLEEVE):
        x, y = block.grid()
        end = hem + 0.020 if block is TORSO else 0.5 - cuff + 0.018
        lines = [(end + 0 * x, 0.0004)]
        if block is not TORSO:  # the armhole, from the shoulder's end to the armpit
            lines.append((0.47 + 0.05 * np.cos(x / block.period * 2 * np.pi), 0.0007))
        pucker = 1 + 0.35 * np.sin(x * 900) * np.sin(x * 210 + 1)
        for level, depth in lines:
            rows = np.flatnonzero((y[:, 0] > level.min() - 0.007) & (y[:, 0] < level.max() + 0.007))
            groove = depth * pucker * np.exp(-(((y[rows] - level) / 0.0021) ** 2))
            fine[np.ix_(rows, np.arange(block.first, block.first + block.columns))] -= groove
