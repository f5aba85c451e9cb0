"""What the words of a prompt speak of, as far as policy must know: adult content, people under 18, blocked words.

Pure; decides nothing. The words are in `policy_words.toml`; `python -m tests.corpus.policy_score` measures them.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt

ADULT_AGE: Final = 18

_LOOKALIKES: Final = str.maketrans("аеорсухіѕԁɡ", "aeopcyxisdg")
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_SPELLED_OUT: Final = re.compile(r"(?<![^\W_])(?:[^\W_][\s._*\-/|]{1,2}){2,}[^\W_](?![^\W_])")
_SEPARATORS: Final = re.compile(r"[^\w'+.,/%·]|_|(?<!\d)[.,](?!\d)")
_NO_LETTER: Final = re.compile(r"[^\w]|_")
_SWELLING: Final = dict.fromkeys((0xFDFA, 0xFDFB, *range(0x3300, 0x3400)), " ")
"""Signs for a whole phrase or unit, none of them of a word in question: NFKC would make up to 18 letters of each."""
_NUMBERS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
)
_NUMBER: Final = "|".join(_NUMBERS)
_NOT_OF_A_PERSON: Final = r"(?!\w)(?!\s+(?:ago|later|war|of|experience|service|reign|exile))"
_AGES: Final = (
    re.compile(
        rf"(?<![\w.,/])(\d{{1,3}})(?:\s*(?:-|–|to)\s*\d{{1,3}})?\s*(?:years?|yrs?|y o|yo|y/o){_NOT_OF_A_PERSON}"
    ),
    re.compile(
        r"(?:aged?|age of|turning|looks|looking|seems|about|just)\s+(\d{1,2})(?![\w.,/%])(?!\s+\w*(?:mm|iso|people))"
    ),
    re.compile(rf"(?<!\w)({_NUMBER})\s+(?:years?|yrs?|yo){_NOT_OF_A_PERSON}"),
    re.compile(
        rf"(?<!\w)(?:aged?|(?:girl|boy|youth|lad|lass|man|woman|student|person) of)\s+({_NUMBER}|\d{{1,2}})(?!\w)"
    ),
)
_UNCOVERED: Final = re.compile(
    r"(?<!\w)(?:cloth(?:es|ing|ed)|dressed|underwear|bra|panties|garments?|covered|censor\w*)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the words of a prompt speak of: in each, the first words that show it, "" when none do.

    `perhaps_minor` is a word such as "girl" with no sign of an adult.
    """

    adult: str = ""
    undressing: str = ""
    swimwear: str = ""
    minor: str = ""
    perhaps_minor: str = ""

    @property
    def young_with_adult(self) -> str:
        """The word for somebody young, when the prompt is also sexual; for a child even swimwear is too much."""
        if self.minor and (self.adult or self.undressing or self.swimwear):
            return self.minor
        return self.perhaps_minor if self.adult or self.undressing else ""


def read(prompt: PortraitPrompt) -> Finding:
    """What a prompt speaks of, by its words. What is not wanted counts for nothing, save when it is clothes."""
    words = _words()
    said = _said(prompt)
    texts = (_plain(said), _unmasked(said))
    uncovered = _UNCOVERED.search(_plain(prompt.negative))
    minor, perhaps = _minor(texts)
    return Finding(
        adult=_first(words["adult"], texts) or (f"no {uncovered[0]}" if uncovered else ""),
        undressing=_first(words["suggestive"], texts),
        swimwear=_first(words["swimwear"], texts),
        minor=minor,
        perhaps_minor=perhaps,
    )


def _first(words: "_Words", texts: Iterable[str]) -> str:
    return next((found for text in texts if (found := words.first(text))), "")


def first_blocked(prompt: PortraitPrompt, blocked: Iterable[str]) -> str:
    """The first entry of a block list that the prompt says, "" when it says none. `*` ends an entry openly."""
    entries = tuple(entry.strip() for entry in blocked if _plain_entry(entry).rstrip("*"))
    if not entries:
        return ""
    said = _said(prompt)
    texts = (_plain(said), _unmasked(said))
    return next((entry for entry in entries if any(_pattern((_plain_entry(entry),)).search(t) for t in texts)), "")


