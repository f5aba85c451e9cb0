"""Clauses and phrases: where a line is cut, and which noun a phrase is about. Judges no slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from engine.prompts.lexicon import LEXICON, SLOT_OF
from engine.prompts.units import Unit, new

PREPOSITIONS: Final = frozenset({"with", "in", "at", "by", "from", "as"})
VERBS: Final = frozenset({"pose", "gaze", "act", "wear", "lit", "shoot"})
OPENERS: Final = PREPOSITIONS | VERBS | {"and"}
_CUTTING: Final = OPENERS | {"tech"}
"""Kinds without which a clause is one phrase."""
EMPTY: Final = (
    PREPOSITIONS | {"and", "determiner", "pronoun", "auxiliary", "adverb", "negation"} | {"wear", "lit", "shoot"}
)
WEAK: Final = frozenset({"thing", "abstract"})
NOUN_KINDS: Final = frozenset(SLOT_OF) | {"direction", "medium"} | WEAK
_TOPICS: Final = frozenset({"person", "body", "medium", "feature", "animal"})
_TOPIC_WORDS: Final = frozenset(
    {"background", "backdrop", "setting", "scene", "location", "environment", "place", "lighting", "light", "camera"}
)
EYES: Final = frozenset({"eyes", "lashes", "eyelashes", "eyelids", "brows", "eyebrows"})
_LOOKS: Final = frozenset({"look", "style", "vibe", "feel", "mood", "aesthetic"})
OF_LIGHT: Final = frozenset(
    {"soft", "hard", "harsh", "warm", "cold", "cool", "gentle", "directional", "bright", "dim", "even"}
)
"""Adjectives that mostly say what light is like."""
_ENDS: Final = frozenset({"back", "foot", "mouth", "head", "face", "neck", "shoulder", "arm", "belly", "throat"})
"""Parts that a place has as well as a body: "the foot of the stairs"."""
_JOINING: Final = frozenset({"of", "auxiliary"})
_LISTED: Final = NOUN_KINDS | VERBS | {"adjective", ""}
"""Kinds of a list of key words."""
_TRADES: Final = frozenset({"place", "weather", "surface", "prop"})
"""Nouns that make a person of an unknown word in "-er" after them: "a wheel tapper"."""
_AROUND: Final = frozenset(
    {"in the background", "in the foreground", "in the distance", "everywhere", "nearby", "all around", "around him"}
    | {"around her", "around them", "behind him", "behind her", "behind them", "background", "foreground"}
)


@dataclass(slots=True)
class Chunk:
    """A phrase: its opening kind of word ("" when it has none), its units, and the kind of each of them."""

    opener: str
    units: list[Unit]
    kinds: list[str]
    slot: str | None = None
    about: str = ""


class Stretch(NamedTuple):
    """What stands between two borders, with the kind of each unit; `joint` is the border before it."""

    joint: str
    units: list[Unit]
    kinds: list[str]


def clauses(found: list[Unit]) -> Iterator[Stretch]:
    """Cut at commas, full stops and the like."""
    kinds = [unit.kind for unit in found]
    joint, start = ",", 0
    for _ in range(kinds.count("border")):
        end = kinds.index("border", start)
        if end > start:
            yield new(Stretch, (joint, found[start:end], kinds[start:end]))
            joint = ","
        border, start = found[end].word, end + 1
        if border != ",":
            joint = _stronger(joint, border)
    if start < len(kinds):
        yield new(Stretch, (joint, found[start:], kinds[start:]))


def _stronger(joint: str, border: str) -> str:
    if border[0] in ".!?…":
        return "."
    return border if border in {";", ":"} and joint != "." else joint


def chunks(found: list[Unit], kinds: list[str] | None = None) -> list[Chunk]:
    """Cut a clause before each preposition, conjunction and verb that opens a phrase. `kinds`: those of its units."""
    kinds = [unit.kind for unit in found] if kinds is None else kinds
    if _CUTTING.isdisjoint(kinds):
        return [Chunk("", found, kinds)]
    cut, start, opener, full, technical = list[Chunk](), 0, "", False, False
    for position, kind in enumerate(kinds):
        if kind in OPENERS and not found[position].joined:
            if full:
                cut.append(Chunk(opener, found[start:position], kinds[start:position]))
                start, opener, full, technical = position, kind, kind not in EMPTY, False
            else:
                opener = _combined(opener, kind)
                full = kind not in EMPTY
        elif kind == "tech" and full and not technical:
            # Asked of the first lens alone: a phrase that has one is technical from there on.
            technical = True
            if _is_technical(found[start:position]):
                cut.append(Chunk(opener, found[start:position], kinds[start:position]))
                start, opener = position, ""
        elif not full:
            full = kind not in EMPTY
    cut.append(Chunk(opener, found[start:], kinds[start:]) if start else Chunk(opener, found, kinds))
    return cut


def _is_technical(members: list[Unit]) -> bool:
    """Whether a lens or an aperture after this phrase begins something of its own."""
    others = {member.kind for member in members} & NOUN_KINDS
    return bool(others) and members[-1].word != "ratio" and others.isdisjoint({"tech", "camera", "medium"})


def _combined(opener: str, kind: str) -> str:
    if opener in VERBS or (opener in PREPOSITIONS and kind not in VERBS):
        return opener
    return kind


def phrases(found: list[Unit], kinds: list[str] | None = None) -> list[Chunk]:
    """Cut a clause into phrases that are each about one thing. `kinds`: those of its units."""
    cut = chunks(found, kinds)
    if len(found) < 3:
        return cut
    parts = list[Chunk]()
    for chunk in cut:
        if len(chunk.kinds) < 3 or (chunk.opener and chunk.opener != "and"):
            parts.append(chunk)
        else:
            parts += _parts(chunk)
    return parts


def _parts(chunk: Chunk) -> list[Chunk]:
    """Cut what one phrase cannot be: "close-up of | a man", "a woman | red dress", a soup of key words."""
    nouns = [position for position, kind in enumerate(chunk.kinds) if kind in NOUN_KINDS]
    if not nouns or (len(nouns) == 1 and nouns[0] + 1 == len(chunk.units)):
        return [chunk]
    shot = _shot(chunk, nouns) if "of" in chunk.kinds else 0
    seams = _seams(chunk, [noun for noun in nouns if noun >= shot] if shot else nouns)
    if not shot and not seams:
        return [chunk]
    cuts = [0, *([shot] if shot else []), *seams, len(chunk.units)]
    first, *rest = [Chunk("", chunk.units[start:end], chunk.kinds[start:end]) for start, end in pairwise(cuts)]
    first.opener = chunk.opener
    return [first, *rest]


def _shot(chunk: Chunk, nouns: list[int]) -> int:
    """Where what is shown begins, after the "of" of "a cinematic close-up of"; 0 when no shot is named."""
    position = chunk.kinds.index("of")
    before = [chunk.kinds[noun] for noun in nouns if noun < position]
    if not before or position - 1 not in nouns or position + 1 >= len(chunk.kinds):
        return 0
    if before[-1] == "medium" and described(chunk.units[: position - 1]):
        return position + 1
    return position + 1 if before[-1] in {"medium", "camera"} and not {"camera", "tech"}.isdisjoint(before) else 0


def described(before: list[Unit]) -> bool:
    """Whether it is said what kind of picture it is to be: "a moody | portrait of", but not "a warm portrait of"."""
    telling = [unit for unit in before if unit.kind in {"adjective", "", "place", "feature", "light"}]
    return any(unit.word not in OF_LIGHT for unit in telling)


def _seams(chunk: Chunk, nouns: list[int]) -> list[int]:
    """The ends of nouns after which another slot begins, in a phrase that holds more than a phrase can."""
    found, kinds = chunk.units, chunk.kinds
    nouns = [noun for noun in nouns if kinds[noun] in SLOT_OF]
    slots = [SLOT_OF[kinds[noun]] for noun in nouns]
    several = len(set(slots))
    if several < 2:
        return []
    soup = several > 2 and len(found) > 4
    listed = len(found) > 4 and _LISTED.issuperset(kinds)
    seams = []
    for here, (slot, following) in zip(nouns, pairwise(slots), strict=False):
        if slot != following:
            person_first = kinds[here] == "person" and kinds[here + 1] == "adjective"
            crowded = listed and slot == "subject" and following in {"environment", "clothing"}
            after_lit = kinds[here + 1] == "light" and found[here + 1].word.endswith(" lit")
            if soup or person_first or crowded or after_lit:
                seams.append(here + 1)
    return seams


def head(found: list[Unit], kinds: list[str] | None = None) -> str:
    """The kind of the noun that the phrase is about; "" when it has no known noun. `kinds`: those of its units."""
    kinds = [unit.kind for unit in found] if kinds is None else kinds
    nouns = [at for at, kind in enumerate(kinds) if kind in NOUN_KINDS]
    if not nouns:
        return ""
    first = nouns[0]
    if not _JOINING.isdisjoint(kinds) and not _JOINING.isdisjoint(kinds[first:]):
        return _head_of_several(found)
    if len(nouns) == 1 and (kinds[first] not in _TRADES or kinds[-1]):
        return kinds[first]
    return _decide([found[at] for at in nouns], found)


def _head_of_several(found: list[Unit]) -> str:
    """The head of a phrase with "of" or "is" after a noun."""
    nouns, left, about = list[Unit](), list[Unit](), list[Unit]()
    telling = _telling(found)
    for position, unit in enumerate(found):
        if unit.kind == "of" and nouns:
            left += nouns
            nouns = []
            if found[position - 1].word in _ENDS and all(noun.kind == "body" for noun in reversed(left)):
                left = []
                continue
            counted = found[position - 1].word in LEXICON.partitives or found[position - 1].kind == "medium"
            if not counted and _decide([found[at] for at in telling if at >= position], found) != "light":
                return _decide(about or left, found)
        elif unit.kind == "auxiliary" and nouns and nouns[-1].kind not in _TOPICS:
            about, left, nouns = (nouns, left, []) if nouns[-1].word not in _TOPIC_WORDS else ([], nouns, [])
        elif unit.kind in NOUN_KINDS:
            nouns.append(unit)
    if about and _decide(nouns, found) == "light":
        return "light"
    return _decide(about or nouns or left, found)


def _telling(found: list[Unit]) -> list[int]:
    """Where the nouns stand by which `_decide` judges any rest of a phrase, so that each rest of a long one need not be
    read to its end: the last few, the last few that mean much, and the last of a surface and of a garment."""
    nouns = [position for position, unit in enumerate(found) if unit.kind in NOUN_KINDS]
    if len(nouns) < 4:
        return nouns
    strong = [position for position in nouns if found[position].kind not in WEAK]
    told = {*nouns[-3:], *strong[-4:]}
    for kind in ("detail", "garment"):
        told.update([position for position in nouns[:-1] if found[position].kind == kind][-1:])
    return sorted(told)


def _decide(nouns: list[Unit], found: list[Unit]) -> str:
    """The kind that wins among some nouns of a phrase."""
    if len(nouns) > 1 and nouns[-1].word in _LOOKS:
        nouns = nouns[:-1]
    kinds = [unit.kind for unit in nouns if unit.kind not in WEAK]
    if not kinds:
        return nouns[-1].kind if nouns else ""
    if kinds[-1] == "direction" and len(kinds) > 1:
        kinds.pop()
    last = kinds[-1]
    if last == "tech" and len(nouns) > 1 and nouns[-2].word == "ratio":
        return "light"
    if "detail" in kinds and (last == "body" or nouns[-1].word in EYES):
        return "detail"
    if "garment" in kinds and last == "body":
        return "garment"
    if len(kinds) > 1 and nouns[-1].word in _AROUND and kinds[-2] in {"light", "camera"}:
        return kinds[-2]
    if last == "medium" and len(kinds) > 1:
        return "camera"
    trailing = found[-1]
    if last in _TRADES and not trailing.kind and trailing.word.endswith(("er", "or")):
        return "person"
    return last
