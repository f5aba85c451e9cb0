"""Hair styles as numbers: a table, and the nearest entry for a name that is not in it.

Lengths are metres. Where five numbers or names stand in brackets they are for the fringe, the top, the sides, the back
and the nape; one alone is for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, TypeAlias

from engine.renderer.scene import Person

Five: TypeAlias = tuple[float, float, float, float, float]
Flows: TypeAlias = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """Hair drawn together: where to (in head radii and degrees), and what becomes of it there."""

    up: float
    """Degrees above the level of the head's middle at which it is tied, on the back."""
    kind: str
    """bun, tail, plait."""
    sides: int = 1
    """1 behind, 2 for one on each side."""
    size: float = 0.034
    """Radius of a bun, or length of a tail or plait."""
    share: float = 0.2
    """Metres above the scalp at which hair lies on its way, at most a hundredth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ropes:
    """Hair in ropes: how many, how thick, how they are made."""

    count: int
    radius: float
    kind: str
    """loc, plait, row (a plait along the scalp)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a style grows, falls and is cut."""

    length: float | Five
    flow: str | Flows = "whorl"
    """whorl, part, back, forward, up, down, sweep."""
    lift: float | Five = 0.3
    """How steeply hair leaves the skin: 0 flat, 1 halfway up."""
    gravity: float = 0.03
    """How far a centimetre of hair bends down."""
    bend: float = 0.0
    """How far a centimetre of hair bends to the back: quiffs."""
    upright: float | Five = 0.0
    """How much lifted hair stands up rather than off the skin."""
    rise: float | Five = 0.005
    """How high the outer layer lies over the skin."""
    slope: float = 1.6
    """How far hair has gone when it lies that high, in times the height."""
    gather: float = 0.0
    """How much hair below the ears turns to the neck, a centimetre."""
    tuck_ear: float = 0.0
    """How likely one side's hair is put behind the ear."""
    bundles: int = 0
    """Larger locks, into which locks join."""
    join: float = 0.55
    """How far they join."""
    sway: float = 0.004
    """How far each of them swings aside, in metres."""
    cling: float = 0.5
    """How much of what stands off the head is drawn to it, a step."""
    noise: float = 0.12
    wander: float = 0.02
    vary: float = 0.15
    """Share by which lengths differ."""
    cut: float | None = None
    """Height of a straight cut against the eyes."""
    blunt: float = 0.006
    """Unevenness of the cut."""
    fringe_cut: float | None = None
    outline: bool = False
    """Trimmed round the ears and at the nape, as barbers do."""
    tuck: float = 0.0
    """How much ends turn in."""
    aside: float = 0.0
    """How far from the middle it is parted at least, as a share."""
    frame: float = 1.0
    """How far from the middle of the face hair beside it stays; 1 is the face's edge."""
    locks: int = 2400
    strands: int = 52_000
    points: int = 8
    width: float = 0.00017
    clump: float = 0.35
    """How much a lock's hairs join towards their ends."""
    curl: float = 0.0
    """Radius of waves or curls."""
    turn: float = 0.06
    """Length of hair in one wave or curl."""
    flat: float = 0.0
    """1 for waves in a plane, 0 for corkscrews."""
    frizz: float = 0.0004
    loose: float = 0.0
    """How far single hairs leave their lock, as a share of their length."""
    stray: float = 0.02
    """Share of hairs that go their own way."""
    ball: float | None = None
    """Trimmed to a ball that is this much larger than the head."""
    soft: float = 6.0
    """Degrees over which the hair line thins out."""
    shine: float = 0.7
    tied: Tied | None = None
    ropes: Ropes | None = None


_LONG: Final = Style(
    length=0.46, flow="part", lift=0.25, gravity=0.26, rise=(0.009, 0.011, 0.010, 0.013, 0.012), cling=0.6,
    slope=4.0, gather=0.036, tuck_ear=0.4, bundles=150, noise=0.05, points=18, strands=50_000, width=0.00020,
    clump=0.45, frizz=0.0006, stray=0.010, vary=0.14, locks=2600,
)  # fmt: skip
_SHORT: Final = Style(length=0.03, lift=0.45, points=8, outline=True, loose=0.035, locks=4500, stray=0.008)