def _minor(texts: tuple[str, str]) -> tuple[str, str]:
    """What speaks of somebody under 18 for certain, and what may. An adult's age beside "girl" makes her one."""
    plain = texts[0]
    ages = [_number(age) for pattern in _AGES for age in pattern.findall(plain)]
    young = next((f"{age} years" for age in ages if age < ADULT_AGE), "")
    words = _words()
    certain = young or _first(words["minor"], texts)
    perhaps = _first(words["perhaps_minor"], texts)
    grown = any(age >= ADULT_AGE for age in ages) or words["grown"].first(plain)
    return certain, "" if grown else perhaps


def _number(age: str) -> int:
    return int(age) if age.isdecimal() else _NUMBERS.index(age)


class _Words:
    """A list of words with the innocent phrases that hold them. `negated` words before one undo it."""

    def __init__(self, listed: str, innocent: str = "", negated: str = "") -> None:
        self._words = _pattern(_entries(listed))
        self._innocent = _pattern(_entries(innocent)) if innocent else None
        self._negation = (
            re.compile(rf"(?:{'|'.join(map(re.escape, _entries(negated)))})(?: any| more)?\s$") if negated else None
        )

    def first(self, plain: str) -> str:
        """The first of the words in a text made plain, "" when it has none."""
        if self._innocent:
            plain = self._innocent.sub(" · ", plain)
        for found in self._words.finditer(plain):
            if not (self._negation and self._negation.search(plain, max(0, found.start() - 16), found.start())):
                return found[0]
        return ""


@cache
def _words() -> dict[str, _Words]:
    tables = tomllib.loads(Path(__file__).with_name("policy_words.toml").read_text(encoding="utf-8"))
    return {
        name: _Words(table["words"], table.get("innocent", ""), table.get("negated", ""))
        for name, table in tables.items()
    }


def _entries(listed: str) -> tuple[str, ...]:
    return tuple(_plain_entry(entry) for entry in listed.split(",") if entry.strip())


def _plain_entry(entry: str) -> str:
    openly = entry.strip().endswith("*")
    return _plain(entry.strip().rstrip("*")) + ("*" if openly else "")


@lru_cache(maxsize=4096)
def _pattern(entries: tuple[str, ...]) -> re.Pattern[str]:
    """Matches any entry as whole words; the longest first, so that a phrase wins over its first word."""
    parts = [
        re.escape(entry[:-1]) + r"\w*"
        if entry.endswith("*")
        else re.escape(entry) + ("" if _dense(entry) else r"(?:'?e?s)?")
        for entry in sorted(entries, key=len, reverse=True)
    ]
    return re.compile(rf"(?:(?<!\w)|(?<=[^\x00-\u2fff]))(?:{'|'.join(parts)})(?:(?!\w)|(?=[^\x00-\u2fff]))")


def _dense(entry: str) -> bool:
    """Whether the entry is in a script without spaces between words, or ends in no letter."""
    return entry[-1] > "\u2fff" or not entry[-1].isalpha()


def _said(prompt: PortraitPrompt) -> str:
    return " . ".join((*(prompt.slot(slot) for slot in SLOTS), *prompt.text))


def _plain(text: str) -> str:
    """Lower case, look-alike letters made Latin, accents kept, everything else single spaces."""
    folded = _composed(text)
    if not folded.isascii():
        folded = "".join(
            letter for letter in folded if unicodedata.category(letter) not in {"Cf", "Mn"} or letter == "\u094d"
        )
        folded = " ".join(_latin(word) for word in folded.split())
    folded = folded.replace("’", "'").replace("y.o.", "yo").replace("y.o", "yo")
    return " ".join(_SEPARATORS.sub(" ", folded).split())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_SWELLING)).casefold()


def _latin(word: str) -> str:
    """Cyrillic look-alikes in a word that is otherwise Latin are disguise; a wholly Cyrillic word is a word."""
    return word.translate(_LOOKALIKES) if any("a" <= letter <= "z" for letter in word) else word


def _unmasked(said: str) -> str:
    """The text with disguises undone: "n u d e", "n.u.d.e" and "nud3"."""
    joined = _SPELLED_OUT.sub(_rejoined, _composed(said))
    words = (word.translate(_LEET) if any(letter.isalpha() for letter in word) else word for word in joined.split())
    return _plain(" ".join(words))


def _rejoined(found: re.Match[str]) -> str:
    """The letters as a word, and once more without the first: it may have been an "a" of its own."""
    letters = _NO_LETTER.sub("", found[0])
    return f"{letters} {letters[1:]}"
