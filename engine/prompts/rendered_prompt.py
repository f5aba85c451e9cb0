"""What a model is told, and what every family needs to say it: clauses, stand-ins for handles, a length budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.lexicon import PARTICIPLES
from engine.prompts.likenesses import without_likeness, without_marks
from engine.prompts.units import HANDLE, units

PRIORITY: Final = ("subject", "text", "clothing", "lighting", "environment", "camera", "detail")
"""What stays longest when there is too little room."""

_HANDLE: Final = re.compile(HANDLE)
_CLAUSE: Final = re.compile(r'(?:[^,;."]|"[^"]*"|[.](?=\S)|,(?=\d))+')
_LEADING: Final = re.compile(r"^(?:and|but|while|plus)\s+", re.I)
_TRAILING: Final = re.compile(r"(?<!\s)\s+(?:of|and|with|in|a|an|the)$", re.I)
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d|[^\w\s]+|_")


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """What a model is told.

    `long_prompt` is for T5 when it differs; `dropped` names clauses cut for length (or, for the studio, that it
    was never taught); `left_to_reference` names words about a face that a reference picture shows better; `remembered`
    are words about saved faces that were put in, as "@ana: long red hair".
    """

    prompt: str
    negative: str = ""
    long_prompt: str = ""
    dropped: tuple[str, ...] = ()
    left_to_reference: tuple[str, ...] = ()
    remembered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a slot that is said or cut as a whole."""

    slot: str
    words: str


@dataclass(frozen=True, slots=True)
class Script:
    """A prompt made ready to be said: handles replaced, no word about a face that a reference shows."""

    clauses: tuple[Clause, ...]
    negative: tuple[str, ...]
    text: tuple[str, ...]
    has_reference: bool
    left_to_reference: tuple[str, ...] = ()

    def of(self, slot: str) -> list[str]:
        """The clauses of one slot, in order."""
        return [clause.words for clause in self.clauses if clause.slot == slot]

    def joined(self, slot: str) -> str:
        """The slot in one line; "" when nothing is said."""
        return ", ".join(self.of(slot))


def script(prompt: PortraitPrompt, held: Sequence[str], stand_ins: Sequence[str]) -> Script:
    """Prepare `prompt`; `held` are the handles with a reference, `stand_ins` what to call each of them."""
    names = {handle.casefold(): name for handle, name in zip(held, stand_ins, strict=False)}
    values, left = {slot: prompt.slot(slot) for slot in SLOTS}, list[str]()
    if held:
        values["subject"], left, company = without_likeness(prompt.subject, frozenset(names))
        if not company:
            values["detail"], marks = without_marks(prompt.detail)
            left += marks
    absent = [name for handle, name in names.items() if f"@{handle}" not in _said(prompt).casefold()]
    clauses = [Clause("subject", words) for words in absent if words]
    for slot in SLOTS:
        clauses += [Clause(slot, words) for words in _clauses(_named(values[slot], names))]
    clauses = [_in_participles(clause) if clause.slot == "subject" else clause for clause in clauses]
    said = " ".join(clause.words for clause in clauses)
    return Script(
        clauses=tuple(clauses),
        negative=tuple(_clauses(prompt.negative)),
        text=tuple(words for words in prompt.text if f'"{words}"' not in said),
        has_reference=bool(held),
        left_to_reference=tuple(left),
    )


def people(held: Sequence[str], picture: str, *, numbered: bool) -> list[str]:
    """What to call the person in each of the held faces' pictures: somebody with two pictures is called by both.

    `picture` is what the family calls one; `numbered` says that other pictures go along.
    """
    of = {handle.casefold(): list[int]() for handle in held}
    for number, handle in enumerate(held, 1):
        of[handle.casefold()].append(number)
    if len(of) == 1 and not numbered:
        return [f"the person in the {picture}{'s' if len(held) > 1 else ''}" for _ in held]
    return [f"the person in {counted(picture, of[handle.casefold()])}" for handle in held]


def counted(picture: str, numbers: Sequence[int]) -> str:
    """ "attached picture 2", or "attached pictures 2 and 3"."""
    if len(numbers) == 1:
        return f"{picture} {numbers[0]}"
    *first, last = numbers
    return f"{picture}s {', '.join(map(str, first))} and {last}"


def how_many(held: Sequence[str]) -> int:
    """How many people the held faces' pictures show."""
    return len({handle.casefold() for handle in held})


def _in_participles(clause: Clause) -> Clause:
    """ "A man in his 60s stands" → "A man in his 60s standing", now that the place is said elsewhere."""
    found = units(clause.words)
    last = found[-1] if found else None
    dangling = last is not None and last.kind in {"pose", "gaze"} and last.word in PARTICIPLES
    if last is None or not dangling or found[0].kind == "pronoun":
        return clause
    return Clause(clause.slot, clause.words[: last.start] + PARTICIPLES[last.word])


def _said(prompt: PortraitPrompt) -> str:
    return " ".join(prompt.slot(slot) for slot in SLOTS)


def _named(value: str, names: dict[str, str]) -> str:
    """The value with handles said as people: a stand-in where there is a reference, else the bare name."""

    def name(found: re.Match[str]) -> str:
        handle = found[1].casefold()
        plain: str = found[1].partition(":")[0]
        return next((names[key] for key in (handle, handle.partition(":")[0]) if key in names), plain)

    return _HANDLE.sub(name, value)


def _clauses(value: str) -> list[str]:
    found = (tidy(piece) for piece in _CLAUSE.findall(value))
    return [piece for piece in found if piece]


def tidy(piece: str) -> str:
    """A clause without the "and" or "of" that was left over where it was cut."""
    piece = _LEADING.sub("", piece.strip(" ,;.:–-"))
    return _TRAILING.sub("", piece)


def sentence(words: str) -> str:
    """The words as a sentence: a capital and a full stop."""
    words = words.strip().rstrip(".,;")
    return f"{words[0].upper()}{words[1:]}." if words else ""


def tokens(text: str) -> int:
    """How many tokens CLIP makes of the text at most, in all but rare cases; T5 makes fewer or about as many."""
    return sum(_cost(token) for token in _TOKEN.findall(text))


def _cost(token: str) -> int:
    if not token.isascii():
        return 2 * len(token)
    if not token.isalpha():
        return 1
    return 1 if len(token) <= 6 else 2 if len(token) <= 9 else 3


def fitted(whole: Script, budget: int, reserve: int = 0) -> tuple[Script, tuple[str, ...]]:
    """The script cut to `budget` tokens, by `PRIORITY` and within a slot from its end, and what was cut."""
    room, kept = budget - reserve, set[int]()
    ranked = sorted(range(len(whole.clauses)), key=lambda at: (PRIORITY.index(whole.clauses[at].slot), at))
    for at in ranked:
        cost = tokens(whole.clauses[at].words) + 1
        if cost <= room:
            room -= cost
            kept.add(at)
    if len(kept) == len(whole.clauses):
        return whole, ()
    dropped = tuple(clause.words for at, clause in enumerate(whole.clauses) if at not in kept)
    clauses = tuple(clause for at, clause in enumerate(whole.clauses) if at in kept)
    return replace(whole, clauses=clauses), dropped
