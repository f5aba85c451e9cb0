"""What a portrait is of, as plain data: people, clothes, place, lamps, camera, film. Nothing here renders.

A `Scene` and a seed make one picture, bit for bit. Lengths are metres, angles degrees, colours linear RGB from 0 to 1
(what a white light leaves of itself), shares 0 to 1. Sides are the picture's: −1 or "left" is the viewer's left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

RGB: TypeAlias = tuple[float, float, float]

PERSON_VERSION: Final = 2
"""Raised when a saved person would look different; older ones keep their look as far as possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hair:
    """Hair of the head: a style of `engine.renderer.hair`, its colour, how much of it is grey."""

    style: str = "crop"
    colour: RGB = (0.075, 0.040, 0.022)
    tips: RGB | None = None
    """Colour of the ends where they differ: balayage, ombre, dip dye."""
    grey: float = 0.0
    length: float = 1.0
    """Times the style's own length."""
    volume: float = 1.0
    parting: float = -0.3
    """Where it parts, −1 (viewer's left) to 1; styles without a parting ignore it."""
    fringe: bool = False
    """Bangs over the forehead, for styles that can have them."""
    line: float = 0.0
    """How far the hair line has receded: 0 young, 1 high temples and crown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beard:
    """Facial hair: a kind of `engine.renderer.hair`, "none" for a shaven face."""

    kind: str = "none"
    colour: RGB = (0.075, 0.040, 0.022)
    grey: float = 0.0
    length: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """Tone and what is seen on it; shares from 0 (none) to 1 (as much as is natural)."""

    tone: RGB = (0.48, 0.30, 0.22)
    """Albedo of the cheek."""
    oil: float = 0.3
    pores: float = 0.5
    freckles: float = 0.0
    moles: float = 0.1
    wrinkles: float = 0.0
    blush: float = 0.2
    scars: tuple[str, ...] = ()
    """Where: "cheek left", "brow right", "chin", "lip" …"""
    lips: RGB | None = None
    """Lipstick; None for the lips' own colour."""
    eye_shadow: RGB | None = None
    eyeliner: float = 0.0
    mascara: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody is: all that comes back with a saved character. `shape` are morphs of the body by name."""

    version: int = PERSON_VERSION
    seed: int = 0
    masculinity: float = 0.03
    age: float = 30.0
    """Years, 18 to 95."""
    ancestry: tuple[float, float, float] = (0.1, 0.1, 0.8)
    """Shares of African, Asian, European looks; they add up to 1."""
    weight: float = 0.5
    muscle: float = 0.5
    shape: tuple[tuple[str, float], ...] = ()
    skin: Skin = Skin()
    iris: RGB = (0.12, 0.052, 0.018)
    hair: Hair = Hair()
    brow_thickness: float = 0.5
    brow_arch: float = 0.5
    beard: Beard = Beard()
    glasses: str = ""
    """A frame of `engine.renderer.accessories`; "" for none."""
    earrings: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """What the face does and where it looks; the body is turned by the camera's angle, the head on top of that."""

    expression: str = "slight smile"
    strength: float = 1.0
    turn: float = 0.0
    nod: float = 0.0
    tilt: float = 0.0
    gaze: tuple[float, float] | None = None
    """Degrees right and up of straight ahead; None looks into the lens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """One garment with what belongs over or under it, and things worn. Names are of `engine.renderer.wardrobe`."""

    garment: str = "t-shirt"
    colour: RGB = (0.5, 0.5, 0.5)
    second: RGB | None = None
    """The other colour: stripes, a shirt under a suit, a collar."""
    fabric: str = ""
    """cotton, wool, knit, denim, leather, silk, satin, linen, velvet, metal …; "" is the garment's own."""
    pattern: str = ""
    """stripes, pinstripes, checks, dots, floral …; "" is plain."""
    hat: str = ""
    hat_colour: RGB | None = None
    necklace: str = ""
    tie: RGB | None = None
    scarf: RGB | None = None
    badge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """Somebody in the picture: a person, a pose, an outfit; `place` −1 to 1 across, two people stand at ∓0.5."""

    person: Person = Person()
    pose: Pose = Pose()
    outfit: Outfit = Outfit()
    place: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where: a set of `engine.renderer.places`, turned by `turn`; backdrops take a colour."""

    name: str = "grey studio"
    turn: float = 0.0
    colour: RGB | None = None
    time: str = ""
    """day, night, sunset where the place looks different then; "" is the place's own."""
    level: float = 1.0
    """Times the set's own brightness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """A light as a photographer sets it: degrees from the lens axis (at the face) to the viewer's right and up."""

    side: float = -40.0
    height: float = 25.0
    distance: float = 1.5
    radius: float = 0.35
    """Half its width: 0.05 a bare bulb (hard), 0.5 a large softbox."""
    shape: str = "round"
    """round, square, ring, strip, window, flame: what is mirrored in the eyes."""
    power: float = 1.0
    """Irradiance at the face, 1 for a key light that exposes skin rightly."""
    colour: RGB = (1.0, 0.96, 0.90)
    role: str = "key"
    """key, fill, rim, hair, kicker, practical."""
    pattern: str = ""
    """What stands in its way and throws shadows: leaves, blinds; "" for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A set-up: its lamps, and how much the place itself lights the sitter."""

    name: str = "loop"
    lamps: tuple[Lamp, ...] = (Lamp(),)
    ambient: float = 0.5
    exposure: float = 0.0
    """Stops over (high key) or under (low key) what is right for the skin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A full-frame camera (36 × 24 mm, upright): `turn` degrees round the sitter, `height` degrees above the eyes."""

    focal_mm: float = 85.0
    f_number: float = 2.0
    framing: str = "head and shoulders"
    """extreme close-up, close-up, head and shoulders, bust, half length, three-quarter."""
    turn: float = -12.0
    height: float = 2.0
    roll: float = 0.0
    aside: float = 0.0
    """How far left of the picture's middle the sitter is, as a share of an upright picture's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A stock of `engine.renderer.film` and what it adds; None leaves the stock's own."""

    stock: str = "natural"
    grain: float | None = None
    contrast: float = 0.0
    warmth: float = 0.0
    saturation: float = 0.0
    vignette: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """Words in the picture, spelled as they are: on a badge, a sign, a shirt, a wall, a hat."""

    words: str
    on: str = "sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything of a picture but its size."""

    sitters: tuple[Sitter, ...] = (Sitter(),)
    place: Place = Place()
    light: Light = Light()
    camera: Camera = Camera()
    film: Film = Film()
    lettering: tuple[Lettering, ...] = ()
    seed: int = 0