STYLES: Final[dict[str, Style]] = {
    "buzz cut": Style(
        length=(0.0055, 0.0055, 0.004, 0.004, 0.003), lift=1.1, gravity=0.0, rise=0.0, cling=0, noise=0.2, points=4,
        strands=48_000, width=0.00014, clump=0.0, frizz=0.0002, stray=0.0, locks=3000, shine=0.35, soft=3.5,
    ),
    "crew cut": replace(
        _SHORT, length=(0.019, 0.016, 0.007, 0.006, 0.005), flow=("sweep", "forward", "whorl", "whorl", "whorl"),
        lift=(1.1, 0.9, 0.35, 0.35, 0.3), gravity=0.0, bend=0.10, rise=0.004, cling=0.0, clump=0.45, shine=0.5,
    ),
    "crop": replace(
        _SHORT, length=(0.040, 0.042, 0.018, 0.016, 0.011), flow=("forward", "forward", "whorl", "whorl", "whorl"),
        lift=(0.5, 0.65, 0.3, 0.3, 0.25), gravity=0.05, rise=0.010, cling=0.3, noise=0.05, clump=0.20, vary=0.30,
        fringe_cut=0.046, blunt=0.008,
    ),
    "side part": replace(
        _SHORT, length=(0.085, 0.066, 0.022, 0.020, 0.012), flow=("part", "part", "part", "whorl", "whorl"),
        lift=(0.75, 0.55, 0.22, 0.2, 0.2), gravity=0.03, bend=0.02, rise=0.013, cling=0.6, noise=0.07, clump=0.5,
        points=11, shine=0.9, frame=1.05, aside=0.7, bundles=260, join=0.4, sway=0.002,
    ),
    "slick back": replace(
        _SHORT, length=(0.115, 0.105, 0.045, 0.034, 0.020), flow=("back", "back", "back", "back", "down"),
        lift=(0.55, 0.2, 0.08, 0.1, 0.1), gravity=0.02, rise=0.010, cling=0.8, noise=0.04, clump=0.6, points=12,
        shine=1.3, frizz=0.0002, stray=0.004, wander=0.01, loose=0.006, bundles=240, join=0.6, sway=0.001,
    ),
    "quiff": replace(
        _SHORT, length=(0.074, 0.058, 0.014, 0.012, 0.009), flow=("sweep", "back", "whorl", "whorl", "whorl"),
        lift=(1.9, 0.8, 0.25, 0.25, 0.2), upright=(0.85, 0.9, 0, 0, 0), gravity=0.0, bend=0.85, rise=(0.036, 0.020,
        0.004, 0.004, 0.003), cling=0.6, noise=0.07, clump=0.40, points=12, shine=0.8, bundles=260, join=0.45,
        sway=0.003,
    ),
    "undercut": replace(
        _SHORT, length=(0.105, 0.090, 0.004, 0.0035, 0.003), flow=("back", "back", "whorl", "whorl", "whorl"),
        lift=(1.3, 0.7, 0.6, 0.6, 0.6), upright=(0.8, 0.8, 0, 0, 0), gravity=0.02, bend=0.5, rise=(0.026, 0.020,
        0.002, 0.002, 0.002), cling=0.6, noise=0.06, clump=0.5, points=12, frame=1.1, loose=0.025, bundles=260,
        join=0.5, sway=0.002,
    ),
    "tousled": replace(
        _SHORT, length=(0.085, 0.085, 0.055, 0.050, 0.040), flow=("swept", "whorl", "whorl", "whorl", "down"),
        lift=(0.9, 0.8, 0.45, 0.45, 0.4), gravity=0.06, rise=(0.016, 0.016, 0.010, 0.011, 0.008),
        cling=0.2, noise=0.30, wander=0.06, clump=0.42,
        curl=0.0022, turn=0.05, flat=0.7, points=13, locks=1600, vary=0.3, fringe_cut=0.030, blunt=0.012,
        stray=0.03, outline=False, loose=0.03, bundles=300, join=0.35,
    ),
    "curtains": replace(
        _LONG, length=(0.150, 0.150, 0.085, 0.075, 0.05), lift=(1.25, 0.8, 0.35, 0.3, 0.2), gravity=0.18,
        rise=(0.020, 0.018, 0.012, 0.012, 0.01), cling=0.5, cut=-0.045, blunt=0.016, frame=0.90, clump=0.6,
        points=14, locks=2200, curl=0.0018, turn=0.09, flat=0.8, vary=0.2, gather=0.0, tuck_ear=0.0,
    ),
    "pixie": replace(
        _SHORT, length=(0.085, 0.075, 0.040, 0.035, 0.024), flow=("swept", "part", "forward", "whorl", "down"),
        lift=(0.6, 0.7, 0.25, 0.3, 0.2), gravity=0.05, rise=0.014, cling=0.45, noise=0.09, clump=0.45, points=11,
        fringe_cut=0.022, blunt=0.012, vary=0.25, frame=0.96, loose=0.03, bundles=260, join=0.55,
    ),
    "bob": replace(
        _LONG, length=0.30, cut=-0.088, blunt=0.004, tuck=0.12, rise=(0.010, 0.013, 0.014, 0.017, 0.010),
        frame=0.97, clump=0.3, vary=0.02,
    ),
    "long bob": replace(_LONG, length=0.36, cut=-0.165, blunt=0.007, tuck=0.06, vary=0.04, frame=0.98),
    "shoulder length": replace(_LONG, length=0.36, cut=-0.195, blunt=0.016, curl=0.0026, turn=0.15, flat=0.9),
    "long straight": replace(_LONG, clump=0.5),
    "fringe": replace(
        _LONG, length=0.38, lift=(0.6, 0.3, 0.25, 0.25, 0.25), fringe_cut=0.017, blunt=0.004,
        cut=-0.23, vary=0.05,
    ),
    "shag": replace(
        _LONG, length=(0.13, 0.20, 0.20, 0.26, 0.26), fringe_cut=0.020, blunt=0.012, rise=0.015, cling=0.4,
        noise=0.10, clump=0.6, curl=0.004, turn=0.10, flat=0.7, vary=0.45, locks=1400, frame=0.92, stray=0.05,
        lift=0.7, cut=-0.21,
    ),
    "waves": replace(
        _LONG, length=0.42, rise=(0.010, 0.014, 0.016, 0.018, 0.015), curl=0.0105, turn=0.130, flat=0.85, clump=0.42,
        locks=1700, points=26, strands=42_000, width=0.00022, vary=0.18, frame=0.98, lift=0.35, bundles=130,
        join=0.5, loose=0.010,
    ),
    "curls": Style(
        length=(0.10, 0.115, 0.10, 0.10, 0.08), lift=0.9, gravity=0.12, rise=0.028, cling=0.25, noise=0.30,
        wander=0.06, points=26, strands=40_000, width=0.00023, clump=0.80, curl=0.0062, turn=0.030, frizz=0.0012,
        stray=0.05, locks=900, vary=0.3, shine=0.6, fringe_cut=0.046, blunt=0.012, frame=1.10,
    ),
    "long curls": Style(
        length=0.40, flow="part", lift=0.9, gravity=0.24, rise=(0.020, 0.030, 0.030, 0.030, 0.02), cling=0.4,
        noise=0.16, wander=0.05, points=38, strands=30_000, width=0.00028, clump=0.82, curl=0.0085, turn=0.045,
        frizz=0.0014, stray=0.06, locks=850, vary=0.3, shine=0.6, frame=1.0,
    ),
    "coils": Style(
        length=0.060, flow="whorl", lift=2.2, gravity=0.0, rise=0.0, cling=0.0, noise=0.35, wander=0.10, points=26,
        strands=38_000, width=0.00024, clump=0.85, curl=0.0034, turn=0.013, frizz=0.0008, stray=0.04, locks=1500,
        ball=0.034, shine=0.45, soft=3.0,
    ),
    "afro": Style(
        length=0.13, flow="up", lift=3.0, gravity=0.0, rise=0.0, cling=0.0, noise=0.35, wander=0.14, points=24,
        strands=45_000, width=0.00030, clump=0.3, curl=0.0040, turn=0.020, frizz=0.0022, stray=0.05, locks=3000,
        ball=0.072, shine=0.35, soft=3.0,
    ),
    "locs": Style(
        length=0.34, flow="part", lift=0.8, gravity=0.25, rise=0.018, cling=0.5, noise=0.10, wander=0.03, points=36,
        strands=36_000, width=0.00034, frizz=0.0009, shine=0.3, vary=0.15, ropes=Ropes(count=170, radius=0.0042,
        kind="loc"),
    ),
    "braids": Style(
        length=0.42, flow="part", lift=0.6, gravity=0.28, rise=0.013, cling=0.6, noise=0.04, points=60,
        strands=20_000, width=0.00040, shine=0.6, vary=0.08, ropes=Ropes(count=190, radius=0.0034, kind="plait"),
    ),
    "cornrows": Style(
        length=0.05, points=80, strands=12_000, width=0.00042, shine=0.6, ropes=Ropes(count=22, radius=0.0046,
        kind="row"),
    ),
    "bun": Style(
        length=0.2, points=14, strands=46_000, width=0.00019, soft=8.0,
        tied=Tied(up=54, kind="bun", size=0.043, share=0.7),
    ),
    "top knot": Style(
        length=0.2, points=14, strands=46_000, width=0.00019, soft=8.0,
        tied=Tied(up=74, kind="bun", size=0.030, share=0.35),
    ),
    "ponytail": Style(
        length=0.2, points=14, strands=46_000, width=0.00019, soft=8.0,
        tied=Tied(up=50, kind="tail", size=0.44, share=0.5),
    ),
    "pigtails": Style(
        length=0.2, points=14, strands=46_000, width=0.00019, soft=8.0,
        tied=Tied(up=18, kind="tail", size=0.40, sides=2, share=0.5),
    ),
}  # fmt: skip
_PLAITS: Final = replace(STYLES["pigtails"], tied=Tied(up=-12, kind="plait", size=0.38, sides=2, share=0.5))
_ALSO: Final = {"short": "crop", "curly": "curls", "long": "long straight", "buzz": "buzz cut", "medium": "tousled"}
BARE: Final = ("bald", "none", "shaved")
"""Styles without hair."""


def style(person: Person) -> Style:
    """The style of somebody's hair; a name that is not in the table is the nearest there, or what is usual."""
    return _style(person.hair.style, person.masculinity >= 0.5, person.ancestry[0] > 0.5)


@lru_cache(maxsize=64)
def _style(asked: str, man: bool, coily: bool) -> Style:
    name = asked.strip().lower()
    name = _ALSO.get(name, name)
    if name == "braids" and not (man or coily):
        return _PLAITS
    if name not in STYLES:
        inside = [known for known in STYLES if known in name or (name and name in known)]
        close = inside or get_close_matches(name, STYLES, 1, 0.6)
        name = close[0] if close else "crop" if man else "long straight"
    return STYLES[name]
