"""A list of words and phrases that is looked for in a text, whatever they are dressed up as (`disguises.py`).

Looked up word by word, not by one large pattern: the time grows with the text's length alone, however long the list.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from bot.core import disguises

_ENDINGS: Final = ("'s", "es", "s")
_SHORTEST_STRETCHED: Final = 3
_WORDS_KEPT: Final = 4096

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidText:
    """A text as its readings need it: with its accents, and folded."""

    folded: str
    plain_readings: tuple[Tokens, Tokens]

    @classmethod
    def of(cls, text: str) -> "SaidText":
        folded = disguises.folded(text)
        return cls(folded, (disguises.tokens(disguises.accented(text)), disguises.tokens(folded)))


class PhraseList:
    """Entries that are matched as whole words, in the singular and the plural.

    In an entry `*` at the end stands for the rest of a word and `#` for a number; `=` in front says that its accents
    count ("=niña" is not Nina). What is `innocent` is taken out of the text first.
    """

    def __init__(
        self,
        entries: Iterable[str],
        innocent: Iterable[str] = (),
        *,
        negated: Iterable[str] = (),
        spaced: bool = False,
    ) -> None:
        """`negated` words in front undo an entry ("no nudity"). `spaced` is for lists that only `matches` is asked of:
        then every script is read word by word."""
        self._negated = frozenset(negated)
        self._entries: dict[str, list[tuple[Tokens, str]]] = defaultdict(list)
        self._dense: list[tuple[str, str]] = []
        self._spaced = spaced
        told = tuple(innocent)
        self._innocent = PhraseList([*told, *(f"={one}" for one in told)]) if told else None
        for entry in entries:
            self._add(entry.strip())
        self._open_lengths = sorted({len(begin) - 1 for begin in self._entries if begin.endswith("*")})
        self._beginning_with = lru_cache(_WORDS_KEPT)(self._look_up)  # readings of one text share nearly all words

    def _add(self, entry: str) -> None:
        read = disguises.accented(entry[1:]) if entry.startswith("=") else disguises.folded(entry)
        openly = read.endswith("*")
        parts = disguises.tokens(read.replace("#", " 0 "))
        if not parts:
            return
        if disguises.is_dense(parts[-1]) and "#" not in entry and not self._spaced:
            self._dense.append((" ".join(parts), entry))
            return
        if "#" in entry:
            parts = tuple("#" if part == "0" else part for part in parts)
        pattern = (*parts[:-1], parts[-1] + "*" * openly)
        self._entries[pattern[0]].append((pattern, entry))

    @cached_property
    def words(self) -> frozenset[str]:
        """The entries of one word, and of the others the words that are long enough not to be found by chance."""
        patterns = [pattern for found in self._entries.values() for pattern, _ in found]
        parts = {
            part.rstrip("*") for one in patterns for part in one if len(one) == 1 or len(part) > _SHORTEST_STRETCHED
        }
        return frozenset(parts.union(word for word, _ in self._dense))

    @cached_property
    def squeezed(self) -> dict[str, list[str]]:
        """`words` by their letters without repetitions."""
        found: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            if len(word) >= _SHORTEST_STRETCHED:
                found[disguises.squeezed(word)].append(word)
        return found

    @cached_property
    def by_ends(self) -> dict[tuple[int, str, str], list[str]]:
        """`words` by how many letters they have, and the first and the last of them."""
        return disguises.by_ends(self.words)

    def first(self, said: SaidText) -> str:
        """The first of the entries in the text as the text says it, "" when it says none."""
        return self.first_entry(said)[0]

    def first_entry(self, said: SaidText) -> tuple[str, str]:
        """What the text says and the entry that it matches; both "" when it says none."""
        for words in self._readings(said):
            for start, end, entry in self.matches(words):
                if self._is_negated(words, start):
                    continue
                return " ".join(words[start:end]), entry
        return self._first_dense(said)

    def _is_negated(self, words: Tokens, start: int) -> bool:
        before = words[max(0, start - 2) : start]
        if before and before[-1] in ("any", "more"):
            before = before[:-1]
        return bool(before) and before[-1] in self._negated

    def _readings(self, said: SaidText) -> Iterator[Tokens]:
        for words in dict.fromkeys(said.plain_readings):
            yield self._without_innocent(words)
        for words in disguises.undisguised(said.folded, self):
            yield self._without_innocent(words)

    def _without_innocent(self, words: Tokens) -> Tokens:
        if self._innocent is None:
            return words
        kept = list(words)
        for start, end, _ in self._innocent.matches(words):
            kept[start:end] = ["·"] * (end - start)
        return tuple(kept)

    def _first_dense(self, said: SaidText) -> tuple[str, str]:
        for text in (" ".join(disguises.tokens(said.folded)), disguises.run_together(said.folded)):
            bare = self._innocent.without_dense(text) if self._innocent else text
            for word, entry in self._dense:
                if word in bare:
                    return word, entry
        return "", ""

    def without_dense(self, text: str) -> str:
        """The text without the entries that are written without spaces."""
        for word, _ in self._dense:
            text = text.replace(word, "·")
        return text

    def matches(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """(start, end, entry) of each match, the longest first where several begin at one word."""
        for start, word in enumerate(words):
            begun = self._beginning_with(word)
            if not begun:
                continue
            following = words[start + 1] if start + 1 < len(words) else ""
            found = [
                (len(pattern), entry)
                for pattern, entry in begun
                if _may_go_on(pattern, following) and _fits(pattern, words[start : start + len(pattern)])
            ]
            for length, entry in sorted(found, reverse=True):
                yield start, start + length, entry

    def _look_up(self, word: str) -> list[tuple[Tokens, str]]:
        return [found for key in self._keys(word) for found in self._entries.get(key, ())]

    def _keys(self, word: str) -> Iterator[str]:
        """What an entry that fits the word may begin with."""
        yield word
        if word[0].isdigit():
            yield "#"
        yield from (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
        yield from (word[:length] + "*" for length in self._open_lengths if length <= len(word))


def _may_go_on(pattern: Tokens, following: str) -> bool:
    """Whether the second word is not another one altogether; told quickly, as most entries end here."""
    return len(pattern) == 1 or pattern[1] == "#" or following.startswith(pattern[1].removesuffix("*"))


def _fits(pattern: Tokens, words: Sequence[str]) -> bool:
    if len(words) < len(pattern):
        return False
    *others, last = pattern
    return all(map(_fits_word, others, words)) and (
        _fits_word(last, words[-1])
        or any(last == words[-1].removesuffix(ending) for ending in _ENDINGS if words[-1].endswith(ending))
    )


def _fits_word(pattern: str, word: str) -> bool:
    if pattern == "#":
        return word.isdecimal()
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == word
