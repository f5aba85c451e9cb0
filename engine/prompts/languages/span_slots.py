"""Which slot each stretch of a line in another language belongs to, and what of it is not wanted.

What English decides by its many listed constructions is decided here by few rules that hold for all: each thing has a
slot by its kind; small words open, join or deny; what says nothing by itself goes with the thing beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.prompts import judge as english
from engine.prompts.judge import EDGES, SlotPiece
from engine.prompts.languages.tokens import Token, tokens
from engine.prompts.languages.vocabulary import DENYING, SMALL, Language
from engine.prompts.units import new, units

NEGATIVE: Final = "negative"
"""The slot of a piece that says what is not wanted."""
BORDERS: Final = EDGES + "，、。；：！？"
SLOTS: Final = {
    "person": "subject", "trait": "subject", "body": "subject", "pose": "subject", "prop": "subject",
    "animal": "subject", "handle": "subject", "garment": "clothing", "jewellery": "clothing", "makeup": "clothing",
    "fabric": "clothing", "place": "environment", "city": "environment", "weather": "environment",
    "furnishing": "environment", "light": "lighting", "camera": "camera", "tech": "camera", "medium": "camera",
    "skin": "detail",
}  # fmt: skip
_PARTS: Final = re.compile("[，、；;,。]")
_LATIN: Final = re.compile("[A-Za-z0-9]")
_NEUTRAL: Final = frozenset({"colour", "adjective", "", "number", "quote"})
_UNTOLD: Final = frozenset({"", "number"})
_JOINING: Final = SMALL - DENYING
_PLACES: Final = frozenset({"place", "city", "weather", "furnishing"})
_OPENERS: Final = frozenset({"with", "in", "from", "wear", "lit"})
_UNKNOWN_AFTER: Final = {"in": "environment", "wear": "clothing", "lit": "lighting"}
"""Where a thing without a known word belongs by the word that opens it."""
_NOUN_TRAITS: Final = (
    *("hair", "eyes", "beard", "skin", "braids", "bun", "cut", "moustache", "stubble", "goatee", "bangs", "ponytail"),
    *("pigtails", "dreadlocks", "sideburns", "eyebrows", "eyelashes", "smile", "laughing", "crying", "gaze"),
    *("expression", "years old", "bald", "brunette", "teeth", "braces", "twenties", "thirties", "forties"),
    *("fifties", "sixties", "seventies", "eighties"),
)
"""Ends of concepts of looks that are things of their own; the others describe."""
_REACH: Final = 30
"""Tokens that a denial reaches over at most."""
_HOLDING: Final = frozenset({"holding", "playing", "reading", "smoking", "drinking", "eating", "blowing", "riding"})
_LIT_THROUGH: Final = frozenset({"window", "door", "curtain", "leaves", "trees", "clouds"})
"""Things that light comes through."""


@dataclass(slots=True)
class Span:
    """Tokens `first` to `last` (excluded) of a clause for one slot; None for what the neighbours decide."""

    slot: str | None
    first: int
    last: int


@dataclass(slots=True)
class _Clause:
    joint: str
    tokens: list[Token]
    spans: list[Span]
    english: bool = False


def judge(line: str, language: Language, *, first: bool) -> list[SlotPiece]:
    """Cut a line into pieces with their slots, `NEGATIVE` among them; clauses in English are judged as English is."""
    read = list[_Clause]()
    avoiding = False
    for mark, clause in clauses(tokens(line, language)):
        # "Avoid text, logos." goes on to the end of its sentence; in the midst of a list it is about one thing.
        avoiding = avoiding if mark == "," and read else clause[0].kind == "avoid"
        if avoiding and read and mark == "," and _names(clause, 0):
            read.append(_Clause(mark, clause, [Span(NEGATIVE, 0, len(clause))]))
        else:
            read.append(_read(line, mark, clause, language, first=first and not read))
    _settle(read)
    return _divided(line, read, first=first) or [SlotPiece("subject", line.strip(BORDERS), ",")]


def _divided(line: str, read: list[_Clause], *, first: bool) -> list[SlotPiece]:
    """The line as the pieces of its clauses; neighbours in English are judged together."""
    pieces = list[SlotPiece]()
    begin = at = 0
    while at < len(read):
        clause, end = read[at], at + 1
        while clause.english and end < len(read) and read[end].english:
            end += 1
        until = read[end].tokens[0].start if end < len(read) else len(line)
        if clause.english:
            found = english.judge(line[begin:until], first=first and not pieces)
            found = [piece._replace(text=piece.text.strip(BORDERS)) for piece in found]
            pieces += [
                piece._replace(joint=clause.joint) if not number else piece for number, piece in enumerate(found)
            ]
        elif len(clause.spans) == 1 and (slot := clause.spans[0].slot) != NEGATIVE:
            if text := line[begin:until].strip(BORDERS):
                pieces.append(new(SlotPiece, (slot or "subject", text, clause.joint)))
        else:
            pieces += _pieces(line, clause, begin, until)
        begin, at = until, end
    return pieces


def clauses(found: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """The tokens between borders, each with how it is joined to what stands before it."""
    kinds = [token.kind for token in found]
    mark, start = ",", 0
    for _ in range(kinds.count("border")):
        end = kinds.index("border", start)
        if end > start:
            yield mark, found[start:end]
            mark = ","
        mark, start = found[end].concept if mark != "." else mark, end + 1
    if start < len(kinds):
        yield mark, found[start:]


def _read(line: str, mark: str, clause: list[Token], language: Language, *, first: bool) -> _Clause:
    if _is_english(line, clause):
        return _Clause(mark, clause, [Span(None, 0, len(clause))], english=True)
    if only := _only_slot(clause):
        return _Clause(mark, clause, [Span(only, 0, len(clause))])
    if not any(token.denied or token.kind in DENYING for token in clause):
        return _Clause(mark, clause, place(clause, 0, len(clause), language, first=first))
    spans = list[Span]()
    for wanted, begin, end in _denials(clause, language):
        if wanted:
            spans += place(clause, begin, end, language, first=first and begin == 0)
        else:
            spans.append(Span(NEGATIVE, begin, end))
    return _Clause(mark, clause, spans)


def _is_english(line: str, clause: list[Token]) -> bool:
    """Whether English alone knows words of it."""
    for token in clause:
        if token.foreign:
            return False
    if not _LATIN.search(line, clause[0].start, clause[-1].end):
        return False
    return any(unit.kind not in {"", "border"} for unit in units(line[clause[0].start : clause[-1].end]))


def _only_slot(clause: list[Token]) -> str:
    """The slot that all things of a clause are for; "" where more has to be asked: where it denies something, or joins
    what is unknown.

    It is what `place` says of such a clause too.
    """
    only, joins, knows = "", False, True
    for kind, _, _, _, denied, _ in clause:
        if kind in _NEUTRAL:
            knows = knows and kind not in _UNTOLD
        elif kind in _JOINING:
            joins = True
        else:
            slot = SLOTS.get(kind, "")
            if denied or kind == "medium" or not slot or slot != (only or slot):
                return ""
            only = slot
    return only if knows or not joins else ""


def _denials(clause: list[Token], language: Language) -> Iterator[tuple[bool, int, int]]:
    """The clause as stretches that are wanted (True) or not: "a man | without a beard | in a coat"."""
    start, at = 0, 0
    while at < len(clause):
        token = clause[at]
        if (token.kind in {"not", "avoid"} or _denies_on(clause, start, at, language)) and _names(clause, at + 1):
            end = _denied_until(clause, at + 1, language)
            if start < at:
                yield True, start, at
            yield False, at, end
            start = at = end
        elif (token.kind == "not after" and _names(clause, max(start, at - _REACH), at)) or token.denied:
            begin = at if token.denied else _denied_from(clause, max(start, at - _REACH), at)
            if start < begin:
                yield True, start, begin
            yield False, begin, at + 1
            start = at = at + 1
        else:
            at += 1
    if start < len(clause):
        yield True, start, len(clause)


def _denies_on(clause: list[Token], start: int, at: int, language: Language) -> bool:
    """Whether a word that mostly denies what stands before it denies what follows, as in "nicht lächelnd"."""
    if clause[at].kind != "not after" or language.prepositions_after:
        return False
    before = next((each for each in reversed(clause[max(start, at - _REACH) : at]) if each.kind not in SMALL), None)
    return before is None or before.kind in {"person", "handle"}


def _names(clause: list[Token], first: int, last: int = -1) -> bool:
    """Whether anything is named from `first` on, before `last` or within a sentence's reach."""
    return any(token.kind not in SMALL for token in clause[first : last if last >= 0 else first + _REACH])


