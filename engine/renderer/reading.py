"""A structured prompt → a `Scene`: the words set people, clothes, place, lamps, lens and film.

What is not known is told, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.languages.english import in_english
from engine.prompts.lexicon import kind_of
from engine.prompts.looks import Looks
from engine.prompts.negation import moved
from engine.prompts.portrait_prompt import QUOTED
from engine.prompts.rendered_prompt import script
from engine.renderer import lights
from engine.renderer.clauses import SceneClause, clause, dressed, dyed, place_of
from engine.renderer.palette import linear
from engine.renderer.scene import RGB, Camera, Film, Lettering, Light, Person, Place, Scene, Sitter
from engine.renderer.sitters import cloth, outfit, person, pose
from engine.renderer.studio_lexicon import words

_LENS: Final = re.compile(r"(?<!\d)(\d{2,3}) ?mm\b")
_STOP: Final = re.compile(r"\b[fƒ] ?/? ?(\d{1,2}(?:[.,]\d)?)\b")
_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "badge": ("badge", "tag", "label", "pin", "lanyard", "card", "plate"),
    "hat": ("cap", "hat", "beanie", "helmet", "headband"),
    "shirt": (
        "shirt",
        "t",
        "tee",
        "hoodie",
        "sweater",
        "chest",
        "jersey",
        "apron",
        "top",
        "jacket",
        "printed",
        "sweatshirt",
    ),
    "wall": ("wall", "graffiti", "mural", "painted"),
    "sign": ("sign", "board", "placard", "poster", "banner", "signboard"),
}
"""What the nearest of the words round a quotation says that it stands on; anything else is a sign."""
_DARK: Final = frozenset(("dark", "moody", "shadowy"))
"""What makes a backdrop black where no colour is named with it."""
_BACKDROPS: Final = frozenset({"grey studio", "white studio", "black studio"})
_OUTDOORS: Final = frozenset(
    {
        "city day",
        "forest",
        "park",
        "garden",
        "field",
        "beach",
        "sea",
        "mountains",
        "desert",
        "snow",
        "rain",
        "fog",
        "rooftop",
        "sky",
    }
)
_AFTER_DARK: Final = frozenset({"city night", "bar", "stage"})


@dataclass(frozen=True, slots=True)
class SceneReading:
    """The scene, and what the words asked for that the studio does not know: whole clauses, or single words of one."""

    scene: Scene
    missed: tuple[str, ...] = ()


def read(
    prompt: PortraitPrompt,
    *,
    seed: int,
    characters: Mapping[str, Person] | None = None,
    sitters: Sequence[Person] = (),
    looks: Mapping[str, Looks] | None = None,
) -> SceneReading:
    """What the studio photographs for this prompt; `characters` are saved people by their handle.

    `sitters` are who is in a picture that is changed, from left to right: they stay, unless characters are named.
    `looks` are words about characters by handle that the prompt says nothing of its own about.
    The same prompt, seed and people give the same scene. Nobody under 18 is drawn.
    """
    saved = {handle.casefold(): who for handle, who in (characters or {}).items()}
    prompt, untold = in_english(prompt)
    prompt = moved(prompt)
    whole = script(prompt, [], [])
    spoken = [one for said in whole.clauses for one in _parted(said.slot, _without_quotes(said.words))]
    negative = [clause("detail", text) for text in whole.negative]
    negative += [clause("clothing", text) for text in whole.negative]
    place = _place(spoken)
    camera = _camera(spoken, prompt, seed)
    people = _people(prompt, saved, looks or {}) or [_Known(who) for who in sitters]
    scene = Scene(
        sitters=_sitters(spoken, negative, seed, people),
        place=place,
        light=_light(spoken, place, seed),
        camera=camera,
        film=_film(spoken),
        lettering=tuple(Lettering(words=text, on=_on(prompt, text)) for text in prompt.text),
        seed=seed,
    )
    return SceneReading(scene, (*_missed(spoken, saved), *untold))


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody in the picture, None where the seed draws them, and words about them alone."""

    person: Person | None = None
    said: tuple[SceneClause, ...] = ()


def _people(prompt: PortraitPrompt, saved: Mapping[str, Person], looks: Mapping[str, Looks]) -> list[_Known]:
    """The characters of the prompt, in its order, of whom anything is known."""
    found = []
    for handle in prompt.characters:
        said = looks.get(handle.casefold().partition(":")[0])
        known = _Known(_saved(handle, saved), (clause("subject", said.said()),) if said else ())
        found += [known] if known.person or known.said else []
    return found


def _saved(handle: str, saved: Mapping[str, Person]) -> Person | None:
    whole = handle.casefold()
    return saved.get(whole) or saved.get(whole.partition(":")[0])


