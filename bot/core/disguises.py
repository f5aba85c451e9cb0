"""Words as they are meant, whatever they are dressed up as: the one way in which policy and block lists read a text.

A text has three readings. The first is what it says without accents, look-alike letters and what cannot be seen; the
other two undo what is done by hand: "n u d e", "n.u.d.e", "nu-de", "n ude", "nuuude", "nud3", "n*de" ("1" is an i in
one, an l in the other). Words that are written backwards are not looked for: no model reads them as the word, and many
are others ("lana").
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final, Protocol

from engine.prompts.languages import vocabulary as languages
from engine.prompts.lexicon import kind_of

_SWELLING: Final = dict.fromkeys((0xFDFA, 0xFDFB, *range(0x3300, 0x3400)), " ")
"""Signs for a whole phrase or unit, none of them of a word in question: NFKC would make up to 18 letters of each."""
_TO_LATIN: Final = str.maketrans(
    "аеорсухіѕԁɡкнтмвјһԛԝьαεορτυνικχηωσςβγλζθμօսհոտցզայղքլ" + "ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ",
    "aeopcyxisdgkhtmbjhqwbaeoptuvikxnwsobylzououhnsgqwjnfl" + "abcdeghijklmprstvwz",
)
"""What looks like a Latin letter, and is one among Latin letters."""
_TO_CYRILLIC: Final = str.maketrans("aeopcyxikhtmb", "аеорсухікнтмв")
_LEET: Final = str.maketrans("01345789@$!|+€6^£&", "oieastbgasiitebaee")
_LEET_L: Final = str.maketrans("01345789@$!|+€6^£&", "oleastbgaslltegaee")
_DRAWN: Final = {"/\\": "a", "|\\|": "n", "\\/": "v", "()": "o", "|_|": "u", "|)": "d", "|<": "k"}
"""Letters that are drawn with several signs."""
_DRAWN_SIGNS: Final = re.compile("|".join(map(re.escape, sorted(_DRAWN, key=len, reverse=True))))
_UPRIGHT: Final = str.maketrans("ɐǝɟƃɥᴉɾʞɯɹʇʌʍʎɔunpbqd", "aefghijkmrtvwycnudqbp")
"""Of a word that stands on its head, which is read from its other end."""
_TURNED: Final = re.compile("[ɐǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")
_OTHER_ENDS: Final = (("zz", "ss"), ("z", "s"), ("z", ""), ("v", "u"))
"""What else the letters of a word may be meant for: "toplezz", "girlz", "nvde"."""
_FLAG: Final = re.compile("(?<![\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff]{2}(?![\U0001f1e6-\U0001f1ff])")
"""Two letters of a country and no more, which are its flag and no word."""
_MASKED: Final = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:[*#]{1,3}|[_.-])[^\W\d_]++")
_MASK: Final = re.compile(r"[^\W\d_]")
_DISGUISED: Final = "\ue000"
"""Behind a folded word that mixed letters of two scripts: no letter itself, and nobody can type it unseen."""
_LEETED: Final = re.compile(r"[@$!|+€^£&0-9]")
_DIGITS: Final = re.compile(r"\d+")
_SPACED: Final = (*languages.LATIN, "russian", "ukrainian")
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
"""Two words are joined only to a word of so many letters ("lin gerie"), and to a shorter one of `_ODD_PAIR` where one
of them is no word of its own or is disguised ("n aked", "b@ by")."""
_ODD_PAIR: Final = 4
_LONGEST: Final = 64
"""A chunk of more signs than these hides no word between them."""
_SHORT: Final = 3
"""Words of so many letters are found by chance: they are undisguised in the plain cases alone."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")


_NAMED: Final = re.compile(
    r"(?:LATIN (?:LETTER |SMALL LETTER |CAPITAL LETTER )?(?:SMALL CAPITAL |OPEN |SCRIPT |REVERSED OPEN |BARRED |"
    r"DOTLESS |LONG |INSULAR |CLOSED )?|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER |"
    r"REGIONAL INDICATOR SYMBOL LETTER |TAG LATIN (?:SMALL|CAPITAL) LETTER )([A-Z])(?: BAR| WITH .+)?"
)
_NAMED_SO: Final = (
    *(range(0xE0, 0x2B0), range(0x1D00, 0x1DC0), range(0x1E00, 0x1F00), range(0x2C60, 0x2C80)),
    *(range(0xA720, 0xA800), range(0xAB30, 0xAB70), range(0x1F150, 0x1F200), range(0xE0041, 0xE007B)),
)