def _denied_until(clause: list[Token], at: int, language: Language) -> int:
    """Where what is denied from `at` on ends: before the next opening word, or before another kind of thing."""
    slot = ""
    for place in range(at, len(clause)):
        token = clause[place]
        if token.kind in {"in", "with", "lit", "wear"} and slot:
            return place
        here = SLOTS.get(token.kind, "")
        if slot and here and here != slot and clause[place - 1].kind not in {"of", "not", "and"} and here != "detail":
            return place
        if slot and (token.kind == "after" or (language.unspaced and token.kind == "of")):
            return place + 1
        slot = slot or here
    return len(clause)


def _denied_from(clause: list[Token], start: int, at: int) -> int:
    """Where what is denied by a word behind it begins: after the last person or place that is complete before it."""
    for place in range(at - 1, start - 1, -1):
        kind = clause[place].kind
        if kind == "not after" or (kind in {"person", "place", "city"} and place < at - 1):
            follows = place + 1
            while follows < at and clause[follows].kind in SMALL:
                follows += 1
            return follows if _names(clause, follows, at) else start
    return start


def place(clause: list[Token], begin: int, last: int, language: Language, *, first: bool) -> list[Span]:
    """The spans of the tokens `begin` to `last`; `first` when nothing of the prompt came before them."""
    spans = list[Span]()
    opener, named, start = "", -1, begin
    slot: str | None = None
    for at in range(begin, last):
        token = clause[at]
        kind = token.kind
        if kind in SMALL:
            if kind in _OPENERS and not language.prepositions_after:
                if slot is None and named < 0 and _unknown(clause, max(start, at - _REACH), at):
                    slot, named = _UNKNOWN_AFTER.get(opener, "subject" if first or kind == "wear" else None), at - 1
                    named = named if slot else -1
                opener = kind
            elif kind == "wear" and slot is None and _unknown(clause, max(start, at - _REACH), at):
                slot, named = "clothing", at
            continue
        if kind in _NEUTRAL or _describes(clause, at, slot, named, last, language):
            continue
        here = _slot(clause, at, slot, opener, named, last, language)
        if slot is not None and here != slot:
            border = _border(clause, named, at, language)
            if here == "detail" and language.adjectives_after and clause[named].kind == "body" and named + 1 == at:
                border = _phrase_start(clause, start, named)
            if border <= start or _absorbed(clause, named, at, slot, here, language):
                slot = here
            else:
                spans.append(Span(slot, start, border))
                start, slot = border, here
        slot, named = here, at
        opener = "" if kind != "pose" else opener
    spans += _rest(clause, start, last, slot, opener, named, language)
    return spans


