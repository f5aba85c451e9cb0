"""A picture's parameters from a seed: who, in what, where, in which light, through which lens.

Pure: a `Scene` holds all that the renderer draws and all that a caption may say. The same index gives
the same scene on every machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from engine.builtin import vocabulary as words
from engine.builtin.people import Person, person

SIZES = ((128, 192), (128, 192), (128, 192), (128, 192), (128, 192), (128, 192), (160, 160), (192, 128))
"""Width and height in pixels, as often as each is drawn."""

KEPT = 0.35
"""How often what hides a face, once drawn, stays: glasses, beards and moustaches."""
KEPT_SHAPE = 0.5
"""How often a square or wide picture and light from below stay: faces are small or odd there."""

TAKES, LOOKS = 4, 3
"""How often each person sits, and in how many colours, places and apertures each sitting is shown."""
PER_PERSON = TAKES * LOOKS
"""How many pictures the data set holds of each person."""

_STYLES = {
    "man": ("bald", "buzz", "buzz", "short", "short", "short", "short", "curly", "curly", "long"),
    "woman": ("short", "curly", "curly", "bob", "bob", "long", "long", "long", "bun", "bun"),
}


@dataclass(frozen=True)
class Scene:
    """One picture. Slot values are keys of `vocabulary`; the rest only the renderer sees.

    `light_azimuth` is in degrees from the camera's axis, positive to the picture's right;
    `turn` and `tilt` are the head's, in degrees; `jitter` seeds strands and folds, `backdrop` the place.
    """

    person: Person
    jitter: int
    backdrop: int
    size: tuple[int, int]
    hair_colour: str
    hair_style: str
    facial_hair: str
    glasses: str
    clothes: str
    clothes_colour: str
    place: str
    light_side: str
    light_height: str
    light_hardness: str
    light_colour: str
    framing: str
    focal_length: str
    aperture: str
    expression: str
    light_azimuth: float
    light_elevation: float
    turn: float
    tilt: float
    gaze: float
    off_centre: tuple[float, float]
    zoom: float

    @property
    def slots(self) -> dict[str, str]:
        """Every slot of the vocabulary and its value here."""
        own = {name: str(getattr(self, name)) for name in words.SLOTS if hasattr(self, name)}
        who = self.person
        return own | {"sex": who.sex, "age": who.age, "skin": who.skin, "eyes": who.eyes}


def scene(person_seed: int, number: int) -> Scene:
    """The `number`-th picture of a person.

    `LOOKS` pictures in a row are one sitting: they share all but colours, place and aperture.
    """
    rng = random.Random(f"take-{person_seed}-{number // LOOKS}")
    look = random.Random(f"look-{person_seed}-{number}")
    who = person(person_seed)
    side = rng.choice(("left", "left", "right", "right", "front"))
    height = rng.choice(("high", "high", "high", "level", "level", "low"))
    drawn = Scene(
        person=who,
        jitter=rng.randrange(2**31),
        backdrop=look.randrange(2**31),
        size=rng.choice(SIZES),
        hair_colour=look.choice(tuple(words.HAIR_COLOURS)),
        hair_style=rng.choice(_STYLES[who.sex]),
        facial_hair=_facial_hair(rng, who.sex),
        glasses=rng.choice(("none",) * 8 + ("round", "square")),
        clothes=rng.choice(tuple(words.CLOTHES)),
        clothes_colour=look.choice(tuple(words.CLOTHES_COLOURS)),
        place=look.choice(tuple(words.PLACES)),
        light_side=side,
        light_height=height,
        light_hardness=rng.choice(tuple(words.LIGHT_HARDNESS)),
        light_colour=look.choice(tuple(words.LIGHT_COLOURS)),
        framing=rng.choice(tuple(words.FRAMINGS)),
        focal_length=rng.choice(tuple(words.FOCAL_LENGTHS)),
        aperture=look.choice(tuple(words.APERTURES)),
        expression=rng.choice(tuple(words.EXPRESSIONS)),
        light_azimuth=_azimuth(rng, side),
        light_elevation=_elevation(rng, height),
        turn=rng.uniform(-8.0, 8.0),
        tilt=rng.uniform(-4.0, 4.0),
        gaze=rng.uniform(-4.0, 4.0),
        off_centre=(rng.uniform(-0.04, 0.04), rng.uniform(-0.02, 0.02)),
        zoom=rng.uniform(0.96, 1.04),
    )
    return _seen_better(rng, drawn)


def _seen_better(rng: random.Random, drawn: Scene) -> Scene:
    """The scene, more often without what makes a face hard to tell."""
    bare, shaved = rng.random() >= KEPT, rng.random() >= KEPT
    tall, lifted = rng.random() >= KEPT_SHAPE, rng.random() >= KEPT_SHAPE
    elevation = _elevation(rng, "level")
    found = drawn
    if bare:
        found = replace(found, glasses="none")
    if shaved and found.facial_hair in ("beard", "moustache"):
        found = replace(found, facial_hair="none")
    if tall:
        found = replace(found, size=SIZES[0])
    if lifted and found.light_height == "low":
        found = replace(found, light_height="level", light_elevation=elevation)
    return found


def mirrored(original: Scene) -> Scene:
    """What the picture shows when it is flipped left to right."""
    other = {"left": "right", "right": "left"}
    return replace(
        original,
        light_side=other.get(original.light_side, original.light_side),
        light_azimuth=-original.light_azimuth,
        turn=-original.turn,
        tilt=-original.tilt,
        gaze=-original.gaze,
        off_centre=(-original.off_centre[0], original.off_centre[1]),
    )


def _facial_hair(rng: random.Random, sex: str) -> str:
    if sex == "woman":
        return "none"
    return rng.choice(("none", "none", "none", "none", "stubble", "moustache", "beard", "beard"))


def _azimuth(rng: random.Random, side: str) -> float:
    if side == "front":
        return rng.uniform(-8.0, 8.0)
    return rng.uniform(40.0, 60.0) * (1.0 if side == "right" else -1.0)


def _elevation(rng: random.Random, height: str) -> float:
    low, high = {"high": (35.0, 50.0), "level": (6.0, 18.0), "low": (-24.0, -13.0)}[height]
    return rng.uniform(low, high)
