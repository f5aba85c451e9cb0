"""Which slot each stretch of a line belongs to: each phrase goes where its head noun, its opening word and its
neighbours say. Knows nothing of labels."""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.prompts.lexicon import LIGHTING_UP, SLOT_OF, group_of
from engine.prompts.phrases import (
    EMPTY,
    EYES,
    NOUN_KINDS,
    OF_LIGHT,
    PREPOSITIONS,
    VERBS,
    WEAK,
    Chunk,
    Stretch,
    clauses,
    described,
    head,
    phrases,
)
from engine.prompts.topics import MANNERS, stays, topics
from engine.prompts.units import Unit, new, units

EDGES: Final = " ,;|•·.…:~/–—-"
_MARKS: Final = "_*"
"""What emphasises a word in Discord's own markup, on both sides of it."""

_LIGHT_MOVES: Final = frozenset(
    {"falls", "falling", "hits", "hitting", "touches", "touching", "brushes", "brushing", "wraps", "wrapping"}
    | {"catches", "catching", "dances", "dancing", "washes", "washing", "shapes", "shaping", "appears", "appearing"}
    | {"turning", "turns", "rests", "resting", "strikes", "striking", "picks", "picking", "lighting", "kissing"}
    | {"burning", "glowing", "hanging", "shining", "buzzing", "flickering", "coming", "breaking", "pouring", "leaving"}
)
_TOWARDS: Final = frozenset(
    {"at", "into", "out", "over", "up", "down", "off", "toward", "towards", "through", "past", "across", "from"}
    | {"beyond"}
)
_HELD: Final = frozenset(
    {"hand", "hands", "arm", "arms", "lap", "shoulder", "shoulders", "back", "head", "teeth", "knee", "knees"}
)
_PARTICLES: Final = frozenset({"up", "down", "off", "out"})
"""What belongs to the verb before it: "wipes down the counter"."""
_LOOSE: Final = frozenset({"surface", "weather", "thing", "prop", "animal", "abstract"})
_DONE_TO: Final = frozenset({"lighting", "environment"})
_DRAWING: Final = frozenset({"clothing", "environment", "detail"})
"""Slots that draw what is joined to them by "and": "a necklace and a blanket", "rust and barnacles"."""
BESIDE: Final[dict[tuple[str, str | None], str]] = {
    ("clothing", "environment"): "environment",
    ("clothing", "lighting"): "environment",
    ("clothing", "camera"): "environment",
    ("environment", "lighting"): "environment",
    ("environment", "camera"): "environment",
    ("environment", "detail"): "environment",
    ("environment", None): "environment",
    ("lighting", "camera"): "environment",
    ("lighting", "environment"): "environment",
    ("camera", "environment"): "environment",
    ("camera", "detail"): "detail",
    ("camera", None): "detail",
    ("detail", None): "detail",
}
"""Where a thing stands that could be anywhere, by the slots before and after it."""
_PEOPLE: Final = frozenset({"person", "pronoun"})
_SAYING_NOTHING: Final = EMPTY | {"adjective"}
_TELLING: Final = NOUN_KINDS - WEAK
_ADJECTIVAL: Final = ("ed", "y", "en", "burnt", "worn")


_WISHES: Final = frozenset(
    {
        "i",
        "i'd",
        "we",
        "we'd",
        "you",
        "would",
        "like",
        "want",
        "love",
        "need",
        "imagine",
        "picture",
        "please",
        "can",
        "could",
        "to",
    }
    | {
        "create",
        "make",
        "me",
        "us",
        "generate",
        "draw",
        "paint",
        "render",
        "show",
        "give",
        "produce",
        "design",
        "take",
        "see",
    }
    | {"this", "is", "it", "be", "should", "a", "have", "photograph", "let's", "think", "of", "envision", "depict"}
    | {"shows", "image", "photo", "the"}
) - {"a", "the", "photo", "image"}
_LONGEST_WISH: Final = 6


class SlotPiece(NamedTuple):
    """A stretch of the line for one slot; `joint` is what stood before it: "" in the midst of a clause."""

    slot: str
    text: str
    joint: str


