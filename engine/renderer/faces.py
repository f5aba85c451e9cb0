"""Somebody who does not exist: a person from a seed, and from whatever words have fixed of them.

Faces are pleasant first: most features stay near the middle, and three or four of each person's stand out, as real
faces are told apart. Left and right differ by a few hundredths. The same seed keeps its features when a word changes
sex, age or ancestry: each trait is drawn from a stream of its own.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.renderer.scene import RGB, Beard, Hair, Person, Skin

Ancestry = tuple[float, float, float]

BUILDS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "slim": (0.28, 0.42), "thin": (0.20, 0.38), "athletic": (0.42, 0.72), "muscular": (0.50, 0.90),
        "average": (0.47, 0.50), "curvy": (0.62, 0.46), "stocky": (0.66, 0.62), "heavy": (0.78, 0.48),
        "plump": (0.72, 0.44),
    }
)  # fmt: skip
"""Weight and muscle."""

PAIRED: Final[Mapping[str, float]] = MappingProxyType(
    {
        "cheek-bones-incr": 0.24, "cheek-inner-incr": 0.16, "cheek-trans-up": 0.16, "cheek-volume-incr": 0.24,
        "ear-lobe-incr": 0.25, "ear-scale-incr": 0.18, "ear-wing-incr": 0.15, "eye-corner1-up": 0.24,
        "eye-corner2-up": 0.16, "eye-eyefold-angle-up": 0.22, "eye-eyefold-up": 0.24, "eye-height2-incr": 0.20,
        "eye-push1-out": 0.14, "eye-push2-out": 0.14, "eye-scale-incr": 0.18, "eye-trans-out": 0.30,
        "eye-trans-up": 0.18, "lower-lid-up": 0.10, "upper-lid-up": 0.18,
    }
)  # fmt: skip
"""How far a control usually strays, for those that either side has."""
MIDDLE: Final[Mapping[str, float]] = MappingProxyType(
    {
        "brow-ridge": 0.22, "cheekbones-wide": 0.24, "cheeks-hollow": 0.22, "chin-bones-incr": 0.20,
        "chin-cleft-incr": 0.12, "chin-height-incr": 0.20, "chin-jaw-drop-incr": 0.16, "chin-point": 0.24,
        "chin-prominent-incr": 0.20, "chin-width-incr": 0.20, "eyebrows-angle-up": 0.20,
        "eyebrows-trans-forward": 0.16, "eyebrows-trans-up": 0.24, "face-taper": 0.22, "forehead-nubian-incr": 0.08,
        "forehead-scale-vert-incr": 0.14, "forehead-temple-incr": 0.20, "forehead-trans-forward": 0.14,
        "head-fat-incr": 0.22, "head-scale-depth-incr": 0.16, "head-scale-horiz-incr": 0.19,
        "head-scale-vert-incr": 0.14, "jaw-corners": 0.28, "lower-face": 0.20, "mouth-angles-up": 0.10,
        "mouth-cupidsbow-incr": 0.28, "mouth-cupidsbow-width-incr": 0.28, "mouth-lowerlip-height-incr": 0.30,
        "mouth-lowerlip-volume-incr": 0.28, "mouth-philtrum-volume-incr": 0.10, "mouth-scale-horiz-incr": 0.30,
        "mouth-trans-up": 0.16, "mouth-upperlip-height-incr": 0.30, "mouth-upperlip-volume-incr": 0.28,
        "neck-scale-horiz-incr": 0.18, "nose-base-up": 0.22, "nose-curve-convex": 0.25, "nose-flaring-incr": 0.16,
        "nose-greek-incr": 0.22, "nose-hump-incr": 0.28, "nose-nostrils-width-incr": 0.15, "nose-point-up": 0.25,
        "nose-point-width-incr": 0.25, "nose-scale-depth-incr": 0.33, "nose-scale-horiz-incr": 0.28,
        "nose-scale-vert-incr": 0.33, "nose-septumangle-incr": 0.25, "nose-trans-up": 0.19, "nose-volume-incr": 0.22,
        "nose-width1-incr": 0.28, "nose-width2-incr": 0.28, "nose-width3-incr": 0.25, "upper-lip": 0.33,
    }
)  # fmt: skip
ASKEW: Final = ("nose-trans-out", "mouth-trans-out", "head-trans-out", "head-angle-out")
"""What lies a little beside the middle in everybody."""
TENDENCY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "eye-scale-incr": (0.78, 0.64), "eye-push2-out": (0.45, 0.45), "eye-trans-out": (0.08, -0.36),
        "eye-eyefold-up": (0.14, 0.18), "eye-height2-incr": (0.08, 0.26), "eye-push1-out": (0.62, 0.58),
        "eye-corner2-up": (-0.06, -0.06),
        "nose-scale-vert-incr": (-0.28, -0.18), "nose-base-up": (0.20, 0.16), "nose-trans-up": (0.11, 0.10),
        "nose-hump-incr": (-0.18, 0.0), "nose-point-up": (0.14, 0.02), "nose-scale-horiz-incr": (-0.20, -0.06),
        "nose-point-width-incr": (-0.20, -0.08), "nose-width2-incr": (-0.14, 0.0), "mouth-trans-up": (-0.13, -0.13),
        "mouth-scale-horiz-incr": (0.04, 0.14), "mouth-upperlip-height-incr": (0.08, -0.12),
        "mouth-lowerlip-height-incr": (0.22, 0.0), "mouth-scale-vert-incr": (-0.04, -0.14),
        "mouth-lowerlip-volume-incr": (0.46, 0.18), "mouth-angles-up": (0.14, 0.12), "upper-lip": (0.26, 0.36),
        "head-scale-horiz-incr": (-0.22, -0.15), "head-scale-vert-incr": (-0.44, -0.42),
        "forehead-scale-vert-incr": (0.10, 0.05), "forehead-nubian-incr": (-0.05, 0.0),
        "head-fat-incr": (-0.12, -0.08), "face-taper": (0.44, 0.28), "jaw-corners": (-0.36, 0.04),
        "chin-point": (0.52, 0.04), "chin-height-incr": (0.04, 0.04), "chin-prominent-incr": (0.04, 0.12),
        "cheekbones-wide": (-0.20, -0.18), "cheek-bones-incr": (0.26, 0.12), "cheeks-hollow": (0.12, 0.10),
        "brow-ridge": (-0.48, -0.06), "eyebrows-trans-up": (0.18, 0.10), "neck-scale-horiz-incr": (-0.42, -0.42),
        "neck-scale-vert-incr": (0.25, 0.20), "ear-wing-incr": (-0.10, -0.10), "ear-scale-incr": (0.0, -0.05),
        "eye-corner1-up": (0.30, 0.20), "eye-eyefold-angle-up": (-0.08, -0.04), "upper-lid-up": (0.26, 0.76),
        "lower-lid-up": (0.03, 0.36), "eyebrows-angle-up": (-0.16, -0.08), "eyebrows-trans-forward": (-0.16, -0.04),
        "nose-width3-incr": (-0.12, -0.04), "nose-scale-depth-incr": (-0.16, -0.06),
        "nose-volume-incr": (-0.14, -0.06), "mouth-upperlip-volume-incr": (0.34, 0.14), "lower-face": (-0.08, -0.04),
        "cheek-volume-incr": (-0.02, -0.04), "nose-flaring-incr": (-0.12, -0.06),
        "head-scale-depth-incr": (-0.25, -0.20),
    }
)  # fmt: skip
"""Where women's and men's controls are centred: anny's faces are wider, and their eyes smaller and farther apart, than
people's are. These bring landmarks (eyes, nose, mouth, cheekbones, jaw) to the means that anthropometry gives."""
AWAY: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "eye-trans-out": (0.06, 0.0), "eye-push1-out": (0.0, 0.12), "nose-scale-horiz-incr": (-0.16, 0.06),
        "nose-nostrils-width-incr": (-0.10, 0.10), "mouth-upperlip-height-incr": (0.0, -0.24),
        "mouth-lowerlip-height-incr": (-0.20, 0.05), "mouth-scale-vert-incr": (0.0, -0.22),
        "mouth-scale-horiz-incr": (0.08, 0.0), "upper-lip": (0.05, -0.15), "head-scale-horiz-incr": (0.03, 0.10),
        "chin-height-incr": (0.04, 0.26), "face-taper": (0.04, -0.26), "chin-point": (0.05, -0.16),
        "lower-face": (-0.14, 0.05), "cheekbones-wide": (-0.04, -0.08),
        "upper-lid-up": (0.0, -0.12), "lower-lid-up": (-0.02, -0.26), "eye-corner1-up": (0.0, -0.10),
        "eyebrows-angle-up": (0.0, 0.05),
    }
)  # fmt: skip
"""What African and Asian looks add to that: anny's own differences are stronger than people's."""
TYPES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "long": {"head-scale-vert-incr": 0.12, "lower-face": 0.16, "nose-scale-vert-incr": 0.14, "upper-lip": 0.08,
                 "head-scale-horiz-incr": -0.10, "chin-height-incr": 0.10},
        "soft": {"head-fat-incr": 0.18, "cheek-volume-incr": 0.16, "cheeks-hollow": -0.18, "chin-point": -0.08,
                 "cheek-inner-incr": 0.12, "nose-volume-incr": 0.08, "neck-double-incr": 0.08},
        "strong jaw": {"jaw-corners": 0.20, "chin-width-incr": 0.12, "chin-prominent-incr": 0.16, "face-taper": -0.12,
                       "chin-bones-incr": 0.10},
        "broad nose": {"nose-scale-horiz-incr": 0.12, "nose-width1-incr": 0.18, "nose-width2-incr": 0.18,
                       "nose-point-width-incr": 0.18, "nose-nostrils-width-incr": 0.08},
        "large nose": {"nose-scale-depth-incr": 0.18, "nose-scale-vert-incr": 0.14, "nose-hump-incr": 0.20,
                       "nose-point-up": -0.12, "nose-septumangle-incr": 0.10, "nose-greek-incr": 0.10},
        "full lips": {"mouth-upperlip-height-incr": 0.16, "mouth-lowerlip-height-incr": 0.16,
                      "mouth-upperlip-volume-incr": 0.16, "mouth-lowerlip-volume-incr": 0.16,
                      "mouth-scale-horiz-incr": -0.06},
        "wide mouth": {"mouth-scale-horiz-incr": 0.20, "mouth-cupidsbow-incr": -0.08},
        "deep eyes": {"brow-ridge": 0.22, "eyebrows-trans-up": -0.16, "eyebrows-trans-forward": 0.14,
                      "eye-eyefold-up": -0.18, "eye-height2-incr": -0.10, "eye-trans-up": 0.08},
        "large eyes": {"eye-scale-incr": 0.14, "eye-height2-incr": 0.12, "eye-eyefold-up": 0.10,
                       "eyebrows-trans-up": 0.08, "upper-lid-up": 0.10},
        "close eyes": {"eye-trans-out": -0.20, "nose-width1-incr": -0.08, "eye-push2-out": -0.04},
        "slant": {"eye-corner1-up": 0.24, "eye-corner2-up": -0.12, "eye-eyefold-angle-up": -0.16,
                  "eyebrows-angle-up": -0.14},
        "high cheekbones": {"cheekbones-wide": 0.20, "cheek-bones-incr": 0.20, "cheek-trans-up": 0.14,
                            "cheeks-hollow": 0.12},
        "high forehead": {"forehead-scale-vert-incr": 0.08, "forehead-temple-incr": 0.14,
                          "forehead-trans-forward": 0.12, "forehead-nubian-incr": 0.05},
    }
)  # fmt: skip
"""What goes together in faces: how much each control moves with how far somebody is of this type (about −2 to 2)."""
MOST: Final = 0.85
"""No control goes farther than this."""
PLEASANT: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "mouth-scale-horiz-incr": (-0.08, 0.44), "upper-lip": (-0.10, 0.34), "lower-face": (-0.38, 0.12),
        "head-scale-vert-incr": (-0.72, -0.08), "nose-scale-vert-incr": (-0.62, 0.12),
        "chin-height-incr": (-0.30, 0.22),
        "chin-jaw-drop-incr": (-0.24, 0.26), "eye-corner2-up": (-0.40, 0.24), "eye-eyefold-up": (-0.30, 0.50),
        "eyebrows-trans-up": (-0.36, 0.44), "eyebrows-angle-up": (-0.48, 0.10), "head-fat-incr": (-0.45, 0.26),
        "head-scale-horiz-incr": (-0.46, 0.10), "nose-scale-depth-incr": (-0.54, 0.32),
        "nose-hump-incr": (-0.50, 0.34),
        "nose-point-up": (-0.28, 0.42), "nose-scale-horiz-incr": (-0.36, 0.30), "nose-volume-incr": (-0.32, 0.26),
        "mouth-angles-up": (-0.02, 0.32), "forehead-scale-vert-incr": (-0.30, 0.36), "cheek-volume-incr": (-0.36, 0.36),
        "eye-scale-incr": (0.42, 0.96), "brow-ridge": (-0.78, 0.30), "chin-prominent-incr": (-0.22, 0.40),
        "eye-corner1-up": (-0.12, 0.62), "eye-eyefold-angle-up": (-0.40, 0.26), "upper-lid-up": (0.0, 0.95),
        "lower-lid-up": (-0.50, 0.62), "chin-point": (-0.34, 0.62), "mouth-lowerlip-volume-incr": (-0.20, 0.80),
        "face-taper": (-0.24, 0.68),
        "cheekbones-wide": (-0.50, 0.10),
    }
)  # fmt: skip
"""Between which values controls stay that make a caricature: long upper lips, drooping eyes, faces all chin."""
MEASURES: Final[tuple[tuple[float, Mapping[str, float]], ...]] = (
    (4.5, {"chin-height-incr": 20, "lower-face": 10, "head-scale-vert-incr": 22, "upper-lip": 6, "nose-trans-up": 4}),
    (3.5, {"chin-height-incr": 20, "lower-face": 10, "head-scale-vert-incr": 12, "upper-lip": 5, "nose-base-up": 3}),
    (3.5, {"head-scale-horiz-incr": 27, "cheekbones-wide": 4}),
    (4.5, {"face-taper": -23, "head-fat-incr": 18, "head-scale-horiz-incr": 20, "cheeks-hollow": -5, "jaw-corners": 4}),
    (4.0, {"face-taper": 23, "head-fat-incr": -18, "head-scale-horiz-incr": 7, "cheeks-hollow": 5, "jaw-corners": -4,
           "cheekbones-wide": 4}),
    (2.2, {"eye-trans-out": 6, "eye-push2-out": -6.7, "eye-scale-incr": -3.3, "head-scale-horiz-incr": 4.7}),
)  # fmt: skip
"""How many millimetres a face may differ from the mean in its height, that of its lower third, its width at the cheeks
and at the jaw, how much it narrows, and the room between the eyes; and what each control at 1 adds. About nine in ten
people are within (Farkas, Anthropometry of the Head and Face)."""
STRAYS: Final = 0.42
"""Nor farther than this from its middle, but for those that stand out."""
STANDING_OUT: Final = 7
STRONG: Final = (0.36, 0.56)
"""How far those controls go that stand out."""

