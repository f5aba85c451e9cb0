"""What a reference picture already says: takes the words about a person's face out of a subject.

A face described in words fights the face in the picture. Cut are age, origin, skin tone, eyes and the shape of the
face; what can be put on or changed stays, hair, beard and glasses too, and so does what the person does, holds, feels
and is by trade. Words about another person stay whole.
"""

from __future__ import annotations

import re
from typing import Final

from engine.prompts.judge import EDGES
from engine.prompts.lexicon import group_of
from engine.prompts.phrases import Chunk, chunks, clauses
from engine.prompts.units import Unit, units

_OF_THE_FACE: Final = frozenset({"feature.age", "feature.origin", "feature.tone"})
_FACE: Final = frozenset(
    {"face", "nose", "lips", "lip", "chin", "cheeks", "cheekbones", "jaw", "jawline", "forehead", "ears", "eyebrows"}
    | {
        "brows",
        "complexion",
        "eyes",
        "eyed",
        "build",
        "tall",
        "slim",
        "slender",
        "skinny",
        "petite",
        "stocky",
        "chubby",
    }
    | {"handsome", "beautiful", "pretty", "attractive", "gorgeous", "heterochromia", "dimples", "teeth", "old"}
)
_DOING: Final = frozenset(
    {"closed", "shut", "open", "half", "wide", "narrowed", "lowered", "downcast", "raised", "fixed", "averted", "on"}
    | {"parted", "clenched", "looking", "tilted", "turned", "up", "down", "bitten", "puffed", "resting", "in", "at"}
)
_MARKS: Final = frozenset(
    {
        "freckle",
        "freckles",
        "freckled",
        "mole",
        "moles",
        "beauty mark",
        "beauty spot",
        "birthmark",
        "vitiligo",
        "wrinkles",
    }
    | {
        "wrinkle",
        "wrinkled",
        "laugh lines",
        "smile lines",
        "fine lines",
        "deep lines",
        "age spots",
        "liver spots",
        "lined",
    }
    | {"crow feet", "worry lines", "frown lines", "forehead lines", "dimples"}
)
_ARTICLE: Final = re.compile(r"\b([Aa])n?\s+(?=(\w))")


def without_likeness(subject: str, held: frozenset[str]) -> tuple[str, list[str], bool]:
    """The subject without words about the faces of `held` (handles in lower case), the words taken out, and whether
    it speaks of somebody else as well."""
    kept, cut = list[str](), list[str]()
    another = company = False
    for clause in clauses(units(subject)):
        said = list[str]()
        for chunk in chunks(clause.units):
            another = _speaks_of_another(chunk, held, another)
            company = company or another
            words, gone = (_text(subject, chunk.units), "") if another else _pruned(subject, chunk)
            said += [words] if words else []
            cut += [gone] if gone else []
        if said:
            kept.append(" ".join(said))
    return ", ".join(kept), cut, company


def without_marks(detail: str) -> tuple[str, list[str]]:
    """The detail without marks that belong to a face, and those marks."""
    kept, cut = list[str](), list[str]()
    for clause in clauses(units(detail)):
        of_the_face = any(unit.word in _MARKS for unit in clause.units)
        (cut if of_the_face else kept).append(_text(detail, clause.units))
    return ", ".join(kept), cut


def _text(subject: str, members: list[Unit]) -> str:
    return subject[members[0].start : members[-1].end] if members else ""


def _speaks_of_another(chunk: Chunk, held: frozenset[str], another: bool) -> bool:
    for unit in chunk.units:
        if unit.word.startswith("@"):
            name = unit.word[1:].casefold()
            another = name not in held and name.partition(":")[0] not in held
        elif unit.kind == "person" and chunk.opener in {"and", "with", "at", "by"}:
            another = True
    return another


def _pruned(subject: str, chunk: Chunk) -> tuple[str, str]:
    """What stays of a chunk about the held person, and what goes."""
    whole = _text(subject, chunk.units)
    if any(unit.word.startswith("@") for unit in chunk.units):
        return whole, ""
    told = [unit for unit in chunk.units if _tells_the_face(unit)]
    of_the_face = frozenset(told)
    if not told:
        return whole, ""
    if any(unit.kind == "person" for unit in chunk.units):
        stays = [unit for unit in chunk.units if unit not in of_the_face]
        return _with_article(" ".join(subject[unit.start : unit.end] for unit in stays)), _text(subject, told)
    felt = [unit for unit in chunk.units if group_of(unit.word) == "feature.looks" and unit not in of_the_face]
    if felt:
        return " ".join(subject[unit.start : unit.end] for unit in felt), _text(subject, told)
    doing = chunk.opener not in {"", "and", "with", "in"} or any(unit.word in _DOING for unit in chunk.units[1:])
    return (whole, "") if doing and not _is_age(chunk) else ("", whole.strip(EDGES))


def _is_age(chunk: Chunk) -> bool:
    return any(group_of(unit.word) == "feature.age" or unit.word[:1].isdigit() for unit in chunk.units)


def _tells_the_face(unit: Unit) -> bool:
    if unit.kind == "feature" and unit.word[:1].isdigit():
        return True
    return group_of(unit.word) in _OF_THE_FACE or unit.word in _FACE


def _with_article(words: str) -> str:
    return _ARTICLE.sub(lambda found: f"{found[1]}{'n' if found[2].lower() in 'aeiou' else ''} ", words)