class _Read(NamedTuple):
    joint: str
    chunks: list[Chunk]
    waits: bool


def judge(line: str, *, first: bool, found: list[Unit] | None = None) -> list[SlotPiece]:
    """Cut a line into pieces with their slots. `first` when nothing of the prompt came before this line; `found`
    are its units where they are known."""
    read = list[_Read]()
    reader = _Reader(line, first=first)
    for clause in clauses(units(line) if found is None else found):
        told = reader.read(clause)
        read.append(new(_Read, (clause.joint, told, len(told) == 1 and _waits(clause.units, told[0]))))
    _settle_waiting(read)
    _settle_unknown(read)
    return _pieces(line, read)


def _settle_waiting(read: list[_Read]) -> None:
    """Adjectives go with the noun to come, save "sun, hard" before something that is no light."""
    if not any(clause.waits for clause in read):
        return
    before = _last_before([None if clause.waits else clause.chunks[-1].slot for clause in read])
    slot: str | None = None
    for clause, earlier in zip(reversed(read), reversed(before), strict=True):
        chunk = clause.chunks[0]
        if clause.waits:
            of_light = any(unit.word in OF_LIGHT for unit in chunk.units)
            chunk.slot = earlier if slot is None or (of_light and earlier == "lighting" != slot) else slot
        slot = chunk.slot or (slot if clause.waits else None)


def _settle_unknown(read: list[_Read]) -> None:
    """What stands alone goes by its neighbours: people list who, clothes, place, light, camera, detail in this order.

    A word that is no known noun only joins two neighbours that agree; any other is left for the subject.
    """
    if not any(clause.chunks[0].slot is None for clause in read):
        return
    after = _last_before([clause.chunks[0].slot for clause in reversed(read)])[::-1]
    before: str | None = None
    for clause, later in zip(read, after, strict=True):
        chunk = clause.chunks[0]
        if chunk.slot is None and len(clause.chunks) == 1:
            thing = before is not None and chunk.about == "thing"
            chunk.slot = before if before == later else BESIDE.get((before or "", later)) if thing else None
        before = clause.chunks[-1].slot


def _last_before(slots: list[str | None]) -> list[str | None]:
    """For each place the last slot that was known before it."""
    found, known = list[str | None](), None
    for slot in slots:
        found.append(known)
        known = slot or known
    return found


def _pieces(line: str, read: list[_Read]) -> list[SlotPiece]:
    """The line cut before every phrase but the first."""
    if not read:
        return [SlotPiece("subject", line.strip(EDGES), ",")]
    pieces, start, slot, joint = list[SlotPiece](), 0, "", ""
    for clause in read:
        following = clause.joint
        for chunk in clause.chunks:
            if slot:
                end = chunk.units[0].start
                if line[end - 1] in _MARKS:
                    end = _opening(line, start, end)
                pieces.append(new(SlotPiece, (slot, line[start:end].strip(EDGES), joint)))
                start = end
            slot, joint, following = chunk.slot or "subject", following, ""
    pieces.append(SlotPiece(slot, line[start:].strip(EDGES), joint))
    return pieces


def _opening(line: str, start: int, word: int) -> int:
    """Where the word at `word` begins with the marks that open it, as in "_really_" and "*not*", after `start`."""
    end = word
    while end > start and line[end - 1] in _MARKS:
        end -= 1
    return end if end == start or not line[end - 1].isalnum() else word


def _waits(found: list[Unit], only: Chunk) -> bool:
    """Whether the clause is only adjectives, as the first of "soft, warm light": the next clause has the noun."""
    if (only.about and found[0].kind != "determiner") or len(found) > 4 or only.opener in VERBS:
        return False
    kinds = [unit.kind for unit in found if unit.kind not in EMPTY]
    if kinds and kinds.count("adjective") == len(kinds):
        return True
    last = found[-1]
    if found[0].kind != "determiner" or "person" in kinds:
        return False
    return last.kind in {"adjective", "detail", "feature"} and last.word.endswith(_ADJECTIVAL)