TONES: Final[tuple[tuple[RGB, float], ...]] = (
    ((0.135, 0.074, 0.047), 0.36),
    ((0.44, 0.29, 0.205), 0.20),
    ((0.52, 0.338, 0.252), 0.22),
)
"""Cheeks of African, Asian and European ancestry, and how far they spread, as a logarithm of lightness."""
IRISES: Final[Mapping[str, RGB]] = MappingProxyType(
    {
        "dark brown": (0.045, 0.020, 0.010), "brown": (0.105, 0.046, 0.016), "hazel": (0.15, 0.085, 0.028),
        "green": (0.115, 0.13, 0.055), "blue": (0.10, 0.16, 0.24), "grey": (0.15, 0.165, 0.18),
    }
)  # fmt: skip
HAIRS: Final[Mapping[str, RGB]] = MappingProxyType(
    {
        "black": (0.026, 0.020, 0.017), "dark brown": (0.075, 0.040, 0.022), "brown": (0.145, 0.075, 0.038),
        "light brown": (0.25, 0.145, 0.075), "auburn": (0.23, 0.075, 0.030), "red": (0.40, 0.125, 0.035),
        "dark blonde": (0.36, 0.22, 0.11), "blonde": (0.60, 0.42, 0.22),
    }
)  # fmt: skip
MIXES: Final[tuple[tuple[float, Ancestry], ...]] = (
    (0.34, (0.04, 0.05, 0.91)), (0.17, (0.03, 0.93, 0.04)), (0.17, (0.90, 0.04, 0.06)), (0.10, (0.30, 0.22, 0.48)),
    (0.08, (0.12, 0.10, 0.78)), (0.08, (0.16, 0.30, 0.54)), (0.06, (0.48, 0.07, 0.45)),
)  # fmt: skip
"""How often, and of what mixture, people are when nobody says."""
_WOMENS: Final = ("long straight", "waves", "shoulder length", "bob", "ponytail", "long bob", "fringe", "bun", "waves")
_WOMENS_COILED: Final = ("afro", "braids", "coils", "long curls", "bun", "shoulder length")
_MENS: Final = ("crop", "side part", "tousled", "quiff", "crew cut", "curtains", "slick back", "crop")
_MENS_COILED: Final = ("coils", "buzz cut", "afro", "crew cut", "locs", "coils")


