"""`python -m tests.corpus.score [-v] [set …]`: how many clauses land in their slot, each set on its own.

The sets are those of all kinds of prompts, and those of one kind each. A clause is inverted when what is not wanted
stands in a slot, or what is wanted in the negative prompt alone.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.prompt import SLOTS, PortraitPrompt, parse
from tests.corpus.labelled import KINDS, SETS, Clause, Record, content_words, read


@dataclass(frozen=True, slots=True)
class Miss:
    """A clause that is not where its label says; `found` names the slots that hold its words instead."""

    record: Record
    wanted: str
    words: str
    found: str
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """The result over one set of records: clauses and settings counted alike."""

    landed: int
    total: int
    misses: tuple[Miss, ...]

    @property
    def share(self) -> float:
        return self.landed / self.total if self.total else 1.0

    @property
    def inverted(self) -> int:
        """How many clauses mean the opposite of what was written."""
        return sum(miss.inverted for miss in self.misses)


def score(records: Iterable[Record]) -> Score:
    """Parse every record's text and compare it with its labels."""
    total, misses = 0, list[Miss]()
    for record in records:
        prompt = parse(record.text)
        total += len(record.clauses) + len(record.settings)
        misses += _misplaced(record, prompt)
    return Score(landed=total - len(misses), total=total, misses=tuple(misses))


def _misplaced(record: Record, prompt: PortraitPrompt) -> list[Miss]:
    told = {name: content_words(prompt.slot(name)) for name in SLOTS} | {"negative": content_words(prompt.negative)}
    misses = []
    for clause in record.clauses:
        holders = [name for name, words in told.items() if set(clause.words) & set(words)]
        where = [name for name, words in told.items() if _stands_in(clause.words, words)]
        inverted = _inverted(clause, where)
        if clause.slot not in where or inverted:
            misses.append(Miss(record, clause.slot, " ".join(clause.words), ", ".join(holders), inverted))
    for name, wanted in record.settings:
        found = _setting(prompt, name, wanted)
        if found != wanted:
            misses.append(Miss(record, name, wanted, found))
    return misses


def _inverted(clause: Clause, where: list[str]) -> bool:
    """Whether a clause that stands in these places says the opposite of what it should."""
    wanted = any(name in SLOTS for name in where)
    return wanted if clause.slot == "negative" else "negative" in where and not wanted


def _stands_in(words: tuple[str, ...], slot: tuple[str, ...]) -> bool:
    span = len(words)
    return any(slot[start : start + span] == words for start in range(len(slot) - span + 1))


def _setting(prompt: PortraitPrompt, name: str, wanted: str) -> str:
    if name == "choice":
        return _choice(prompt, wanted)
    if name == "text":
        return " | ".join(prompt.text)
    if name == "characters":
        return " ".join(prompt.characters)
    value = getattr(prompt, name)
    return "" if value is None else str(value)


def _choice(prompt: PortraitPrompt, wanted: str) -> str:
    """A choice as it is labelled, "slot one | two", when exactly one of it is in that slot; else what is there."""
    slot, _, options = wanted.partition(" ")
    drawn = [option for option in options.split(" | ") if _stands_in(content_words(option), _words(prompt, slot))]
    return wanted if len(drawn) == 1 else " | ".join(drawn)


def _words(prompt: PortraitPrompt, slot: str) -> tuple[str, ...]:
    return content_words(prompt.slot(slot))


def main() -> None:
    """Print each set's score, and with -v every miss."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sets", nargs="*", metavar="set", help=", ".join((*SETS, *KINDS)))
    arguments.add_argument("-v", "--verbose", action="store_true", help="print every miss")
    given = arguments.parse_args()
    for name in given.sets or (*SETS, *KINDS):
        records = list(read(name))
        result = score(records)
        inverted = f", {result.inverted} inverted" if result.inverted or name == "negation" else ""
        print(
            f"{name}: {len(records)} prompts, {result.landed} of {result.total} landed ({result.share:.1%}){inverted}"
        )
        wanted = Counter(miss.wanted for miss in result.misses)
        if wanted:
            print("  missed: " + ", ".join(f"{slot} {count}" for slot, count in wanted.most_common()))
        for miss in result.misses if given.verbose else ():
            where = f"{miss.wanted}, found in {miss.found or 'nothing'}"
            print(f"  line {miss.record.line}: “{miss.words}” → {where}")


if __name__ == "__main__":
    main()