def _ask(found: list[Unit]) -> None:
    """Words that only ask for a picture say nothing of it: "I'd like | a candid shot of", "create | a portrait"."""
    at = 0
    while at < len(found) and at < _LONGEST_WISH and found[at].word in _WISHES:
        at += 1
    if 0 < at < len(found) and found[at].kind == "determiner":
        found[:at] = [unit._replace(kind="adverb", verbal=False) for unit in found[:at]]


class _Reader:
    """Reads the clauses of a line from left to right, remembering the slot and the verb it is in."""

    def __init__(self, line: str, *, first: bool) -> None:
        self._line = line
        self._first = first
        self._previous: str | None = None
        self._slot: str | None = None
        self._verb = ""
        self._after_act = False
        self._has_subject = False
        self._peopled = not first

    def read(self, clause: Stretch) -> list[Chunk]:
        """The phrases of the next clause, each with its slot; None for what its neighbours are to decide."""
        members, kinds = clause.units, clause.kinds
        if members[0].word in _WISHES:
            _ask(members)
            kinds = [unit.kind for unit in members]
        found = phrases(members, kinds)
        self._slot = self._previous if clause.joint == ":" and kinds[0] == "quote" else None
        self._verb, self._after_act, self._has_subject = "", False, False
        for chunk in found:
            if chunk.opener in VERBS:
                self._verb = chunk.opener
            slot = chunk.slot = self._place(chunk)
            self._after_act = chunk.kinds[-1] == "act"
            if slot:
                self._slot = slot
                self._has_subject = self._has_subject or slot == "subject"
        if len(found) > 1:
            self._go_on(found)
            self._adopt(found)
        if len(members) > 3 or members[0].word in MANNERS:
            self._keep_to_topic(members, kinds, found)
        self._peopled = self._peopled or not _PEOPLE.isdisjoint(kinds)
        self._first = False
        self._previous = found[-1].slot or self._previous
        return found

    def _keep_to_topic(self, members: list[Unit], kinds: list[str], found: list[Chunk]) -> None:
        """What a sentence says of its topic stays with it."""
        told = topics(members, kinds, peopled=self._peopled, before=self._previous)
        if not told:
            return
        at, topic = 0, ""
        for chunk in found:
            topic = next((slot for start, slot in reversed(told) if start <= at), topic)
            if topic and stays(chunk.about, chunk.opener, topic, chunk.units[0].word):
                chunk.slot = topic
            at += len(chunk.units)

    def _go_on(self, chunks: list[Chunk]) -> None:
        """What was done to the thing before: window light, | softened by | a curtain."""
        first, following = chunks[0], chunks[1]
        only = first.units[0] if len(first.units) == 1 else None
        if only is None or only.kind not in {"", "adjective"} or only.verbal or not only.word.endswith("ed"):
            return
        fits = self._previous in _DONE_TO and following.slot in {self._previous, "environment"}
        if fits and following.opener in PREPOSITIONS:
            first.slot = self._previous
            if self._previous == "lighting" and following.opener in {"by", "from"}:
                following.slot = "lighting"

    def _adopt(self, chunks: list[Chunk]) -> None:
        """What means nothing alone goes with what follows: "warm | and golden light", her face "in shadow"."""
        for chunk, following in zip(chunks[-2::-1], chunks[:0:-1], strict=True):
            if not chunk.about and _SAYING_NOTHING.issuperset(chunk.kinds):
                chunk.slot = following.slot
        chunks[0].slot = self._adopted(chunks[0], chunks[1])

    def _adopted(self, chunk: Chunk, following: Chunk) -> str | None:
        if following.opener == "lit" and any(unit.word in LIGHTING_UP for unit in following.units):
            return "lighting"
        if following.opener == "wear" and following.slot == "clothing" and not chunk.about and not self._first:
            return chunk.slot or "clothing"
        if chunk.opener or not (following.opener in PREPOSITIONS or following.opener == "lit"):
            return chunk.slot
        kinds = _TELLING.intersection(chunk.kinds)
        if following.slot == "camera" and any(unit.word in {"background", "foreground"} for unit in chunk.units):
            return "camera"
        if following.slot == "lighting" and following.opener == "in" and kinds == {"weather"}:
            return "lighting"
        if following.slot in {"lighting", "detail", "camera"}:
            nothing = not kinds and not self._first and chunk.slot is None
            return following.slot if nothing or kinds == {"body"} else chunk.slot
        where = following.about
        trimmed = following.opener == "with" and not kinds and not self._first
        worn_at = following.opener in {"at", "in"} and kinds <= {"surface", "prop", "weather"}
        if where == "garment" and (trimmed or worn_at):
            following.slot = "clothing"
        elif self._on_skin(following, where) and kinds <= {"surface", "weather"} and not self._first:
            following.slot = "detail"
        else:
            return chunk.slot
        return following.slot

    def _on_skin(self, chunk: Chunk, where: str) -> bool:
        """Whether something lies "on the cheek" or "in the beard", rather than in a hand or a mouth."""
        face = where == "body" or self._on_hair(chunk)
        held = any(unit.word in _HELD or (unit.word == "mouth" and chunk.opener == "in") for unit in chunk.units)
        return face and not held and chunk.opener in {"at", "in", "from"}

    def _on_hair(self, chunk: Chunk) -> bool:
        return chunk.opener in {"at", "in", "from"} and any(
            unit.word in EYES or group_of(unit.word) == "feature.hair" for unit in chunk.units
        )

    def _place(self, chunk: Chunk) -> str | None:
        kind = chunk.about = head(chunk.units, chunk.kinds)
        if not chunk.opener and kind in SLOT_OF:
            return SLOT_OF[kind]
        if chunk.opener in VERBS:
            return self._verbal(chunk, kind)
        if chunk.opener in PREPOSITIONS:
            return self._prepositional(chunk, kind)
        return self._bare(chunk, kind)

    def _bare(self, chunk: Chunk, kind: str) -> str | None:
        if kind == "direction":
            return "lighting" if "lighting" in {self._slot, self._previous} else "camera"
        if kind == "medium":
            return "subject" if any(unit.kind == "of" for unit in chunk.units[:-1]) or self._plain(chunk) else "camera"
        if chunk.opener == "and" and kind in _LOOSE and self._slot in _DRAWING:
            return self._slot
        if kind and kind not in WEAK:
            return SLOT_OF[kind]
        if chunk.opener == "and" or self._slot is not None:
            return self._slot if chunk.opener == "and" or self._slot != "camera" else "subject"
        return None

    def _plain(self, chunk: Chunk) -> bool:
        """ "a portrait of", which says nothing of the picture."""
        return chunk.units[-1].kind == "of" and not described(chunk.units[:-2])

    def _verbal(self, chunk: Chunk, kind: str) -> str:
        slot = SLOT_OF.get(kind)
        verb = next(unit.word for unit in chunk.units if unit.kind in VERBS)
        match chunk.opener:
            case "wear":
                return slot if slot and (kind == "feature" or kind in {"weather", "light"}) else "clothing"
            case "lit":
                return "lighting"
            case "shoot":
                if any(unit.kind == "from" for unit in chunk.units):
                    return "camera"
                return slot if slot and kind not in {"body", "person", "feature", "prop"} else "camera"
        if self._slot == "detail" and chunk.opener in {"pose", "gaze"} and verb.endswith("s"):
            return "subject"
        if self._slot == "lighting" and (verb in _LIGHT_MOVES or not self._has_subject):
            return "lighting"
        if self._slot in {"environment", "detail"} and not self._has_subject and not slot:
            return self._slot
        return "subject"

    def _prepositional(self, chunk: Chunk, kind: str) -> str:
        slot, opener, here = SLOT_OF.get(kind), chunk.opener, self._slot
        if opener == "as" and kind in {"medium", "camera"} and chunk.units[0].word == "like":
            return "camera"
        if opener == "as" and here is None and self._previous == "camera":
            return "camera"
        if opener == "as":
            return slot if slot and self._sets_the_scene(chunk, slot) else here or "subject"
        if self._after_act and chunk.units[0].word in _PARTICLES and here == "subject":
            return "subject"
        if self._verb == "act" and kind == "garment" and chunk.units[0].word == "on":
            return here or "subject"
        if self._verb == "gaze" and here == "subject":
            self._verb = ""
            if any(unit.word in _TOWARDS for unit in chunk.units[:2]):
                return "subject"
        if kind == "body" or (kind == "feature" and (opener in {"at", "from"} or self._on_hair(chunk))):
            return here or "subject"
        if not kind or kind in WEAK:
            return (here or "subject") if kind == "abstract" else self._unknown(chunk)
        if opener == "by" and self._signed(chunk, here):
            return "camera"
        if opener == "from" and here == "camera" and kind in {"place", "surface", "landform"}:
            return here
        if opener == "by" and here == "detail":
            return here
        if here == "detail" and opener == "at" and kind in {"garment", "prop", "surface"}:
            return here
        if opener == "from" and here == "subject" and kind == "place" and self._is_name(chunk):
            return "subject"
        if kind in {"direction", "medium"}:
            return here if here and (here == "lighting" or kind == "medium") else "camera"
        if here == "lighting" and self._stays_lit(chunk, kind):
            return "lighting"
        if here == "environment" and opener == "with" and kind in {"prop", "garment", "animal", "detail"}:
            return here
        carried = kind == "light" and [unit.kind for unit in chunk.units] == ["with", "determiner", "light"]
        if (
            here == "clothing"
            and opener == "with"
            and (carried or kind in {"surface", "weather", "prop", "animal", "detail"})
        ):
            return "clothing"
        if kind == "prop" and chunk.units[0].word in {"among", "amongst", "amid", "amidst", "between"}:
            return "environment"
        if kind == "prop" and here and opener != "with":
            return here
        return slot or "subject"

    def _signed(self, chunk: Chunk, here: str | None) -> bool:
        """ "by Greg Rutkowski" at the beginning of a clause: whose look it is to have."""
        named = chunk.units[1:3]
        return here is None and len(named) == 2 and all(self._line[unit.start].isupper() for unit in named)

    def _sets_the_scene(self, chunk: Chunk, slot: str) -> bool:
        """ "as waves break below", "as the sun sets"; not "as a tree", which somebody is dressed up as."""
        words = {unit.word for unit in chunk.units}
        return slot in {"environment", "lighting"} and "as" in words and words.isdisjoint({"a", "an"})

    def _stays_lit(self, chunk: Chunk, kind: str) -> bool:
        """Light goes on "through the blinds" and "onto the wall", but not "in a cellar"."""
        if kind in {"camera", "tech", "garment", "person", "detail"}:
            return kind == "person" and chunk.opener in {"by", "from"}
        if chunk.opener in {"by", "from"} or any(unit.kind == "from" for unit in chunk.units):
            return True
        if chunk.opener == "with":
            return self._verb == "lit"
        words = {unit.word for unit in chunk.units if unit.kind in {"in", "at"}}
        return kind in {"surface", "weather"} and bool(words & {"on", "into", "against", "behind", "above", "along"})

    def _unknown(self, chunk: Chunk) -> str:
        here, opener = self._slot, chunk.opener
        if opener in {"with", "from", "as"} or here in {"lighting", "camera"} or (here == "detail" and opener != "in"):
            return here or "subject"
        if self._verb in {"act", "lit", "shoot"}:
            return here or "subject"
        if here == "clothing" and any(unit.word in {"on", "at", "over"} for unit in chunk.units):
            return here
        return "environment" if self._names_a_thing(chunk) else here or "subject"

    def _names_a_thing(self, chunk: Chunk) -> bool:
        return self._is_name(chunk) or (
            any(unit.kind == "determiner" for unit in chunk.units)
            and any(unit.kind not in EMPTY for unit in chunk.units)
        )

    def _is_name(self, chunk: Chunk) -> bool:
        named = next((unit for unit in chunk.units if unit.kind not in EMPTY), None)
        return named is not None and self._line[named.start].isupper()