def person(
    seed: int, *, masculinity: float | None = None, age: float | None = None, ancestry: Ancestry | None = None,
    build: str = "", tone: RGB | None = None, hair: Hair | None = None, beard: Beard | None = None,
) -> Person:  # fmt: skip
    """The person of this number with what is fixed; the rest is drawn so that it suits."""
    if masculinity is None:
        masculinity = masculine(seed, _stream(seed, "man").random() < 0.5)
    years = _years(seed) if age is None else min(max(float(age), 18.0), 95.0)
    mix = _ancestry(seed) if ancestry is None else ancestry
    weight, muscle = _build(seed, build)
    own = _tone(seed, mix) if tone is None else tone
    colour, grey = _hair_colour(seed, mix), _grey(seed, years, masculinity)
    return Person(
        seed=seed, masculinity=masculinity, age=years, ancestry=mix, weight=weight, muscle=muscle,
        shape=_shape(seed, masculinity, years, mix), skin=_skin(seed, own, years, masculinity, mix),
        iris=_iris(seed, mix),
        hair=hair or Hair(style=_style(seed, masculinity, mix), colour=colour, grey=grey,
                          parting=round(_between(seed, "parting", -0.5, 0.5), 2), line=_line(seed, years, masculinity)),
        brow_thickness=_between(seed, "brows", 0.22, 0.66) + 0.28 * masculinity,
        brow_arch=_between(seed, "arch", 0.28, 0.58) - 0.20 * masculinity,
        beard=beard or Beard(colour=colour, grey=grey),
    )  # fmt: skip