def _rest(
    clause: list[Token], start: int, last: int, slot: str | None, opener: str, named: int, language: Language
) -> list[Span]:
    """The last span; what is unknown behind an opening word is a span of its own."""
    if slot is None:
        return [Span(_UNKNOWN_AFTER.get(opener), start, last)] if start < last else []
    if opener == "in" and not language.prepositions_after and slot in {"subject", "clothing"}:
        begin = (
            next(at for at in range(last - 1, named, -1) if clause[at].kind == "in")
            if any(token.kind == "in" for token in clause[named + 1 : last])
            else last
        )
        if begin < last and _unknown(clause, begin, last):
            return [Span(slot, start, begin), Span("environment", begin, last)]
    return [Span(slot, start, last)]


def _unknown(clause: list[Token], first: int, last: int) -> bool:
    """Whether something stands there that no listed word tells."""
    return any(token.kind in _UNTOLD for token in clause[first:last])


def _slot(
    clause: list[Token], at: int, slot: str | None, opener: str, named: int, last: int, language: Language
) -> str:
    """Where the thing at `at` belongs, given what stands before it in the clause."""
    token = clause[at]
    kind, own = token.kind, SLOTS[token.kind]
    between = {each.kind for each in clause[named + 1 : at]} if named >= 0 else set()
    if kind == "medium":
        return _of_picture(clause, at, slot, last)
    if kind == "body" and slot:
        return slot if slot != "environment" else "subject"
    if named >= 0 and clause[named].concept in _HOLDING and kind in {"prop", "furnishing", "animal", "garment"}:
        return "subject" if not between & {"with", "in", "wear"} else own
    if own in {"camera", "environment"} and _gazed_at(clause, at, slot, last, language):
        return "subject"
    if (
        slot == "environment"
        and kind == "pose"
        and not any(each.kind in {"person", "handle"} for each in clause[max(0, at - _REACH) : at + _REACH])
    ):
        return own if language.prepositions_after else slot
    if token.concept == "sharp focus" and slot:
        return slot
    if token.concept in _LIT_THROUGH and slot == "lighting":
        return slot
    if token.concept in {"around", "from behind", "from the left", "from the right"} and slot:
        return slot if slot in {"lighting", "camera"} or (token.concept == "around" and slot == "environment") else own
    if slot == "lighting" and (opener in {"lit", "from"} or "from" in between) and kind in _PLACES:
        return "lighting"
    if slot == "lighting" and kind == "camera":
        return own
    if slot and "of" in between and own != slot and not (language.prepositions_after or language.unspaced):
        return _of(clause[named].kind, kind, slot, own)
    if kind in {"prop", "animal"} and slot in {"clothing", "environment", "detail"} and "and" in between | {"and"}:
        return slot if slot != "detail" and between & {"and", "with"} else own
    if kind == "fabric" and slot == "detail":
        return slot
    return own