def _letters_by_name() -> dict[int, str]:
    """Signs whose Unicode names say which Latin letter they are: crossed, hooked, small capital, boxed, flags, tags."""
    found: dict[int, str] = {}
    for code in (code for codes in _NAMED_SO for code in codes):
        named = _NAMED.fullmatch(unicodedata.name(chr(code), ""))
        if named:
            found[code] = named[1].lower()
    return found


_PLAIN_LETTERS: Final = {
    **_letters_by_name(),
    **str.maketrans({"æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ə": "e", "ɑ": "a", "ʊ": "u", "ɩ": "i"}),
    **str.maketrans({"⭕": "o", "ŋ": "n"}),
}


class Vocabulary(Protocol):
    """What a disguise may hide: `words` by themselves, the same words by their letters without repetitions, and by how
    many letters they have with the first and the last of them."""

    @property
    def words(self) -> Collection[str]: ...

    @property
    def squeezed(self) -> dict[str, list[str]]: ...

    @property
    def by_ends(self) -> dict[tuple[int, str, str], list[str]]: ...


def by_ends(words: Iterable[str]) -> dict[tuple[int, str, str], list[str]]:
    """Words by how many letters they have, and the first and the last of them."""
    found: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for word in sorted(words):
        found[len(word), word[:1], word[-1:]].append(word)
    return found


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
    turned = _FLAG.sub(" ", _upright(bare) if _TURNED.search(bare) else bare)
    plain = accented(turned.translate(_PLAIN_LETTERS))
    return " ".join(map(_one_script, plain.split()))


def _upright(text: str) -> str:
    """The text with the words that stand on their heads turned round."""
    words = text.split()
    return " ".join(word[::-1].translate(_UPRIGHT) if _TURNED.search(word) else word for word in words)


def _one_script(word: str) -> str:
    """Letters of two scripts in one word are disguise; a wholly Cyrillic word is a word."""
    if word.isascii() or not any("a" <= letter <= "z" for letter in word):
        return word
    latin = word.translate(_TO_LATIN)
    return word.translate(_TO_CYRILLIC) if _CYRILLIC.search(latin) else f"{latin}{_DISGUISED if latin != word else ''}"


