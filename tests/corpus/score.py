"""`python -m tests.corpus.score [-v] [set …]`: how many clauses land in their slot, each set on its own."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.prompt import SLOTS, PortraitPrompt, parse
from tests.corpus.labelled import SETS, Record, content_words, read


@dataclass(frozen=True, slots=True)
class Miss:
    """A clause that is not where its label says; `found` names the slots that hold its words instead."""

    record: Record
    wanted: str
    words: str
    found: str


@dataclass(frozen=True, slots=True)
class Score:
    """The result over one set of records: clauses and settings counted alike."""

    landed: int
    total: int
    misses: tuple[Miss, ...]

    @property
    def share(self) -> float:
        return self.landed / self.total if self.total else 1.0


def score(records: Iterable[Record]) -> Score:
    """Parse every record's text and compare it with its labels."""
    total, misses = 0, list[Miss]()
    for record in records:
        prompt = parse(record.text)
        total += len(record.clauses) + len(record.settings)
        misses += _misplaced(record, prompt)
    return Score(landed=total - len(misses), total=total, misses=tuple(misses))


def _misplaced(record: Record, prompt: PortraitPrompt) -> list[Miss]:
    slots = {name: content_words(prompt.slot(name)) for name in SLOTS}
    misses = []
    for clause in record.clauses:
        if not _stands_in(clause.words, slots[clause.slot]):
            holders = [name for name, words in slots.items() if set(clause.words) & set(words)]
            misses.append(Miss(record, clause.slot, " ".join(clause.words), ", ".join(holders)))
    for name, wanted in record.settings:
        found = _setting(prompt, name)
        if found != wanted:
            misses.append(Miss(record, name, wanted, found))
    return misses


def _stands_in(words: tuple[str, ...], slot: tuple[str, ...]) -> bool:
    span = len(words)
    return any(slot[start : start + span] == words for start in range(len(slot) - span + 1))


def _setting(prompt: PortraitPrompt, name: str) -> str:
    if name == "text":
        return " | ".join(prompt.text)
    if name == "characters":
        return " ".join(prompt.characters)
    value = getattr(prompt, name)
    return "" if value is None else str(value)


def main() -> None:
    """Print each half's score, and with -v every miss."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sets", nargs="*", metavar="set", help=", ".join(SETS))
    arguments.add_argument("-v", "--verbose", action="store_true", help="print every miss")
    given = arguments.parse_args()
    for name in given.sets or SETS:
        records = list(read(name))
        result = score(records)
        print(f"{name}: {len(records)} prompts, {result.landed} of {result.total} landed ({result.share:.1%})")
        wanted = Counter(miss.wanted for miss in result.misses)
        if wanted:
            print("  missed: " + ", ".join(f"{slot} {count}" for slot, count in wanted.most_common()))
        for miss in result.misses if given.verbose else ():
            where = f"{miss.wanted}, found in {miss.found or 'nothing'}"
            print(f"  line {miss.record.line}: “{miss.words}” → {where}")


if __name__ == "__main__":
    main()