def _style(seed: int, masculinity: float, mix: Ancestry) -> str:
    """How somebody wears the hair when nobody says."""
    named: tuple[str, ...] = _MENS if masculinity > 0.5 else _WOMENS
    if mix[0] > 0.6:
        named = _MENS_COILED if masculinity > 0.5 else _WOMENS_COILED
    return _stream(seed, "hair style").choice(named)


def _stream(seed: int, trait: str) -> random.Random:
    """A stream of random numbers for one trait of one person: the same on every machine, for ever."""
    return random.Random(f"studio-{seed}-{trait}")


def _between(seed: int, trait: str, low: float, high: float) -> float:
    return _stream(seed, trait).uniform(low, high)


def _years(seed: int) -> float:
    return round(_stream(seed, "age").triangular(20, 66, 29), 1)


def _ancestry(seed: int) -> Ancestry:
    (mix,) = _stream(seed, "mix").choices([mix for _, mix in MIXES], [often for often, _ in MIXES])
    return like(mix, seed)


def like(mix: Ancestry, seed: int) -> Ancestry:
    """Somebody of these looks: near the mixture, as people of one country differ."""
    rng = _stream(seed, "ancestry")
    drawn = [rng.gammavariate(0.15 + 7.0 * share, 1.0) for share in mix]
    total = sum(drawn)
    return (drawn[0] / total, drawn[1] / total, drawn[2] / total)