def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text that was folded or had its accents kept; "16yo" is two."""
    return tuple(_TOKEN.findall(_ELIDED.sub(r"\1 ", text)))


def undisguised(text: str, vocabulary: Vocabulary) -> Iterator[tuple[str, ...]]:
    """The two readings of a folded text in which disguises are undone."""
    # A reader of prompts may part a sign from its word ("$, 3xy").
    whole = _PARTED.sub(r"\1", text)
    if "|" in whole or "\\" in whole or "()" in whole:
        whole = _DRAWN_SIGNS.sub(lambda found: _DRAWN[found[0]], whole)
    chunks = [chunk for chunk in whole.split() if _NO_LETTER.sub("", chunk)]
    for leet in (_LEET, _LEET_L):
        meant = {chunk: _meant(chunk, leet, vocabulary).split() for chunk in set(chunks)}
        words = [word for chunk in chunks for word in meant[chunk]]
        odd = {word for chunk, found in meant.items() if _is_odd(chunk) for word in found}
        yield (*words, *_spelled_out(words, vocabulary.words, odd))


def _is_odd(chunk: str) -> bool:
    """Whether a chunk is disguised by itself: of two scripts, or with signs for letters."""
    return not chunk.isalpha() and (_DISGUISED in chunk or _LEETED.search(chunk) is not None)


def _meant(chunk: str, leet: dict[int, int], vocabulary: Vocabulary) -> str:
    """The word of the vocabulary that a chunk may be meant for; else its letters, in one piece but for its elisions."""
    if chunk.isalpha():
        return chunk if chunk in vocabulary.words else _known(chunk, chunk, vocabulary) or chunk
    plain = _NO_LETTER.sub("", chunk) if len(chunk) <= _LONGEST else ""
    if plain in vocabulary.words:
        return plain
    masked = _unmasked(chunk, vocabulary) if plain else ""
    if masked:
        return masked
    if any(letter.isalpha() for letter in chunk):
        chunk = chunk.rstrip("!|").translate(leet)
    parts = _ELIDED.sub(r"\1 ", chunk).split()
    known = _known(_NO_LETTER.sub("", chunk), plain, vocabulary)
    return known or " ".join(_NO_LETTER.sub("", part) for part in parts)


def _known(word: str, plain: str, vocabulary: Vocabulary) -> str:
    """The word of the vocabulary that this one stands for, perhaps with letters repeated; "" when there is none."""
    for meant in _may_be(word, plain):
        if meant in vocabulary.words:
            return meant
    stretched = (entry for entry in vocabulary.squeezed.get(squeezed(word), ()) if _stretched(word, entry))
    return next(stretched, "")


def _may_be(word: str, plain: str) -> Iterator[str]:
    """What the letters of a word may be meant for, and those of it without its signs."""
    yield word
    for written, meant in _OTHER_ENDS:
        if written in word:
            yield word.removesuffix(written) + meant if written != "v" else word.replace("v", meant)
    if not word.isascii():
        yield word.translate(_TO_LATIN)
    if plain != word and len(plain) > _SHORT + 1:
        yield _DIGITS.sub("", plain)


def _unmasked(chunk: str, vocabulary: Vocabulary) -> str:
    """The word in which letters are replaced by "*" or "#", or one by another sign; "" when it is none of them."""
    found = _MASKED.search(chunk)
    if not found:
        return ""
    word = found[0]
    shown = _MASK.findall(word)
    fewest = len(word) / 2 if {"*", "#"} & set(word) else _PAIR - 2
    if len(word) <= _SHORT or len(shown) < fewest:
        return ""
    like = vocabulary.by_ends.get((len(word), word[0], word[-1]), ())
    return next((entry for entry in like if all(a in (b, *"*#_.-") for a, b in zip(word, entry, strict=True))), "")


def unleeted(word: str) -> str:
    """The word with the letters that its digits and signs stand for."""
    return word.translate(_LEET)


def squeezed(word: str) -> str:
    """Each run of one letter once."""
    return _squeezed(word) if len(word) <= _LONGEST else "".join(letter for letter, _ in groupby(word))


@lru_cache(16384)
def _squeezed(word: str) -> str:
    """Kept, as one word is looked for in each of the lists."""
    return "".join(letter for letter, _ in groupby(word))


def _stretched(word: str, entry: str) -> bool:
    """Whether the word is the entry with letters repeated; both have the same runs. "bob" is no "boob"."""
    runs = _runs(word)
    return (len(entry) > _SHORT or max(runs) > 2) and all(a >= b for a, b in zip(runs, _runs(entry), strict=True))


def _runs(word: str) -> list[int]:
    return [len(list(run)) for _, run in groupby(word)]


def _spelled_out(words: Sequence[str], known: Collection[str], odd: Collection[str]) -> Iterator[str]:
    """The words that stand in two pieces, or in more of one or two letters, most of one. `odd` are words that are
    disguised by themselves."""
    for one, other in pairwise(words):
        length = len(one) + len(other)
        if length < _ODD_PAIR or one + other not in known:
            continue
        if length >= _PAIR or one in odd or other in odd or not _is_word(max(one, other, key=len)):
            yield one + other
    for short, run in groupby(words, lambda word: len(word) <= 2):
        pieces = list(run) if short else []
        for start in range(len(pieces)):
            yield from _from(pieces[start : start + _LONGEST_SPELLED], known, whole=len(pieces))


@lru_cache(4096)
def _is_word(piece: str) -> bool:
    """Whether it is a word by itself, in any of the languages, or too short to tell."""
    return len(piece) < _SHORT or bool(kind_of(piece)) or any(piece in languages.words_of(name) for name in _SPACED)


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
