"""What the words of a prompt speak of, as far as policy must know: adult content, people under 18, blocked words.

Pure; decides nothing. The words are in `policy_words/`, a file a language, and all are looked for in every text;
`python -m tests.corpus.safety` and `python -m tests.corpus.policy_score` measure them.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from bot.core import disguises
from bot.core.phrase_list import PhraseList, SaidText
from bot.core.policy_ages import ADULT_AGE, AgeWords, ages
from engine.prompt import SLOTS, PortraitPrompt

_AMBIGUOUS_NUMBERS: Final = frozenset({"on", "elf"})
"""Words for numbers that are quite another word elsewhere; the lists have what matters of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the words of a prompt speak of: in each, the first words that show it, "" when none do.

    `perhaps_minor` is a word such as "girl" with no age of 18 or more, or beside another person who may have that age;
    `grown` a word for somebody grown up, `youngest` the least of the ages that are said, in years.
    """

    adult: str = ""
    undressing: str = ""
    swimwear: str = ""
    minor: str = ""
    perhaps_minor: str = ""
    grown: str = ""
    youngest: int | None = None

    @property
    def young_with_adult(self) -> str:
        """The word for somebody young, when the prompt is also sexual; for a child even swimwear is too much."""
        if self.minor and (self.adult or self.undressing or self.swimwear):
            return self.minor
        return self.perhaps_minor if self.adult or self.undressing else ""


@dataclass(frozen=True, slots=True)
class PolicyWords:
    """The words of all languages together."""

    adult: PhraseList
    suggestive: PhraseList
    swimwear: PhraseList
    minor: PhraseList
    perhaps_minor: PhraseList
    grown: PhraseList
    covering: PhraseList
    adulthood: PhraseList
    age: AgeWords


def read(prompt: PortraitPrompt, year: int) -> Finding:
    """What a prompt speaks of, by its words. What is not wanted counts when it is clothes, or that somebody is grown
    up. `year` is this year, for years of birth."""
    words = policy_words()
    said = SaidText.of(_said(prompt))
    unwanted = SaidText.of(prompt.negative)
    uncovered = words.covering.first(unwanted)
    found = ages(said, words.age, (words.minor, words.perhaps_minor, words.grown), year)
    grown = words.grown.first(said)
    minor, perhaps = _minor(said, unwanted, found, grown)
    return Finding(
        adult=words.adult.first(said) or (f"no {uncovered}" if uncovered else ""),
        undressing=words.suggestive.first(said),
        swimwear=words.swimwear.first(said),
        minor=minor,
        perhaps_minor=perhaps,
        grown=grown,
        youngest=min(found, default=None),
    )


def first_blocked(prompt: PortraitPrompt, blocked: Iterable[str]) -> str:
    """The first entry of a block list that the prompt says, "" when it says none. `*` ends an entry openly."""
    said = SaidText.of(_said(prompt))
    return next((entry for entry in blocked if entry.strip() and _alone(entry.strip()).first(said)), "").strip()


@lru_cache(maxsize=4096)
def _alone(entry: str) -> PhraseList:
    return PhraseList([entry])


def _minor(said: SaidText, unwanted: SaidText, found: Sequence[int], grown_word: str) -> tuple[str, str]:
    """What speaks of somebody under 18 for certain, and what may. "girl" is grown up when the prompt gives an age of
    18 or more and names nobody else who may have it."""
    words = policy_words()
    young = next((f"{age} years" for age in found if age < ADULT_AGE), "")
    certain = young or words.minor.first(said)
    not_grown = words.adulthood.first(unwanted)
    grown = any(age >= ADULT_AGE for age in found) and not grown_word
    perhaps = f"no {not_grown}" if not_grown else "" if grown else words.perhaps_minor.first(said)
    return certain, perhaps


@cache
def policy_words() -> PolicyWords:
    """The words of `policy_words/`, read once."""
    files = sorted(Path(__file__).with_name("policy_words").glob("*.toml"))
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    names = ("adult", "suggestive", "swimwear", "minor", "perhaps_minor", "grown", "covering", "adulthood")
    return PolicyWords(age=_age_words(tables), **{name: _listed(tables, name) for name in names})


def _listed(tables: Iterable[Mapping[str, Any]], name: str) -> PhraseList:
    found = [table[name] for table in tables]
    words, innocent, negated = (
        [entry for one in found for entry in _entries(one.get(key, ""))] for key in ("words", "innocent", "negated")
    )
    return PhraseList(words, innocent, negated=negated)


def _age_words(tables: Iterable[Mapping[str, Any]]) -> AgeWords:
    found = [table["age"] for table in tables]

    def spaced(name: str) -> PhraseList:
        return PhraseList((entry for one in found for entry in _entries(one[name])), spaced=True)

    numbers = {
        " ".join(disguises.tokens(disguises.folded(word))): number
        for one in found
        for number, word in enumerate(_entries(one["numbers"]))
        if word not in _AMBIGUOUS_NUMBERS
    }
    return AgeWords(spaced("units"), spaced("before"), spaced("born_before"), spaced("born_after"), numbers)


def _entries(listed: str) -> list[str]:
    return [entry.strip() for entry in listed.split(",") if entry.strip()]


def every_word(prompt: PortraitPrompt) -> str:
    """All text of a prompt that a model is given, what is not wanted too."""
    return f"{_said(prompt)} . {prompt.negative}"


def _said(prompt: PortraitPrompt) -> str:
    return " . ".join((*(prompt.slot(slot) for slot in SLOTS), *prompt.text))