def shade(tone: RGB, seed: int) -> RGB:
    """Somebody's own skin of a tone that has a name: a little lighter or darker, warmer or cooler."""
    rng = _stream(seed, "shade")
    lightness, warmth = _within(rng.gauss(0, 0.07), -0.13, 0.13), _within(rng.gauss(0, 0.045), -0.09, 0.09)
    varied = [
        round(_within(channel * 2.718281828 ** (lightness * much + warmth * lean), 0.02, 0.72), 4)
        for channel, much, lean in zip(tone, (0.85, 1.0, 1.1), (0.55, -0.1, -1.0), strict=True)
    ]
    return (varied[0], varied[1], varied[2])


def masculine(seed: int, man: bool) -> float:
    """How masculine a woman's or a man's face is."""
    return round(_between(seed, "sex", *((0.84, 1.0) if man else (0.0, 0.10))), 4)


def _build(seed: int, build: str) -> tuple[float, float]:
    rng = _stream(seed, "build")
    weight, muscle = BUILDS.get(build, BUILDS["average"])
    spread = 0.05 if build in BUILDS else 0.19
    return _within(rng.gauss(weight, spread), 0.12, 0.9), _within(rng.gauss(muscle, 0.06), 0.2, 0.95)


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _shape(seed: int, masculinity: float, years: float, mix: Ancestry) -> tuple[tuple[str, float], ...]:
    """Local controls by name: most near the middle, a few that make the face."""
    spread = {**PAIRED, **MIDDLE}
    rng = _stream(seed, "features")
    apart = set(rng.sample([name for name, usual in spread.items() if usual >= 0.2], STANDING_OUT))
    types = {name: _within(_stream(seed, name).gauss(0, 1), -1.9, 1.9) for name in TYPES}
    together = dict.fromkeys(control for moved in TYPES.values() for control in moved)
    strays: dict[str, float] = {}
    middle: dict[str, float] = {}
    for name in dict.fromkeys((*spread, *together, *TENDENCY, *AWAY)):
        own, middle[name] = _stream(seed, name), _middle(name, masculinity, mix)
        far = _within(own.gauss(0, spread.get(name, 0.0)), -STRAYS, STRAYS)
        if name in apart:
            far = own.choice((-1, 1)) * own.uniform(*STRONG)
        far += sum(much * TYPES[kind].get(name, 0.0) for kind, much in types.items())
        strays[name] = _within(far + middle[name], *PLEASANT.get(name, (-MOST, MOST))) - middle[name]
    drawn: list[tuple[str, float]] = []
    for name, far in _measured(strays).items():
        value = far + middle[name]
        if name in PAIRED:
            tilt = _stream(seed, f"{name} tilt").gauss(0, 0.035)
            drawn += [(f"l-{name}", round(value + tilt, 4)), (f"r-{name}", round(value - tilt, 4))]
        else:
            drawn.append((name, round(value, 4)))
    drawn += [(name, round(_stream(seed, name).gauss(0, 0.022), 4)) for name in ASKEW]
    return (*drawn, *_aged(seed, years))


