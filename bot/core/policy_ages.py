"""How old the people of a prompt are said to be: in digits and words, beside a person, as a birth year, as a look.

Pure. School years and words such as "teenager" are entries of the lists of words; here are the numbers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core import disguises
from bot.core.phrase_list import PhraseList, SaidText

ADULT_AGE: Final = 18

_ALONE: Final = re.compile(r"(?:^|[,;(\n、，]|(?<!\d)\.)\s{0,3}(\d{1,2})\s{0,3}(?=$|[,;.)\n、，](?!\d))")
_BESIDE: Final = re.compile(r"(?<!\w)(?:[fm](\d\d)|(\d\d)\s?(?:[fm]|fem|female|male|girl|boy))(?!\w)")
_DISGUISED: Final = re.compile(
    r"(?<!\w)([1liı|!][0-9osbбzqgо]|[1liı|!]?[0-9]|1[0-9osbбzqgо])(?=[\s-]{0,2}(?:y|year|yr))"
)
_AS_DIGITS: Final = str.maketrans("liı|!osbбzqgо", "1111105662990")
_DENSE_NUMBER: Final = re.compile(r"(十?[一二三四五六七八九]|十)(?=[\s]?[岁歲歳才])")
_DENSE_DIGITS: Final = "一二三四五六七八九"
_NOT_OF_A_PERSON: Final = frozenset(
    [
        "ago",
        "later",
        "war",
        "experience",
        "service",
        "reign",
        "exile",
        "of",
        "whisky",
        "whiskey",
        "scotch",
        "wine",
        "rum",
        "cognac",
    ]
)
_MEASURES: Final = frozenset(
    [
        "mm",
        "cm",
        "m",
        "km",
        "iso",
        "f",
        "k",
        "s",
        "kg",
        "lb",
        "px",
        "fps",
        "mp",
        "people",
        "women",
        "men",
        "girls",
        "boys",
        "children",
        "persons",
        "minutes",
        "min",
    ]
) | frozenset(["hours", "stone", "inch", "inches", "feet", "ft", "st", "nd", "rd", "th"])
_YOUNGEST_ALONE: Final = 3


@dataclass(frozen=True, slots=True)
class AgeWords:
    """How ages are said, all languages together. `numbers` are words for 0 to 17 with what they are worth."""

    units: PhraseList
    before: PhraseList
    born_before: PhraseList
    born_after: PhraseList
    numbers: dict[str, int]


def ages(said: SaidText, words: AgeWords, people: Sequence[PhraseList], year: int) -> list[int]:
    """Every age in years that the text gives somebody, in no order; `year` is the one that birth years count to."""
    text = _dense_numbers(said.folded)
    text = _DISGUISED.sub(lambda found: found[0].translate(_AS_DIGITS), text)
    text = " ".join(_number_or(word, words.numbers) for word in text.split())
    found = _with_words(disguises.tokens(text), words, people, year)
    alone = [int(number) for number in _ALONE.findall(text) if _YOUNGEST_ALONE <= int(number) < ADULT_AGE]
    beside = [int(one or other) for one, other in _BESIDE.findall(text)]
    return [*found, *alone, *beside]


def _number_or(word: str, numbers: dict[str, int]) -> str:
    """A word for a number in which digits stand for letters ("n1ne") as it is meant, any other as it is."""
    meant = disguises.unleeted(word) if not (word.isalpha() or word.isdecimal()) else ""
    return meant if meant in numbers else word


def _dense_numbers(text: str) -> str:
    return _DENSE_NUMBER.sub(lambda found: str(_dense_value(found[0])), text)


def _dense_value(number: str) -> int:
    ten = 10 if number.startswith("十") else 0
    rest = number.removeprefix("十")
    return ten + (_DENSE_DIGITS.index(rest) + 1 if rest else 0)


def _with_words(tokens: tuple[str, ...], words: AgeWords, people: Sequence[PhraseList], year: int) -> Iterator[int]:
    """The ages that stand beside a word that makes them one."""
    numbered = _numbered(tokens, words.numbers)
    near = _ends(words.before, numbered).union(*(_ends(one, tokens) for one in people if len(tokens) == len(numbered)))
    born = _ends(words.born_before, numbered)
    units = {start for start, _, _ in words.units.matches(numbered)}
    after = {start for start, _, _ in words.born_after.matches(numbered)}
    for at, token in enumerate(numbered):
        if not token.isdecimal() or len(token) > 4:
            continue
        number = int(token)
        if len(token) == 4:
            if at + 1 in after or born & {at, at - 1, at - 2}:
                yield max(0, year - number)
        elif _is_in_years(numbered, at, units) or (
            number >= _YOUNGEST_ALONE and at in near and _is_bare(numbered, at, units)
        ):
            yield number


def _is_bare(tokens: Sequence[str], at: int, units: set[int]) -> bool:
    return at + 1 == len(tokens) or (tokens[at + 1] not in _MEASURES and at + 1 not in units)


def _is_in_years(tokens: list[str], at: int, units: set[int]) -> bool:
    """Whether a unit follows, perhaps after the other end of a span ("16-18 years"), and it is a person's."""
    end = next((end for end in (at + 1, at + 2, at + 3) if end in units), 0)
    if not end or any(not word.isdecimal() and word != "to" for word in tokens[at + 1 : end]):
        return False
    after = end + 1 + (tokens[end + 1 : end + 2] == ["old"])
    following = tuple(tokens[after : after + 2])
    return not following or following[0] not in _NOT_OF_A_PERSON or following == ("of", "age")


def _ends(phrases: PhraseList, tokens: Sequence[str]) -> set[int]:
    return {end for _, end, _ in phrases.matches(tokens)}


def _numbered(tokens: Sequence[str], numbers: dict[str, int]) -> list[str]:
    """The tokens with words for numbers as digits; a number may be two words ("on altı")."""
    found = list[str]()
    at = 0
    while at < len(tokens):
        pair = " ".join(tokens[at : at + 2])
        word = pair if pair in numbers else tokens[at]
        found.append(str(numbers[word]) if word in numbers else word)
        at += 2 if word == pair and " " in pair else 1
    return found
