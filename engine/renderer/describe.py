"""A scene in plain words: what the studio understood, as it is shown to people."""

from __future__ import annotations

from functools import cache

from engine.renderer.palette import HAIR, IRIS, SKIN, linear, nearest
from engine.renderer.scene import RGB, Camera, Hair, Lamp, Light, Outfit, Person, Scene, Sitter
from engine.renderer.studio_lexicon import table

_PLAIN_HAIR = frozenset({"bald"})


def describe(scene: Scene) -> str:
    """One line, its parts divided by semicolons: people, clothes, place, light, camera, film, words."""
    parts = [_sitter(sitter) for sitter in scene.sitters]
    parts += [_place(scene), _light(scene.light), _camera(scene.camera)]
    if scene.film.stock != "natural":
        parts.append(scene.film.stock)
    parts += [f'"{one.words}" on a {one.on}' for one in scene.lettering]
    return "; ".join(part for part in parts if part)


def colour_name(colour: RGB) -> str:
    """The first wording of the cloth colour that is nearest."""
    return nearest(colour, _cloth())


@cache
def _cloth() -> dict[str, RGB]:
    names: dict[str, RGB] = {}
    for phrase, code in table("colour").items():
        if linear(code) not in names.values():
            names[" ".join(phrase)] = linear(code)
    return names


def _sitter(sitter: Sitter) -> str:
    return f"{_person(sitter.person)}, {sitter.pose.expression}; {_outfit(sitter.outfit)}"


def _person(person: Person) -> str:
    sex = "woman" if person.masculinity < 0.5 else "man"
    said = [f"{sex} of {person.age:.0f}", f"{nearest(person.skin.tone, SKIN)} skin", _hair(person.hair)]
    if person.beard.kind != "none":
        said.append(person.beard.kind)
    said.append(f"{nearest(person.iris, IRIS)} eyes")
    if person.glasses:
        said.append("sunglasses" if person.glasses == "sunglasses" else f"{person.glasses} glasses")
    return ", ".join(said)


def _hair(hair: Hair) -> str:
    if hair.style in _PLAIN_HAIR:
        return hair.style
    return f"{nearest(hair.colour, HAIR)} hair ({hair.style}{', fringe' if hair.fringe else ''})"


def _outfit(outfit: Outfit) -> str:
    cloth = " ".join(
        part for part in (colour_name(outfit.colour), outfit.pattern, outfit.fabric, outfit.garment) if part
    )
    return ", ".join(part for part in (cloth, outfit.hat, outfit.necklace) if part)


def _place(scene: Scene) -> str:
    place = scene.place
    if place.colour is not None:
        return f"{colour_name(place.colour)} {place.name}"
    return f"{place.name}, {place.time}" if place.time else place.name


def _light(light: Light) -> str:
    key = next((lamp for lamp in light.lamps if lamp.role == "key"), None)
    return f"{light.name} light{_side(key)}"


def _side(key: Lamp | None) -> str:
    if key is None or abs(key.side) < 12:
        return ""
    return " from the left" if key.side < 0 else " from the right"


def _camera(camera: Camera) -> str:
    return f"{camera.framing}, {camera.focal_mm:.0f} mm f/{camera.f_number:g}"