def _measured(strays: Mapping[str, float]) -> dict[str, float]:
    """How far controls stray, less where they together would leave what faces measure (`MEASURES`)."""
    kept = dict(strays)
    for most, controls in MEASURES:
        adding = {name: much * kept.get(name, 0.0) for name, much in controls.items()}
        total = sum(adding.values())
        over = abs(total) - most
        if over <= 0:
            continue
        same = {name: part for name, part in adding.items() if part * total > 0}
        share = 1 - over / abs(sum(same.values()))
        kept |= {name: kept[name] * share for name in same}
    return kept


def _middle(name: str, masculinity: float, mix: Ancestry) -> float:
    """Where a control is centred for this sex and these looks."""
    woman, man = TENDENCY.get(name, (0.0, 0.0))
    return woman + (man - woman) * masculinity + _mixed(mix, (*AWAY.get(name, (0.0, 0.0)), 0.0))


def _aged(seed: int, years: float) -> list[tuple[str, float]]:
    """What the years do to a face beyond anny's own old age: bags, folds beside the mouth, heavy lids, thin lips."""
    bags = _within((years - 45) / 60, 0, 0.5) * _between(seed, "bags", 0.2, 1.0)
    folds = _within((years - 35) / 60, 0, 0.7) * _between(seed, "folds", 0.3, 1.0)
    late = _within((years - 52) / 40, 0, 1) * _between(seed, "late", 0.7, 1.0)
    found = {"mouth-laugh-lines-out": -folds, "head-age-incr": 0.8 * late, "mouth-scale-depth-incr": -0.4 * late}
    for side in ("l", "r"):
        found |= {
            f"{side}-eye-bag-incr": bags, f"{side}-eye-height3-incr": -0.3 * late,
            f"{side}-ear-scale-vert-incr": 0.4 * late,
        }  # fmt: skip
    return [(name, round(value, 4)) for name, value in found.items() if value]