def _parted(slot: str, text: str) -> list[SceneClause]:
    """A clause; one about a place that goes on with what is worn there is two."""
    said = words(text)
    at = dressed(said) if slot == "environment" else len(said)
    if at == len(said):
        return [clause(slot, text)]
    return [clause(slot, " ".join(said[:at])), clause("clothing", " ".join(said[at:]))]


def _without_quotes(said: str) -> str:
    return QUOTED.sub(" ", said)


def _missed(spoken: Sequence[SceneClause], saved: Mapping[str, Person]) -> list[str]:
    """Clauses without a known word, and garments and places that only their colour was known of."""
    missed = []
    for one in spoken:
        unknown = [word for word in one.unknown if word not in saved]
        who = one.slot == "subject" and any(kind_of(word) == "person" for word in one.said)
        if unknown and not who and not one.found and not one.hues and not _figures(one):
            missed.append(" ".join(one.said))
        elif unknown and one.slot in {"clothing", "environment"} and not one.keys("garment") and not one.keys("place"):
            missed.append(" ".join(unknown))
    return list(dict.fromkeys(missed))


def _figures(one: SceneClause) -> bool:
    said = " ".join(one.said)
    return bool(_LENS.search(said) or _STOP.search(said))


def _sitters(
    spoken: Sequence[SceneClause], negative: Sequence[SceneClause], seed: int, people: Sequence[_Known]
) -> tuple[Sitter, ...]:
    pair = next((key for one in spoken if one.slot == "subject" for key in one.keys("two")), "")
    if not pair and len(people) < 2:
        one = people[0] if people else _Known()
        return (_sitter([*one.said, *spoken], negative, seed, one.person),)
    halves = _halves(spoken)
    sexes = {"women": ("woman", "woman"), "men": ("man", "man")}.get(pair, _named_sexes(spoken))
    both = []
    for at, side in enumerate((-0.5, 0.5)):
        known = people[at] if at < len(people) else _Known()
        own = [*known.said, *halves[at]]
        own = [clause("subject", sexes[at]), *own] if known.person is None else own
        sitter = _sitter(own, negative, seed + 7919 * at, known.person)
        inwards = replace(sitter.pose, torso=abs(sitter.pose.torso) * (1 if side < 0 else -1))
        both.append(replace(sitter, pose=inwards, place=side))
    return tuple(both)


def _sitter(spoken: Sequence[SceneClause], negative: Sequence[SceneClause], seed: int, saved: Person | None) -> Sitter:
    who = person(spoken, negative, seed, saved)
    return Sitter(
        person=who,
        pose=pose(spoken, negative, seed),
        outfit=outfit(spoken, negative, seed, who.masculinity),
    )


def _named_sexes(spoken: Sequence[SceneClause]) -> tuple[str, str]:
    named = [key for one in spoken if one.slot == "subject" for key in one.keys("sex")]
    return (named[0], named[1]) if len(named) > 1 else ("woman", "man")


def _halves(spoken: Sequence[SceneClause]) -> tuple[list[SceneClause], list[SceneClause]]:
    """Clauses that name a side are of that person alone: "left in a red dress, right in a suit"."""
    left, right = list[SceneClause](), list[SceneClause]()
    for one in spoken:
        own = one.slot in {"subject", "clothing", "detail"}
        if own and "left" in one.said and "right" not in one.said:
            left.insert(0, one)
        elif own and "right" in one.said and "left" not in one.said:
            right.insert(0, one)
        else:
            left.append(one)
            right.append(one)
    return left, right


def _place(spoken: Sequence[SceneClause]) -> Place:
    there = [one for one in spoken if one.slot == "environment" or one.said[:1] == ("against",)]
    named = [key for one in there for key in one.keys("place")]
    if not there:
        named = [key for one in spoken if one.slot == "subject" for key in place_of(one.said)]
    time = next((key for one in spoken if one.slot in {"environment", "lighting"} for key in one.keys("time")), "")
    hues = [hue for one in there for hue in one.hues if hue.kind in {"place", "light"}]
    colour = next((cloth(hue) for hue in hues if hue.phrase not in _DARK), None)
    name = _most_telling(named) if named else "backdrop" if colour else "grey studio"
    if name == "grey studio" and not colour and any(set(one.said) & _DARK for one in there):
        name = "black studio"
    if name == "city day" and time == "night":
        name = "city night"
    if name in _BACKDROPS and colour and not any(_own_colour(one) for one in there):
        name = "backdrop"
    if name == "backdrop" and colour == linear("#101011"):
        name = "black studio"
    return Place(name=name, time=time, colour=colour if name == "backdrop" else None)


