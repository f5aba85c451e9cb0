"""Words about a person → a `Person`, a `Pose`, an `Outfit`. What is not said is drawn by the seed, or kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.renderer import faces
from engine.renderer.clauses import Hue, SceneClause, dyed, hue_table
from engine.renderer.palette import HAIR, IRIS, LIPS, SKIN, linear, natural
from engine.renderer.scene import RGB, Beard, Hair, Outfit, Person, Pose, Skin

_YEARS: Final = re.compile(r"\b(?:aged? |of |is |, ?)?(\d{2})\b(?! ?(?:mm|k\b|%|°))")
_SPECIFIC: Final = (
    "bald", "cornrows", "locs", "braids", "afro", "coils", "pigtails", "top knot", "bun", "ponytail", "undercut",
    "buzz cut", "crew cut", "quiff", "slick back", "side part", "pixie", "long bob", "bob", "shag", "curtains",
    "long curls", "curls", "waves", "tousled", "fringe", "shoulder length", "crop", "long straight",
)  # fmt: skip
"""Styles, the one that says most first: "a curly bob" is a bob."""
_TURNS: Final = {"away": (28.0, 2.0), "down": (4.0, -24.0), "up": (4.0, 20.0)}

_AT_THE_LENS: Final = frozenset({"camera", "lens", "viewer", "us", "contact"})
_LOOKING: Final = frozenset({"look", "looks", "looking", "gazing", "staring", "facing", "eye", "gaze"})


def person(
    clauses: Sequence[SceneClause], negative: Sequence[SceneClause], seed: int, saved: Person | None = None
) -> Person:
    """The person that the words name; what a saved one has stays unless the words change it."""
    base = saved or _drawn(clauses, seed)
    base = replace(base, skin=_skin(clauses, base.skin), iris=_iris(clauses) or base.iris)
    base = replace(base, hair=_hair(clauses, base), beard=_beard(clauses, negative, base))
    if any(" ".join(one.said) in {"hair", "any hair"} for one in negative):
        base = replace(base, hair=replace(base.hair, style="bald"))
    glasses = _last(clauses, "glasses")
    without = bool(_last(negative, "glasses"))
    return replace(
        base,
        glasses="" if without else glasses or base.glasses,
        earrings="" if _last(negative, "earrings") else _last(clauses, "earrings") or base.earrings,
    )


def pose(clauses: Sequence[SceneClause], negative: Sequence[SceneClause], seed: int) -> Pose:
    """Expression, gaze and how the head is held: never quite straight, unless a front view is asked for."""
    unsmiling = any("smil" in key or "laugh" in key or "grin" in key for key in _keys(negative, "expression"))
    told = _first(clauses, "expression")
    expression = told or ("neutral" if unsmiling else "slight smile")
    frontal = "front" in [key for clause in clauses for key in clause.keys("angle")]
    sway = ((seed * 2654435761) % 1000) / 1000 - 0.5
    aside = (16.0 if sway > 0 else -16.0, 6.0) if expression == "thoughtful" else None
    elsewhere = any(_AT_THE_LENS & set(one.said) and _LOOKING & set(one.said) for one in negative)
    gaze = _TURNS.get(_first(clauses, "gaze"), _TURNS["away"] if elsewhere else aside)
    turn = 0.0 if frontal else 6.0 * sway
    return Pose(
        expression=expression, strength=1.0 if told else 0.45 + 1.1 * abs(sway), turn=turn, nod=1.5 * sway,
        tilt=0.0 if frontal else 5.0 * sway, gaze=gaze,
        torso=0.0 if frontal else (1.0 if seed % 2 else -1.0) * (9.0 + 8.0 * abs(sway)),
    )  # fmt: skip


def outfit(clauses: Sequence[SceneClause], negative: Sequence[SceneClause], seed: int, masculinity: float) -> Outfit:
    """What is worn. A colour that belongs to nothing named is the garment's."""
    garment = _garment(clauses)
    colours, under = _dyes(clauses, garment)
    hat = "" if _last(negative, "hat") else _last(clauses, "hat")
    worn = set(_keys(clauses, "worn")) - set(_keys(negative, "worn"))
    tied = not _last(negative, "tie") and (_last(clauses, "tie") or garment in {"suit", "tuxedo"})
    return Outfit(
        garment=garment or _everyday(masculinity, seed, frozenset(_keys(negative, "garment"))),
        colour=colours[0] if colours else _default_colour(garment, seed),
        second=under[0] if under else colours[1] if len(colours) > 1 else None,
        fabric=_last(clauses, "fabric"),
        pattern=_last(clauses, "pattern"),
        hat=hat,
        hat_colour=_of(clauses, "hat"),
        necklace="" if _last(negative, "necklace") else _last(clauses, "necklace"),
        tie=(_of(clauses, "tie") or linear("#3a1420")) if tied else None,
        scarf=(_of(clauses, "worn") or linear("#8c2f2a")) if "scarf" in worn else None,
        badge="badge" in worn,
    )