def _mixed(mix: Ancestry, of: tuple[float, float, float]) -> float:
    total = sum(mix) or 1.0
    return sum(share * value for share, value in zip(mix, of, strict=True)) / total


def _tone(seed: int, mix: Ancestry) -> RGB:
    """A skin tone by ancestry, its lightness and warmth the person's own."""
    rng = _stream(seed, "tone")
    lightness = _within(rng.gauss(0, 1), -1.8, 1.8) * _mixed(mix, tuple(spread for _, spread in TONES))  # type: ignore[arg-type]
    warmth = _within(rng.gauss(0, 0.05), -0.1, 0.1)
    channels = []
    for k, lean in enumerate((0.55, -0.1, -1.0)):
        # albedos mix as logarithms do: halfway between dark and light looks halfway
        middle = 1.0
        for share, (tone, _) in zip(mix, TONES, strict=True):
            middle *= tone[k] ** (share / (sum(mix) or 1.0))
        channels.append(
            round(_within(middle * 2.718281828 ** (lightness * (0.85, 1.0, 1.1)[k] + warmth * lean), 0.02, 0.72), 4)
        )
    return (channels[0], channels[1], channels[2])


def _skin(seed: int, tone: RGB, years: float, masculinity: float, mix: Ancestry) -> Skin:
    rng = _stream(seed, "skin")
    light = _within((tone[0] - 0.3) / 0.3, 0, 1) * _mixed(mix, (0.3, 0.3, 1.0))
    freckled = max(0.0, rng.uniform(-2.2, 1.0)) * light
    return Skin(
        tone=tone, oil=round(rng.uniform(0.15, 0.42), 3), pores=round(rng.uniform(0.32, 0.6) + 0.12 * masculinity, 3),
        freckles=round(freckled, 3), moles=round(rng.uniform(0.0, 0.5), 3),
        wrinkles=round(_within((years - 50) / 50, 0, 0.8) * rng.uniform(0.4, 1.2), 3),
        blush=round(rng.uniform(0.15, 0.55), 3), mascara=round((1 - masculinity) * rng.uniform(0.45, 0.9), 3),
    )  # fmt: skip


def _iris(seed: int, mix: Ancestry) -> RGB:
    rng = _stream(seed, "iris")
    european = mix[2] / (sum(mix) or 1.0)
    if rng.random() > (european - 0.64) / 0.34:
        name = rng.choices(("dark brown", "brown", "hazel"), (1.6 - european, 1.0, 0.7 * european**2))[0]
    else:
        name = rng.choices(("blue", "grey", "green", "hazel", "brown"), (0.34, 0.14, 0.17, 0.17, 0.18))[0]
    vary = rng.uniform(0.85, 1.18)
    r, g, b = IRISES[name]
    return (round(r * vary, 4), round(g * vary, 4), round(b * vary, 4))


def _hair_colour(seed: int, mix: Ancestry) -> RGB:
    rng = _stream(seed, "hair")
    european = mix[2] / (sum(mix) or 1.0)
    if rng.random() > (european - 0.70) / 0.25:
        return HAIRS[rng.choices(("black", "dark brown"), (1.2 - european, 0.9 * european))[0]]
    return HAIRS[rng.choices(tuple(HAIRS), (0.08, 0.26, 0.22, 0.14, 0.06, 0.05, 0.11, 0.08))[0]]


def _grey(seed: int, years: float, masculinity: float) -> float:
    """Grey comes between the late thirties and the seventies, and women's is more often dyed."""
    begins = _between(seed, "grey", 38, 58) + 5 * (1 - masculinity)
    return round(_within((years - begins) / 24, 0, 1), 3)


def _line(seed: int, years: float, masculinity: float) -> float:
    share: float = _stream(seed, "line").random() ** 1.4
    return round(masculinity * _within((years - 26) / 45, 0, 1) * share, 3)
