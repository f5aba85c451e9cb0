"""Words as they are meant, whatever they are dressed up as: the one way in which policy and block lists read a text.

A text has three readings. The first is what it says without accents, look-alike letters and what cannot be seen; the
other two undo what is done by hand: "n u d e", "n.u.d.e", "nu-de", "nuuude", "nud3" ("1" is an i in one, an l in the
other).
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, Protocol

_SWELLING: Final = dict.fromkeys((0xFDFA, 0xFDFB, *range(0x3300, 0x3400)), " ")
"""Signs for a whole phrase or unit, none of them of a word in question: NFKC would make up to 18 letters of each."""
_TO_LATIN: Final = str.maketrans("аеорсухіѕԁɡкнтмвјһԛԝαεορτυνικχ", "aeopcyxisdgkhtmbjhqwaeoptuvikx")
_TO_CYRILLIC: Final = str.maketrans("aeopcyxikhtmb", "аеорсухікнтмв")
_PLAIN_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ħ": "h", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
)
_LEET: Final = str.maketrans("01345789@$!|+€", "oieastbgasiite")
_LEET_L: Final = str.maketrans("01345789@$!|+€", "oleastbgasllte")
_TOKEN: Final = re.compile(r"\d+(?:[.,/:]\d+)*[+%]?|[^\W\d_]+(?:'[^\W\d_]+)*")
_ELIDED: Final = re.compile(r"(?<![^\W_])(l|d|un|qu|j|c|s|n|m|t|dell|all|nell|sull|dall|quell|gl)'(?=[^\W\d_]{2})")
"""The apostrophe between an article and its word ("un'amica")."""
_NO_LETTER: Final = re.compile(r"[\W_]+")
_PARTED: Final = re.compile(r"(?<!\S)([$@!|+€]),?\s(?=\w)")
_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_DENSE: Final = "\u2e80"
"""From here on come the scripts that are written without spaces between words."""
_LONGEST_SPELLED: Final = 16
_PAIR: Final = 6
"""Two words are joined only to a word of so many letters ("lin gerie")."""
_SHORT: Final = 3
"""Words of so many letters are found by chance: they are undisguised in the plain cases alone."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")


class Vocabulary(Protocol):
    """What a disguise may hide: `words` by themselves, and the same words by their letters without repetitions."""

    @property
    def words(self) -> Collection[str]: ...

    @property
    def squeezed(self) -> dict[str, list[str]]: ...


def accented(text: str) -> str:
    """Lower case, composed, without marks that cannot be seen; accents stay."""
    composed = unicodedata.normalize("NFKC", text.translate(_SWELLING)).casefold().replace("’", "'")
    if composed.isascii():
        return composed
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
        for sign in composed
        if sign not in _BLANK and unicodedata.category(sign) not in ("Cf", "Mn")
    )


def folded(text: str) -> str:
    """`accented` without the accents of Latin and Cyrillic, and with look-alike letters made those of their word."""
    if text.isascii():
        return accented(text)
    composed = unicodedata.normalize("NFKC", text.translate(_SWELLING)).casefold()
    apart = unicodedata.normalize("NFD", composed)
    bare = "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f")
    plain = accented(bare).translate(_PLAIN_LETTERS)
    return " ".join(map(_one_script, plain.split()))


def _one_script(word: str) -> str:
    """Letters of two scripts in one word are disguise; a wholly Cyrillic word is a word."""
    if not any("a" <= letter <= "z" for letter in word):
        return word
    latin = word.translate(_TO_LATIN)
    return word.translate(_TO_CYRILLIC) if _CYRILLIC.search(latin) else latin


def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text that was folded or had its accents kept; "16yo" is two."""
    return tuple(_TOKEN.findall(_ELIDED.sub(r"\1 ", text)))


def undisguised(text: str, vocabulary: Vocabulary) -> Iterator[tuple[str, ...]]:
    """The two readings of a folded text in which disguises are undone."""
    # A reader of prompts may part a sign from its word ("$, 3xy").
    whole = _PARTED.sub(r"\1", text)
    chunks = [chunk for chunk in whole.split() if _NO_LETTER.sub("", chunk)]
    for leet in (_LEET, _LEET_L):
        meant = {chunk: _meant(chunk, leet, vocabulary).split() for chunk in set(chunks)}
        words = [word for chunk in chunks for word in meant[chunk]]
        yield (*words, *_spelled_out(words, vocabulary.words))


def _meant(chunk: str, leet: dict[int, int], vocabulary: Vocabulary) -> str:
    if any(letter.isalpha() for letter in chunk):
        chunk = chunk.rstrip("!|").translate(leet)
    word = _NO_LETTER.sub("", chunk)
    if word in vocabulary.words:
        return word
    stretched = (entry for entry in vocabulary.squeezed.get(squeezed(word), ()) if _stretched(word, entry))
    parts = _ELIDED.sub(r"\1 ", chunk).split()
    return next(stretched, "") or " ".join(_NO_LETTER.sub("", part) for part in parts)


def unleeted(word: str) -> str:
    """The word with the letters that its digits and signs stand for."""
    return word.translate(_LEET)


def squeezed(word: str) -> str:
    """Each run of one letter once."""
    return "".join(letter for letter, _ in groupby(word))


def _stretched(word: str, entry: str) -> bool:
    """Whether the word is the entry with letters repeated; both have the same runs. "bob" is no "boob"."""
    runs = _runs(word)
    return (len(entry) > _SHORT or max(runs) > 2) and all(a >= b for a, b in zip(runs, _runs(entry), strict=True))


def _runs(word: str) -> list[int]:
    return [len(list(run)) for _, run in groupby(word)]


def _spelled_out(words: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """The words that stand in two pieces, or in more of one or two letters, most of one."""
    for one, other in pairwise(words):
        if len(one) + len(other) >= _PAIR and one + other in known:
            yield one + other
    for short, run in groupby(words, lambda word: len(word) <= 2):
        pieces = list(run) if short else []
        for start in range(len(pieces)):
            yield from _from(pieces[start : start + _LONGEST_SPELLED], known, whole=len(pieces))


def _from(pieces: Sequence[str], known: Collection[str], whole: int) -> Iterator[str]:
    """The words that the first so many pieces make. `whole` is how many pieces stand in a row."""
    joined = ""
    for count, piece in enumerate(pieces, 1):
        joined += piece
        fewest = 2 if is_dense(joined) else whole if len(joined) <= _SHORT else _SHORT
        if joined in known and count >= fewest and count * 2 > len(joined):
            yield joined


def is_dense(word: str) -> bool:
    """Whether it begins in a script without spaces between words."""
    return word[:1] >= _DENSE


def run_together(text: str) -> str:
    """A folded text without anything between its letters, for scripts that have no spaces of their own."""
    return _NO_LETTER.sub("", text)