def _gazed_at(clause: list[Token], at: int, slot: str | None, last: int, language: Language) -> bool:
    """Whether somebody looks at the thing: "schaut ernst in die Kamera", "kameraya bakıyor"."""
    if language.prepositions_after:
        near = clause[at + 1 : min(last, at + 7)]
        return clause[at].concept in {"camera", "lens"} and any(each.concept == "looking" for each in near)
    if slot != "subject":
        return False
    for before in reversed(clause[max(0, at - 6) : at]):
        if before.kind in {"with", "wear", "and"} or SLOTS.get(before.kind, "subject") != "subject":
            return False
        if before.kind == "pose":
            return before.concept == "looking"
    return False


def _of_picture(clause: list[Token], at: int, slot: str | None, last: int) -> str:
    """A portrait is of somebody: with the person, unless a camera's word stands with it."""
    around = [token.kind for token in clause[max(0, at - 4) : at + 5] if token is not clause[at]]
    if slot == "camera" or "camera" in around or "tech" in around:
        return "camera"
    if clause[at + 1 : at + 2] and clause[at + 1].kind == "of" and _unknown(clause, at + 2, min(last, at + 5)):
        return "subject"
    return "subject" if {"person", "trait", "handle"} & set(around) or slot == "subject" else "camera"


def _of(kind: str, other: str, slot: str, own: str) -> str:
    """The second thing of "light of a window", "coat of wool", "close-up of a man"."""
    if slot == "camera" or (kind in {"person", "medium"} and own in {"clothing", "camera", "lighting", "detail"}):
        return own
    if kind in {"trait", "body", "pose"} and own in {"clothing", "camera", "lighting"}:
        return own
    if slot == "environment" and own == "lighting":
        return own
    return slot


def _absorbed(clause: list[Token], named: int, at: int, slot: str, here: str, language: Language) -> bool:
    """Whether what stands before belongs to the thing at `at`, as in "window light", where the last word counts."""
    if language.adjectives_after:
        return False
    between = {token.kind for token in clause[named + 1 : at]} - {"small", "after"} - _NEUTRAL
    if between - ({"of", "from"} if language.prepositions_after or language.unspaced else set()):
        return False
    kind = clause[named].kind
    if here == "lighting":
        return kind in {"furnishing", "weather"} or (kind == "place" and clause[named].concept == "window")
    if here == "detail":
        return kind in {"body", "garment", "fabric"} and not any(
            token.kind == "person" for token in clause[max(0, named - 3) : named]
        )
    if here == "environment":
        return slot == "lighting" and "from" not in between and named + 1 == at
    return here == "clothing" and kind in {"furnishing", "animal"} and named + 1 == at


def _border(clause: list[Token], named: int, at: int, language: Language) -> int:
    """Where, between two things, the second one's stretch begins."""
    border = named + 1
    if language.prepositions_after:
        while border < at and clause[border].kind in SMALL and clause[border].kind != "and":
            border += 1
        return border
    while border < at and (clause[border].kind == "after" or (language.unspaced and clause[border].kind == "of")):
        border += 1
    opens = next((place for place in range(at - 1, border - 1, -1) if clause[place].kind in SMALL), at)
    while opens > border and clause[opens - 1].kind in SMALL:
        opens -= 1
    return opens if opens < at or language.adjectives_after else border


def _phrase_start(clause: list[Token], start: int, named: int) -> int:
    """Where the phrase of a thing begins, the words that open it included."""
    while named > start and clause[named - 1].kind in _NEUTRAL:
        named -= 1
    while named > start and clause[named - 1].kind in SMALL:
        named -= 1
    return named


