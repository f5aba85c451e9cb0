"""Which slot each stretch of a line belongs to: clauses are cut at borders and at the words that open a phrase,
and each piece goes where its head noun, its opening word and its neighbours say. Knows nothing of labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from engine.prompts.lexicon import LEXICON, SLOT_OF
from engine.prompts.units import Unit, units

EDGES: Final = " ,;|•·.…:~/–—-"

_PREPOSITIONS: Final = frozenset({"with", "in", "at", "by", "from", "as"})
_VERBS: Final = frozenset({"pose", "gaze", "act", "wear", "lit", "shoot"})
_OPENERS: Final = _PREPOSITIONS | _VERBS | {"and"}
_EMPTY: Final = (
    _PREPOSITIONS | {"and", "determiner", "pronoun", "auxiliary", "adverb", "negation"} | {"wear", "lit", "shoot"}
)
_NOUNS: Final = frozenset(SLOT_OF) | {"direction", "medium"}
_TOPICS: Final = frozenset({"person", "body", "medium", "feature", "animal"})
_TOPIC_WORDS: Final = frozenset(
    {"background", "backdrop", "setting", "scene", "location", "environment", "place", "lighting", "light", "camera"}
)
_LIGHTING_UP: Final = frozenset({"lighting", "illuminating", "illuminates"})
_LIGHT_MOVES: Final = frozenset(
    {"falls", "falling", "hits", "hitting", "touches", "touching", "brushes", "brushing", "wraps", "wrapping"}
    | {"catches", "catching", "dances", "dancing", "washes", "washing", "shapes", "shaping", "appears", "appearing"}
    | {"turning", "turns", "rests", "resting", "strikes", "striking", "picks", "picking", "lighting", "kissing"}
)
_OF_LIGHT: Final = frozenset(
    {"soft", "hard", "harsh", "warm", "cold", "cool", "gentle", "directional", "bright", "dim", "even"}
)
_LOOKS: Final = frozenset({"look", "style", "vibe", "feel", "mood", "aesthetic"})
_HELD: Final = frozenset(
    {"mouth", "hand", "hands", "arm", "arms", "lap", "shoulder", "shoulders", "back", "head", "teeth", "knee", "knees"}
)
_ADJECTIVAL: Final = ("ed", "y", "en", "burnt", "worn")


class Piece(NamedTuple):
    """A stretch of the line for one slot; `joint` is what stood before it: "" in the midst of a clause."""

    slot: str
    text: str
    joint: str


@dataclass(slots=True)
class Chunk:
    """A phrase: its opening kind of word ("" when it has none) and its units."""

    opener: str = ""
    units: list[Unit] = field(default_factory=list)
    full: bool = False
    slot: str | None = None


class Clause(NamedTuple):
    """What stands between two borders; `joint` is the border before it."""

    joint: str
    units: list[Unit]


def judge(line: str, *, first: bool) -> list[Piece]:
    """Cut a line into pieces with their slots. `first` when nothing of the prompt came before this line."""
    chunks = list[tuple[str, Chunk]]()
    pending = list[tuple[str, Chunk]]()
    previous: str | None = None
    for number, clause in enumerate(clauses(units(line))):
        reader = _Reader(line, first=first and number == 0, previous=previous)
        read = reader.read(clause)
        joints = [clause.joint, *[""] * (len(read) - 1)]
        if _waits(clause.units, read):
            pending += zip(joints, read, strict=True)
            continue
        for _, waiting in pending:
            waiting.slot = _settle(waiting, previous, read[0].slot)
        chunks += [*pending, *zip(joints, read, strict=True)]
        pending.clear()
        previous = read[-1].slot
    for _, waiting in pending:
        waiting.slot = previous
    return _pieces(line, [*chunks, *pending])


def _settle(waiting: Chunk, previous: str | None, following: str | None) -> str | None:
    """Adjectives go with the noun to come, save "sun, hard" before something that is no light."""
    of_light = any(unit.word in _OF_LIGHT for unit in waiting.units)
    return previous if of_light and previous == "lighting" != following else following


def clauses(found: list[Unit]) -> Iterator[Clause]:
    """Cut at commas, full stops and the like."""
    joint, current = ",", list[Unit]()
    for unit in found:
        if unit.kind != "border":
            current.append(unit)
            continue
        if current:
            yield Clause(joint, current)
            joint, current = ",", []
        joint = _stronger(joint, unit.word)
    if current:
        yield Clause(joint, current)


def _stronger(joint: str, border: str) -> str:
    if border[0] in ".!?…":
        return "."
    return border if border in {";", ":"} and joint != "." else joint


def _pieces(line: str, chunks: list[tuple[str, Chunk]]) -> list[Piece]:
    if not chunks:
        return [Piece("subject", line.strip(EDGES), ",")]
    starts = [0, *(chunk.units[0].start for _, chunk in chunks[1:])]
    ends = [*starts[1:], len(line)]
    return [
        Piece(chunk.slot or "subject", line[start:end].strip(EDGES), joint)
        for (joint, chunk), start, end in zip(chunks, starts, ends, strict=True)
    ]


def _waits(found: list[Unit], read: list[Chunk]) -> bool:
    """Whether the clause is only adjectives, as the first of "soft, warm light": the next clause has the noun."""
    if len(read) > 1 or len(found) > 4:
        return False
    kinds = [unit.kind for unit in found if unit.kind not in _EMPTY]
    if kinds and all(kind == "adjective" for kind in kinds):
        return True
    last = found[-1]
    hanging = last.kind in {"adjective", "detail", "feature"} and last.word.endswith(_ADJECTIVAL)
    return found[0].kind == "determiner" and hanging and "person" not in kinds


class _Reader:
    """Reads one clause from left to right, remembering the slot and the verb it is in."""

    def __init__(self, line: str, *, first: bool, previous: str | None) -> None:
        self._line = line
        self._first = first
        self._previous = previous
        self._slot: str | None = None
        self._verb = ""
        self._has_subject = False

    def read(self, clause: Clause) -> list[Chunk]:
        parts = [part for chunk in chunks(clause.units) for part in _parts(chunk)]
        if clause.joint == ":" and clause.units[0].kind == "quote":
            self._slot = self._previous
        for chunk in parts:
            self._verb = chunk.opener if chunk.opener in _VERBS else self._verb
            chunk.slot = self._place(chunk)
            self._slot = chunk.slot or self._slot
            self._has_subject = self._has_subject or chunk.slot == "subject"
        self._adopt(parts)
        return parts

    def _adopt(self, chunks: list[Chunk]) -> None:
        """What means nothing alone goes with what follows: "warm | and golden light", her face "in shadow"."""
        for chunk, following in zip(reversed(chunks[:-1]), reversed(chunks[1:]), strict=True):
            if all(unit.kind in _EMPTY or unit.kind == "adjective" for unit in chunk.units):
                chunk.slot = following.slot
        if len(chunks) > 1:
            chunks[0].slot = self._adopted(chunks[0], chunks[1])

    def _adopted(self, chunk: Chunk, following: Chunk) -> str | None:
        kinds = {unit.kind for unit in chunk.units} & _NOUNS
        if following.opener == "lit" and any(unit.word in _LIGHTING_UP for unit in following.units):
            return "lighting"
        if chunk.opener or following.opener not in _PREPOSITIONS | {"lit"}:
            return chunk.slot
        if following.slot in {"lighting", "detail", "camera"}:
            nothing = not kinds and not self._first and chunk.slot is None
            return following.slot if nothing or kinds == {"body"} else chunk.slot
        on_skin = head(following.units) == "body" and not any(unit.word in _HELD for unit in following.units)
        if chunk.slot is None and on_skin and not self._first and following.opener in {"at", "in", "from"}:
            following.slot = "detail"
            return "detail"
        return chunk.slot

    def _place(self, chunk: Chunk) -> str | None:
        kind = head(chunk.units)
        if chunk.opener in _VERBS:
            return self._verbal(chunk, kind)
        if chunk.opener in _PREPOSITIONS:
            return self._prepositional(chunk, kind)
        return self._bare(chunk, kind)

    def _bare(self, chunk: Chunk, kind: str) -> str | None:
        if kind == "direction":
            return "lighting" if "lighting" in {self._slot, self._previous} else "camera"
        if kind == "medium":
            return "subject" if any(unit.kind == "of" for unit in chunk.units) else "camera"
        if kind:
            return SLOT_OF[kind]
        if chunk.opener == "and" or self._slot is not None:
            return self._slot if chunk.opener == "and" or self._slot != "camera" else "subject"
        return None

    def _verbal(self, chunk: Chunk, kind: str) -> str:
        slot = SLOT_OF.get(kind)
        verb = next(unit.word for unit in chunk.units if unit.kind in _VERBS)
        match chunk.opener:
            case "wear":
                return slot if slot and (kind == "feature" or kind in {"weather", "light"}) else "clothing"
            case "lit":
                return "lighting"
            case "shoot":
                return slot if slot and kind not in {"body", "person", "feature", "prop"} else "camera"
        if self._slot == "lighting" and (verb in _LIGHT_MOVES or not self._has_subject):
            return "lighting"
        if self._slot in {"environment", "detail"} and not self._has_subject and not slot:
            return self._slot
        return "subject"

    def _prepositional(self, chunk: Chunk, kind: str) -> str:
        slot, opener, here = SLOT_OF.get(kind), chunk.opener, self._slot
        if self._verb == "gaze" and opener in {"in", "at", "from"} and here == "subject":
            self._verb = ""
            return "subject"
        if kind == "body" or (kind == "feature" and opener in {"at", "from"}):
            return here or "subject"
        if not kind:
            return self._unknown(chunk)
        if opener == "from" and here == "subject" and kind == "place" and self._is_name(chunk):
            return "subject"
        if kind in {"direction", "medium"}:
            return here if here and (here == "lighting" or kind == "medium") else "camera"
        if here == "lighting" and self._stays_lit(chunk, kind):
            return "lighting"
        if here == "clothing" and opener == "with" and kind in {"surface", "weather", "prop", "animal", "detail"}:
            return "clothing"
        if kind == "prop" and here and opener != "with":
            return here
        return slot or "subject"

    def _stays_lit(self, chunk: Chunk, kind: str) -> bool:
        """Light goes on "through the blinds" and "onto the wall", but not "in a cellar"."""
        if kind in {"camera", "tech", "garment", "person", "detail"}:
            return kind == "person" and chunk.opener in {"by", "from"}
        if chunk.opener in {"by", "from"}:
            return True
        if chunk.opener == "with":
            return self._verb == "lit"
        words = {unit.word for unit in chunk.units if unit.kind in {"in", "at"}}
        return kind in {"surface", "weather"} and bool(words & {"on", "into", "against", "behind", "above", "along"})

    def _unknown(self, chunk: Chunk) -> str:
        here, opener = self._slot, chunk.opener
        if opener in {"with", "from", "as"} or here in {"lighting", "detail", "camera"}:
            return here or "subject"
        if self._verb in {"act", "lit", "shoot"}:
            return here or "subject"
        if here == "clothing" and any(unit.word in {"on", "at", "over"} for unit in chunk.units):
            return here
        return "environment" if self._names_a_thing(chunk) else here or "subject"

    def _names_a_thing(self, chunk: Chunk) -> bool:
        if any(unit.kind in {"determiner", "pronoun"} for unit in chunk.units):
            return True
        return self._is_name(chunk)

    def _is_name(self, chunk: Chunk) -> bool:
        named = next((unit for unit in chunk.units if unit.kind not in _EMPTY), None)
        return named is not None and self._line[named.start].isupper()


def chunks(found: list[Unit]) -> Iterator[Chunk]:
    """Cut a clause before each preposition, conjunction and verb that opens a phrase."""
    current = Chunk()
    for unit in found:
        kind = unit.kind
        opens = kind in _OPENERS and not unit.joined
        if current.full and (opens or (kind == "tech" and _is_technical(current))):
            yield current
            current = Chunk(opener=kind if opens else "")
        elif opens:
            current.opener = _combined(current.opener, kind)
        current.units.append(unit)
        current.full = current.full or kind not in _EMPTY
    yield current


def _is_technical(chunk: Chunk) -> bool:
    """Whether a lens or an aperture after this phrase begins something of its own."""
    others = {member.kind for member in chunk.units} & _NOUNS
    return bool(others) and others.isdisjoint({"tech", "camera", "medium"})


def _combined(opener: str, kind: str) -> str:
    if opener in _VERBS or (opener in _PREPOSITIONS and kind not in _VERBS):
        return opener
    return kind


def _parts(chunk: Chunk) -> list[Chunk]:
    """Cut what one phrase cannot be: "close-up of | a man", "a woman | red dress", a soup of key words."""
    if chunk.opener and chunk.opener != "and":
        return [chunk]
    nouns = [position for position, unit in enumerate(chunk.units) if unit.kind in _NOUNS]
    if not nouns or len(chunk.units) < 3:
        return [chunk]
    shot = _shot(chunk.units, nouns)
    seams = _seams(chunk.units, [noun for noun in nouns if not shot or noun >= shot])
    cuts = [0, *([shot] if shot else []), *seams, len(chunk.units)]
    if len(cuts) < 3:
        return [chunk]
    first, *rest = [Chunk("", chunk.units[start:end], full=True) for start, end in pairwise(cuts)]
    first.opener = chunk.opener
    return [first, *rest]


def _shot(found: list[Unit], nouns: list[int]) -> int:
    """Where what is shown begins, after the "of" of "a cinematic close-up of"; 0 when no shot is named."""
    position = next((at for at, unit in enumerate(found) if unit.kind == "of"), 0)
    before = [found[noun].kind for noun in nouns if noun < position]
    if not before or position - 1 not in nouns or position + 1 >= len(found):
        return 0
    return position + 1 if before[-1] in {"medium", "camera"} and not {"camera", "tech"}.isdisjoint(before) else 0


def _seams(found: list[Unit], nouns: list[int]) -> list[int]:
    """The ends of nouns after which another slot begins, in a phrase that holds more than a phrase can."""
    slots = [SLOT_OF.get(found[noun].kind) for noun in nouns]
    soup = len({slot for slot in slots if slot}) > 2
    seams = []
    for here, (slot, following) in zip(nouns, pairwise(slots), strict=False):
        if slot and following and slot != following:
            person_first = found[here].kind == "person" and found[here + 1].kind == "adjective"
            if soup or person_first:
                seams.append(here + 1)
    return seams


def head(found: list[Unit]) -> str:
    """The kind of the noun that the phrase is about; "" when it has no known noun."""
    nouns, left, about = list[Unit](), list[Unit](), list[Unit]()
    for position, unit in enumerate(found):
        if unit.kind == "of" and nouns:
            left, nouns = [*left, *nouns], []
            counted = found[position - 1].word in LEXICON.partitives or found[position - 1].kind == "medium"
            if not counted and _decide(found[position:], found) != "light":
                return _decide(about or left, found)
        elif unit.kind == "auxiliary" and nouns and nouns[-1].kind not in _TOPICS:
            about, nouns = (nouns, []) if nouns[-1].word not in _TOPIC_WORDS else ([], [])
        elif unit.kind in _NOUNS:
            nouns.append(unit)
    if about and _decide(nouns, found) == "light":
        return "light"
    return _decide(about or nouns or left, found)


def _decide(members: list[Unit], found: list[Unit]) -> str:
    nouns = [unit for unit in members if unit.kind in _NOUNS]
    if nouns and nouns[-1].word in _LOOKS and len(nouns) > 1:
        nouns.pop()
    if not nouns:
        return ""
    kinds = [unit.kind for unit in nouns]
    if kinds[-1] == "direction" and len(kinds) > 1:
        kinds.pop()
    last = kinds[-1]
    if last == "body" and not {"detail", "garment"}.isdisjoint(kinds):
        return "detail" if "detail" in kinds else "garment"
    if last == "medium" and len(kinds) > 1:
        return "camera"
    trailing = found[-1]
    if last in {"place", "weather", "surface", "prop"} and not trailing.kind and trailing.word.endswith(("er", "or")):
        return "person"
    return last
