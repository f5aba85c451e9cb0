"""Names of real people, from an operator's list: whether a text says one of them, whatever it is dressed up as.

Whole names alone are found: "Jordan" is not "Michael Jordan". Spaces, dots and hyphens may part a name's letters or be
missing between its words. The time grows with the text's length alone, however long the list.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bot.core import disguises
from bot.core.errors import SettingsError
from bot.core.settings import Settings

Mode = Literal["off", "ask", "refuse"]
MOST_NAMES: Final = 100_000
LONGEST_NAME: Final = 100
"""In characters, as a line of the file."""
MOST_BYTES: Final = 16 * 2**20
_SHORTEST: Final = 3
"""Fewer letters would be found everywhere; in scripts without spaces two do, where one sign is a syllable or a word."""
_SHORTEST_DENSE: Final = 2
_SHORTEST_PARTED: Final = 7
"""A name of so many letters is found when it is parted or joined otherwise; shorter ones are by chance ("Ana Li")."""
_PLURAL: Final = "s"


class BadName(ValueError):
    """A name that cannot be looked for; `str()` is a clause that says why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"“{name[:40]}” {why}")
        self.name = name


class NameList:
    """The names that are looked for. Raises BadName."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, list[tuple[frozenset[int], str]]] = defaultdict(list)
        self._dense: dict[str, str] = {}
        self.words = set[str]()
        """The words of all names: what a disguise may hide."""
        self.count = 0
        for name in dict.fromkeys(names):
            self._add(name)
            self.count += 1
        self.squeezed: dict[str, list[str]] = defaultdict(list)
        """The same by their letters without repetitions."""
        for word in sorted(self.words):
            if len(word) >= _SHORTEST:
                self.squeezed[disguises.squeezed(word)].append(word)
        self.by_ends = disguises.by_ends(self.words)
        """The same by how many letters they have, and the first and the last of them."""
        self._longest = max(map(len, self._names), default=0)
        self._dense_lengths = sorted({len(name) for name in self._dense})

    def _add(self, name: str) -> None:
        if len(name) > LONGEST_NAME:
            raise BadName(name, f"is longer than {LONGEST_NAME} characters")
        if "*" in name:
            raise BadName(name, "has a *, and names are found whole")
        parts = _letters(disguises.tokens(disguises.folded(name)))
        joined = "".join(parts)
        dense = all(map(disguises.is_dense, parts))
        if len(joined) < (_SHORTEST_DENSE if dense else _SHORTEST):
            raise BadName(name, "has too few letters, and would be found in ordinary words")
        if dense:
            self._dense.setdefault(joined, name)
        else:
            self._names[joined].append((_boundaries(parts), name))
            self.words.update(parts)

    def found(self, text: str) -> tuple[str, ...]:
        """The names that the text says, as they stand in the list, each once."""
        if not self.count:
            return ()
        folded = disguises.folded(text)
        readings = [disguises.tokens(folded)]
        if self._names:
            readings += disguises.undisguised(folded, self)
        said = (name for words in dict.fromkeys(map(_letters, readings)) for name in self._said(words))
        return tuple(dict.fromkeys((*said, *self._said_densely(folded))))

    def _said(self, words: Sequence[str]) -> Iterator[str]:
        """The names that begin and end where words of the text do."""
        for start in range(len(words)):
            joined, ends = "", list[int]()
            for word in itertools.islice(words, start, None):
                joined += word
                if len(joined) > self._longest + len(_PLURAL):
                    break
                for whole in {joined, joined.removesuffix(_PLURAL)} & self._names.keys():
                    inside = frozenset(ends)
                    yield from (name for bounds, name in self._names[whole] if _is(whole, bounds, inside))
                ends.append(len(joined))

    def _said_densely(self, folded: str) -> Iterator[str]:
        """Names in scripts that have no spaces of their own, anywhere in the text."""
        if not self._dense:
            return
        text = disguises.run_together(folded)
        for start in range(len(text)):
            for length in self._dense_lengths:
                if name := self._dense.get(text[start : start + length]):
                    yield name


def _letters(words: Sequence[str]) -> tuple[str, ...]:
    """The words without apostrophes and numbers: "o'neal" is "oneal", and so is its possessive."""
    bare = (word.replace("'", "") for word in words)
    return tuple(word for word in bare if word and not word[0].isdigit())


def _boundaries(parts: Sequence[str]) -> frozenset[int]:
    """Where words end inside the joined letters."""
    return frozenset(list(itertools.accumulate(map(len, parts)))[:-1])


def _is(joined: str, name: frozenset[int], said: frozenset[int]) -> bool:
    """Whether letters that are a name's are parted as that name may be: as it is, further, or less. "bend over" is not
    "Ben Dover"."""
    if name == said:
        return True
    spelled = len(said) == len(joined) - 1
    return spelled or (len(joined) >= _SHORTEST_PARTED and (name <= said or said <= name))


@dataclass(frozen=True, slots=True)
class RealPeople:
    """What is done about names of the list: nothing, ask who orders for their right, or refuse."""

    mode: Mode = "off"
    names: NameList = field(default_factory=lambda: NameList(()))

    def named_in(self, text: str) -> tuple[str, ...]:
        """The names that a text says; none where nothing is done about them."""
        return () if self.mode == "off" else self.names.found(text)


NO_REAL_PEOPLE: Final = RealPeople()


def read_names(file: Path) -> NameList:
    """The names of a file: UTF-8, one a line, `#` begins a comment. Raises SettingsError with the line."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise SettingsError(f"{file} is larger than {MOST_BYTES // 2**20} MiB. Leave names out.")
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}).") from error
    names = dict[str, int]()
    for number, line in enumerate(lines, 1):
        if name := " ".join(line.partition("#")[0].split()):
            names.setdefault(name, number)
    if len(names) > MOST_NAMES:
        raise SettingsError(f"{file} has {len(names):,} names, and {MOST_NAMES:,} are the most. Leave some out.")
    try:
        return NameList(names)
    except BadName as error:
        raise SettingsError(f"{file}, line {names[error.name]}: {error}.") from error


def real_people_of(settings: Settings) -> RealPeople:
    """What the settings say of real people's names; blocking. Raises SettingsError."""
    mode, named = settings.moderation_real_people, settings.moderation_real_people_file
    if mode == "off":
        return NO_REAL_PEOPLE
    if not named:
        raise SettingsError(
            f"MODERATION_REAL_PEOPLE is {mode}, and MODERATION_REAL_PEOPLE_FILE names no list. Name a text file with "
            "one name a line, or set MODERATION_REAL_PEOPLE=off."
        )
    try:
        return RealPeople(mode, read_names(Path(named)))
    except SettingsError as error:
        raise SettingsError(f"MODERATION_REAL_PEOPLE_FILE: {error}") from error