def _everyday(masculinity: float, seed: int, unwanted: frozenset[str]) -> str:
    """What is worn when nothing is named, unless the words say that it is not."""
    drawn = "blouse" if masculinity < 0.5 and seed % 3 == 0 else "t-shirt" if seed % 2 else "sweater"
    return next((key for key in (drawn, "t-shirt", "sweater", "blouse") if key not in unwanted), drawn)


def _dyes(clauses: Sequence[SceneClause], garment: str) -> tuple[list[RGB], list[RGB]]:
    """The colours of the garment that is seen, and those of what is worn under it: a grey suit over a white shirt."""
    own = [hue for clause in clauses for hue in clause.hues if hue.kind == "garment"]
    dyed = [(hue.of, colour) for hue in own if (colour := cloth(hue))]
    under = [colour for of, colour in dyed if of is not None and of.table == "garment" and of.key != garment]
    outer = [colour for of, colour in dyed if of is None or of.table != "garment" or of.key == garment]
    return outer, under


def cloth(hue: Hue) -> RGB | None:
    """The colour of cloth that the words name."""
    return dyed(hue.phrase) or HAIR.get(hue_table(hue.phrase, "hair_colour") or "")


def _garment(clauses: Sequence[SceneClause]) -> str:
    """The outermost that is named: a coat over a shirt is a coat; a jacket of leather is a leather jacket."""
    named = [key for clause in clauses if clause.slot in {"clothing", "subject"} for key in clause.keys("garment")]
    over = (
        "spacesuit", "armour", "apron", "coat", "trench coat", "raincoat", "leather jacket", "denim jacket", "tuxedo",
        "suit", "blazer", "cardigan", "waistcoat",
    )  # fmt: skip
    at_work = _first(clauses, "trade")
    return next((key for key in over if key in named), named[0] if named else at_work)


_COLOURS: Final = {
    "scrubs": "#2f7f86", "lab coat": "#f2f1ee", "chef jacket": "#f2f1ee", "suit": "#2b2e36", "tuxedo": "#0f0f11",
    "armour": "#9a9da3", "denim jacket": "#3a5a86", "leather jacket": "#1c1613", "uniform": "#2a3550",
    "trench coat": "#b49a70", "raincoat": "#d9a514", "apron": "#6b4a2e", "spacesuit": "#e6e7e8", "overalls": "#33507c",
    "coat": "#4a4038", "jumpsuit": "#3f4a3c",
}  # fmt: skip
_EVERYDAY: Final = ("#2f3e56", "#7a2e2e", "#e4e0d6", "#3f5a4a", "#6a6d72", "#1e1f22", "#a3785a", "#54657a")


def _default_colour(garment: str, seed: int) -> RGB:
    return linear(_COLOURS.get(garment) or _EVERYDAY[seed % len(_EVERYDAY)])


def _drawn(clauses: Sequence[SceneClause], seed: int) -> Person:
    sex = _first(clauses, "sex")
    masculinity = faces.masculine(seed, sex == "man" or (sex != "woman" and seed % 2 == 0))
    ancestry = _first(clauses, "ancestry")
    tone = _first(clauses, "skin") or (ancestry.split(",")[3] if ancestry else "")
    mix = _shares(ancestry) if ancestry else _mix(tone) or _mix(_tone_of_hair(clauses) or "")
    builds = [key for clause in clauses for key in clause.keys("build")]
    build = next((name for name in ("muscular", "heavy", "slim") if name in builds), "")
    return faces.person(
        seed, masculinity=masculinity, age=_age(clauses), ancestry=faces.like(mix, seed) if mix else None, build=build,
        tone=faces.shade(SKIN[tone], seed) if tone else None,
    )  # fmt: skip


def _tone_of_hair(clauses: Sequence[SceneClause]) -> str:
    """The skin that a natural light hair usually goes with, and light eyes: nobody has to say it."""
    named = {hue_table(hue.phrase, "hair_colour") for c in clauses for hue in c.hues if hue.kind == "hair"}
    pale = {"red", "strawberry", "blonde", "dark blonde", "light brown", "auburn"}
    eyes = {hue_table(hue.phrase, "iris") for c in clauses for hue in c.hues if hue.kind == "eyes"}
    return "light" if named & pale or eyes & {"blue", "green", "grey"} else ""


def _shares(written: str) -> tuple[float, float, float]:
    african, asian, european, _ = written.split(",")
    return float(african), float(asian), float(european)


def _mix(tone: str) -> tuple[float, float, float] | None:
    """The looks that usually go with a skin; None leaves them to the seed."""
    return {
        "fair": (0.01, 0.02, 0.97),
        "light": (0.02, 0.06, 0.92),
        "olive": (0.10, 0.08, 0.82),
        "tan": (0.16, 0.26, 0.58),
        "brown": (0.36, 0.22, 0.42),
        "dark": (0.90, 0.04, 0.06),
    }.get(tone)