def _describes(clause: list[Token], at: int, slot: str | None, named: int, last: int, language: Language) -> bool:
    """Whether a word only describes the thing beside it: the age of a house, a wild garden, "sharp details"."""
    token = clause[at]
    if token.concept != "sharp focus" and (token.kind != "trait" or token.concept.endswith(_NOUN_TRAITS)):
        return False
    if language.adjectives_after and named >= 0 and slot not in {None, "subject"}:
        return all(each.kind in _NEUTRAL for each in clause[max(named + 1, at - _REACH) : at])
    following = next((each for each in clause[at + 1 : min(last, at + _REACH)] if each.kind not in _NEUTRAL), None)
    return following is not None and SLOTS.get(following.kind, "subject") != "subject" and following.kind != "medium"


def _settle(read: list[_Clause]) -> None:
    """What nothing tells goes by its neighbours, as in English: a lone unknown word, or adjectives before a noun."""
    if all(span.slot is not None for clause in read if not clause.english for span in clause.spans):
        return
    edges = [_edges(clause) for clause in read]
    later, known = list[str | None](), None
    for first, _ in reversed(edges):
        later.append(known)
        known = first or known
    before: str | None = None
    for clause, (_, last), after in zip(read, edges, reversed(later), strict=True):
        if not clause.english and any(span.slot is None for span in clause.spans):
            for span in clause.spans:
                if span.slot is None:
                    span.slot = _between(clause.tokens[span.first : span.last], before, after)
            last = _edges(clause)[1]
        before = last or before


def _edges(clause: _Clause) -> tuple[str | None, str | None]:
    """The first and the last slot that a clause is known to be for."""
    if len(clause.spans) == 1 and not clause.english:
        slot = clause.spans[0].slot
        return (None, None) if slot == NEGATIVE else (slot, slot)
    slots = _slots(clause)
    return (slots[0], slots[-1]) if slots else (None, None)


def _slots(clause: _Clause) -> Sequence[str]:
    """The slots that a clause is known to be for; of an English one, those of its nouns."""
    if clause.english:
        return [SLOTS[token.kind] for token in clause.tokens if token.kind in SLOTS]
    return [span.slot for span in clause.spans if span.slot and span.slot != NEGATIVE]


def _between(found: list[Token], before: str | None, after: str | None) -> str:
    kinds = {token.kind for token in found} - SMALL
    if kinds and kinds <= {"colour", "adjective"}:
        return after or before or "subject"
    if before == after and before:
        return before
    return english.BESIDE.get((before or "", after)) or "subject"


def _pieces(line: str, clause: _Clause, begin: int, until: int) -> Iterator[SlotPiece]:
    """The clause's text, from `begin` to `until`, cut where its spans begin."""
    cuts = [begin, *(clause.tokens[span.first].start for span in clause.spans[1:]), until]
    mark = clause.joint
    for span, start, end in zip(clause.spans, cuts, cuts[1:], strict=False):
        if span.slot == NEGATIVE:
            for text in _unwanted(line, clause.tokens[span.first : span.last]):
                yield SlotPiece(NEGATIVE, text, ",")
            continue
        text = line[start:end].strip(BORDERS)
        if text:
            yield new(SlotPiece, (span.slot or "subject", text, mark))
            mark = ""


def _unwanted(line: str, found: list[Token]) -> Iterator[str]:
    """What a denial denies, thing by thing, without the words that deny and join."""
    current = list[Token]()
    for token in [*found, None]:
        if token is None or token.kind in {"and", "not", "avoid"}:
            while current and current[0].kind in SMALL:
                current.pop(0)
            while current and current[-1].kind in SMALL:
                current.pop()
            if current:
                last = current[-1]
                yield line[current[0].start : last.start + last.denied if last.denied else last.end].strip(BORDERS)
            current = []
        else:
            current.append(token)


def listed(value: str) -> str:
    """What is listed under a label, with a comma and a space between things whatever parts them."""
    parts = (part.strip(BORDERS) for part in _PARTS.split(value))
    return ", ".join(part for part in parts if part)


def partly_denied(value: str, language: Language) -> list[SlotPiece]:
    """A labelled value cut where it says what is not wanted; nothing when it does not."""
    if not language.may_deny(value):
        return []
    if not any(token.denied or token.kind in DENYING for token in tokens(value, language)):
        return []
    pieces = judge(value, language, first=False)
    return pieces if any(piece.slot == NEGATIVE for piece in pieces) else []