def _most_telling(named: Sequence[str]) -> str:
    """A studio, the sky or a window says less than the other place that is named with it."""
    vague = ("grey studio", "sky", "fog", "rain", "window room", "city day")
    return max(named, key=lambda name: vague.index(name) if name in vague else len(vague))


def _own_colour(one: SceneClause) -> bool:
    """Whether the wording of the place has the colour in it: "black background"."""
    return any(hit.table == "place" and len(words(hit.phrase)) > 1 and hit.key != "grey studio" for hit in one.found)


def _light(spoken: Sequence[SceneClause], place: Place, seed: int) -> Light:
    lit = [one for one in spoken if one.slot == "lighting"]
    aside = [one for one in spoken if one.slot in {"environment", "camera", "detail"}]
    rigs = [key for one in lit for key in one.keys("rig")] or [key for one in aside for key in one.keys("rig")]
    sides = [key for one in lit for key in one.keys("side")]
    hardness = [key for one in lit for key in one.keys("hardness")]
    warmth = [key for one in lit for key in one.keys("temperature")]
    colours = [colour for one in lit for hue in one.hues if (colour := _lamp_colour(hue.phrase))]
    return lights.rig(
        _rig(rigs, place),
        sides[0] if sides else ("left", "right")[seed % 2],
        hardness=hardness[0] if hardness else "",
        warmth=warmth[0] if warmth else "",
        colours=colours[:2],
        dim="low" in [key for one in lit for key in one.keys("level")],
    )


def _rig(named: Sequence[str], place: Place) -> str:
    """The set-up that says most; without one, the light that the place has."""
    vague = ("softbox", "overcast", "window")
    if named:
        return next((name for name in named if name not in vague), named[0])
    if place.name in _OUTDOORS:
        return {"sunset": "golden hour", "blue hour": "blue hour", "night": "moonlight"}.get(place.time, "overcast")
    if place.name in _AFTER_DARK:
        return {"city night": "neon", "stage": "stage"}.get(place.name, "tungsten")
    return "window" if place.name in {"window room", "cafe", "daylight studio"} else "loop"


def _lamp_colour(phrase: str) -> RGB | None:
    colour = dyed(phrase)
    return colour if colour and not {"white", "black", "grey", "golden", "amber"} & set(words(phrase)) else None


def _camera(spoken: Sequence[SceneClause], prompt: PortraitPrompt, seed: int) -> Camera:
    said = " ".join(" ".join(one.said) for one in spoken if one.slot in {"camera", "detail"})
    raw = f"{prompt.camera} {prompt.detail}".lower()
    lens, stop = _LENS.search(said), _STOP.search(raw)
    framing = next(
        (
            key
            for key in ("extreme close-up", "close-up", "three-quarter", "half length", "bust")
            if key in _framings(spoken)
        ),
        "",
    )
    angles = [key for one in spoken if one.slot != "lighting" for key in one.keys("angle")]
    blur = [float(key) for one in spoken for key in one.keys("blur")]
    focal = (
        min(300.0, max(20.0, float(lens[1])))
        if lens
        else {"half length": 70.0, "three-quarter": 60.0}.get(framing, 85.0)
    )
    f_number = float(stop[1].replace(",", ".")) if stop else blur[0] if blur else 2.0
    aside = -1 if seed % 2 else 1
    turn = 78.0 if "profile" in angles else 0.0 if "front" in angles else 38.0 if "turned" in angles else 8.0 + seed % 7
    return Camera(
        focal_mm=focal,
        f_number=min(22.0, max(1.0, f_number)),
        framing=framing or "head and shoulders",
        turn=turn * aside,
        height=-16.0 if "low" in angles else 18.0 if "high" in angles else 2.0,
        roll=9.0 if "dutch" in angles else 0.0,
    )


def _framings(spoken: Sequence[SceneClause]) -> set[str]:
    return {key for one in spoken if one.slot in {"camera", "detail", "subject"} for key in one.keys("framing")}


def _film(spoken: Sequence[SceneClause]) -> Film:
    named = [key for one in spoken for key in one.keys("film")]
    vague = ("natural", "cinematic", "high contrast", "faded", "black and white")
    return Film(stock=next((name for name in named if name not in vague), named[0] if named else "natural"))


def _on(prompt: PortraitPrompt, text: str) -> str:
    """What the words stand on, by what is said in front of them or right behind."""
    for slot in SLOTS:
        before, quoted, after = prompt.slot(slot).partition(f'"{text}"')
        if quoted:
            near = [*reversed(words(before)[-8:]), *words(after)[:6]]
            for word in near:
                for thing, names in _ON.items():
                    if word in names or word.rstrip("s") in names:
                        return thing
            return "sign"
    return "sign"