def _age(clauses: Sequence[SceneClause]) -> float | None:
    """Years as said; somebody under 18 is never drawn, so that the least is 18."""
    for clause in clauses:
        if clause.slot == "subject" and (found := _YEARS.search(" ".join(clause.said))):
            return min(95.0, max(18.0, float(found[1])))
    named = [float(key) for clause in clauses if clause.slot == "subject" for key in clause.keys("age")]
    exact = [years for years in named if years not in {23.0, 26.0, 72.0}]
    return next(iter(exact or named), None)


def _skin(clauses: Sequence[SceneClause], base: Skin) -> Skin:
    tone = _first(clauses, "skin")
    make_up = [key for clause in clauses for key in clause.keys("make_up")]
    lips = _last(clauses, "lips")
    shares = {
        name: float(key)
        for name in ("freckles", "moles", "wrinkles", "pores", "oil", "blush")
        if (key := _last(clauses, name))
    }
    scars = tuple(dict.fromkeys((*base.scars, *(key for clause in clauses for key in clause.keys("scars")))))
    heavy = "heavy" in make_up
    return replace(
        base,
        **shares,
        tone=SKIN[tone] if tone else base.tone,
        scars=scars,
        lips=LIPS[lips] if lips else LIPS["nude"] if make_up and base.lips is None else base.lips,
        eye_shadow=(0.05, 0.04, 0.05) if heavy else base.eye_shadow,
        eyeliner=0.9 if heavy or "liner" in make_up else 0.4 if make_up else base.eyeliner,
        mascara=0.9 if make_up else base.mascara,
    )


def _iris(clauses: Sequence[SceneClause]) -> RGB | None:
    named = [hue_table(hue.phrase, "iris") for clause in clauses for hue in clause.hues if hue.kind == "eyes"]
    return next((IRIS[key] for key in named if key), None)


def _hair(clauses: Sequence[SceneClause], base: Person) -> Hair:
    styles = {key for clause in clauses for key in clause.keys("hair_style")}
    style = next((name for name in _SPECIFIC if name in styles), "")
    lengths = [clause.lengths["hair"] for clause in clauses if "hair" in clause.lengths]
    hair = base.hair
    if style or lengths:
        hair = replace(hair, style=_lengthened(style, lengths[-1] if lengths else "", base), length=1.0)
        hair = replace(hair, fringe="fringe" in styles and style != "bald")
        if style not in {"crop", "long straight", "", "curls", "waves"} and lengths:
            hair = replace(hair, length=1.35 if lengths[-1] == "long" else 0.75)
    colour = _hair_colour(clauses, "hair")
    if colour:
        hair = replace(hair, colour=colour, grey=0.0)
    line = _last(clauses, "hair_line")
    return replace(hair, line=float(line)) if line else hair


def _lengthened(style: str, length: str, base: Person) -> str:
    if length == "long":
        return {"": "long straight", "curls": "long curls", "crop": "long straight", "fringe": "fringe"}.get(
            style, style
        )
    if length == "short":
        short = "crop" if base.masculinity > 0.5 else "pixie"
        return {"": short, "long straight": short, "long curls": "curls", "waves": "tousled", "crop": short}.get(
            style, style
        )
    return style or base.hair.style


def _beard(clauses: Sequence[SceneClause], negative: Sequence[SceneClause], base: Person) -> Beard:
    kind = "none" if _last(negative, "beard") else _last(clauses, "beard")
    hair = _hair_colour(clauses, "hair")
    colour = _hair_colour(clauses, "beard") or (hair if hair and natural(hair) else None)
    beard = replace(base.beard, kind=kind) if kind else base.beard
    return replace(beard, colour=colour, grey=0.0) if colour else beard


def _hair_colour(clauses: Sequence[SceneClause], kind: str) -> RGB | None:
    for clause in clauses:
        for hue in clause.hues:
            key = hue_table(hue.phrase, "hair_colour")
            if key and hue.kind == kind and clause.slot != "lighting":
                return HAIR[key]
    return None


def _of(clauses: Sequence[SceneClause], kind: str) -> RGB | None:
    return next((colour for c in clauses for hue in c.hues if hue.kind == kind and (colour := cloth(hue))), None)


def _first(clauses: Sequence[SceneClause], name: str) -> str:
    return next((key for clause in clauses for key in clause.keys(name)), "")


def _keys(clauses: Sequence[SceneClause], name: str) -> list[str]:
    return [key for clause in clauses for key in clause.keys(name)]


def _last(clauses: Sequence[SceneClause], name: str) -> str:
    return next((key for clause in reversed(clauses) for key in reversed(clause.keys(name))), "")
