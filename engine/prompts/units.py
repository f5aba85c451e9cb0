"""One line of text → units: words, phrases, quoted words, handles and borders, each with its kind and place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from engine.prompts.lexicon import LEXICON, LIGHTING_UP, SLOT_OF, Seconds, entry, listed_kind
from engine.prompts.morphology import singulars

HANDLE: Final = r"(?<![\w.@-])@([A-Za-z0-9_-]{1,15}(?::[0-9]{1,4})?)(?![\w-])"
_TOKEN: Final = re.compile(
    r"""[ ]?(?:
    ((?!(?:[fFƒ]\s?/\s?|[fFƒ]|[iI][sS][oO][\s-]?)\d|[tT]\d{1,2}\.\d)[^\W\d_][^\W_]*(?:['’][^\W_]+)*) # 1: a word
  | ([,;|]+|[·:•…!?](?=\s|$|["”])|(?<![^o]\.)\.++(?=\s|$)|(?<=\s)[-–—~/]++(?=\s|$)|—)        # 2: a border
  | ("[^"]*")                                                                             # 3: quoted words
  | ((?<![\w.@-])@[A-Za-z0-9_-]{1,15}(?::[0-9]{1,4})?(?![\w-]))                           # 4: a handle
  | ((?<!\w)[tT]\d{1,2}\.\d(?!\w) | [fFƒ](?:\s?/\s?)?\d+(?:[.,]\d+)?(?!\w)  # 5: an aperture
      | (?<!\w)1/\d++(?:th|s(?:ec(?:ond)?)?)*+(?!\w)(?:\s(?:th|s(?:ec(?:ond)?)?)++(?!\w))*+      #    a shutter speed
      | (?<!\w)(?i:iso)[\s-]?\d+(?!\w)
      | (?<!\w)\d{1,2}(?:\.\d{1,2})?:1(?!\w)                                                #    a ratio
      | (?<!\w)\d+(?:[.,]\d+)?(?:\s?[-–]\s?\d+(?:[.,]\d+)?)?\s?(?i:mm)(?!\w))             #    a focal length
  | ((?<!\w)\d{4,5}\s?[kK](?!\w))                                                         # 6: a colour temperature
  | ((?<!\w)\d{1,3}(?:[\s-]?(?:years?|yrs?)[\s-]?old|[\s-]?y\.?/?o\.?)(?!\w))             # 7: an age
  | ((?<!\w)\d+(?:[.,:/×x]\d+){1,4}(?!\w))                                               # 8: a number of parts
  | ([^\W_]+(?:['’][^\W_]+)*)                                                             # 9: a word with digits
    )""",
    re.VERBOSE,
)
_OPEN: Final = re.compile(r"\d|(?:^|[\W_])(?:[fFƒ]|[iI][sS][oO])\W*$")
"""Typed words from which a unit may go on beyond the space: "85 mm", "f / 2"."""
_CLOSING: Final = frozenset(",;.")
_DASHES: Final = frozenset("-–—~/")
_WORD, _BORDER, _DIGITS = 1, 2, 9
_KINDS: Final = ("", "", "border", "quote", "person", "tech", "light", "feature", "", "")
_ABBREVIATIONS: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "st", "vs", "approx", "ca", "est", "prof", "jr", "sr", "mt"}
)
_LEADS_ON: Final = frozenset({"by", "from", "with", "in", "at", "adverb", "direction", "as", "border"})
_NOT_VERB_AFTER: Final = frozenset({"determiner", "in", "at", "by", "with", "from", "of", "adjective", "negation"})
_BEARERS: Final = frozenset({"place", "surface", "thing"})
"""Nouns that make a place of a direction: "from the front seat"."""
_ARTICLES: Final = frozenset({"a", "an", "the", "his", "her", "their", "its", "my", "our", "your"})
_THINGS_SEEN: Final = frozenset(SLOT_OF) - {"feature", "body"}
_NUMBERS: Final = frozenset({"one", "two", "three", "four"})
_PLURALS: Final = frozenset({"men", "women", "children", "people", "they", "who", "we", "i"})


class Unit(NamedTuple):
    """A word or phrase. `kind` is "" when it says nothing; `joined` when a hyphen ties it to a neighbour; `verbal` when
    it may be a verb by its form."""

    kind: str
    word: str
    start: int
    end: int
    joined: bool = False
    verbal: bool = False


new: Final = tuple.__new__
"""Makes a named tuple in a third of the time that calling it takes; there is one for every word of every prompt."""


_Cut = tuple[str, str, int, int, bool, bool, Seconds | None, bool]
"""A unit of one typed word: the fields of `Unit` with its place counted from where the word begins; how listed phrases
go on that begin with it; whether what it is hangs on the unit before it, as with names and full stops."""


def units(line: str) -> list[Unit]:
    """Every unit of the line, in order. What stands between two of them belongs to the first."""
    tokens, begins, verbs = list[Unit](), list[int](), list[int]()
    at = done = 0
    seconds: Seconds | None = None
    dashed = line[:1] in _DASHES
    for typed in line.split(" "):
        if at >= done:
            cuts, base = typed_units(typed), at
            if cuts is None or dashed:
                (cuts, done), base, dashed = _spelled(line, at, at + len(typed)), 0, False
            for kind, word, start, end, joined, verbal, following, depends in cuts:
                here: str | None = kind
                if depends and tokens:
                    here = _depending(kind, tokens[-1])
                    if here is None:
                        continue
                if seconds and (word in seconds or (word[-1:] == "s" and _in_plural(word, seconds))):
                    begins.append(len(tokens) - 1)
                if verbal:
                    verbs.append(len(tokens))
                seconds = following
                tokens.append(new(Unit, (here, word, base + start, base + end, joined, verbal)))
        at += len(typed) + 1
    if begins and (merged := _phrases(tokens, begins)):
        tokens, verbs = merged, [at for at, unit in enumerate(merged) if unit.verbal]
    return _verbs(tokens, verbs)


def _in_plural(word: str, seconds: Seconds) -> bool:
    """Whether a phrase may end with this word in the singular."""
    return not seconds.keys().isdisjoint(singulars(word))


def _depending(kind: str, before: Unit) -> str | None:
    """A name in the midst of a clause is no noun; the full stop of "Mr." is nothing (None)."""
    if kind == "border":
        initial = len(before.word) == 1 and before.word.isalpha()
        return None if initial or before.word in _ABBREVIATIONS else kind
    return kind if before.kind == "border" else ""


def _spelled(line: str, at: int, end: int) -> tuple[tuple[_Cut, ...], int]:
    """The units between `at` and `end`, and on to the end of the typed word in which the last of them ends; where that
    is. "28 years old" and "f / 2" are one unit each."""
    cuts = list[_Cut]()
    for found in _TOKEN.finditer(line, at):
        cut = _cut(found, line, 0)
        if cut[2] >= end:
            break
        cuts.append(cut)
        if cut[3] > end:
            end = line.find(" ", cut[3])
            end = end if end >= 0 else len(line)
    return tuple(cuts), end


@lru_cache(maxsize=16384)
def typed_units(typed: str) -> tuple[_Cut, ...] | None:
    """The units of what stands between two spaces; None when a unit of it may go on beyond the space."""
    last = typed[-1:]
    body = typed[:-1] if last in _CLOSING else typed
    if body.isascii() and body.isalpha() and (body is not typed or not _OPEN.search(typed)):
        kind, word, name, verbal = entry(body)
        cut = (kind, word, 0, len(body), False, verbal, LEXICON.phrases.get(word), name)
        return (
            (cut,) if body is typed else (cut, ("border", last, len(body), len(typed), False, False, None, last == "."))
        )
    if '"' in typed or (last not in _CLOSING and _OPEN.search(typed)):
        return None
    return tuple(_cut(found, f" {typed}", 1) for found in _TOKEN.finditer(f" {typed}"))


def _cut(found: re.Match[str], line: str, at: int) -> _Cut:
    """What the pattern has found, its place counted from `at`."""
    group = found.lastindex or 0
    typed, (start, end) = found[group], found.span(group)
    if group not in (_WORD, _DIGITS):
        seconds, full_stop = LEXICON.phrases.get(typed), group == _BORDER and typed == "."
        return _KINDS[group], typed, start - at, end - at, False, False, seconds, full_stop
    kind, word, name, verbal = entry(typed)
    joined = line[end : end + 1] == "-" or (start > 0 and line[start - 1] in "-_")
    return kind, word, start - at, end - at, joined, verbal, LEXICON.phrases.get(word), name


def _phrases(tokens: list[Unit], begins: list[int]) -> list[Unit]:
    """The tokens with every listed phrase as one, nothing where there is none; `begins` are the places of words that a
    phrase may begin with."""
    merged, done = list[Unit](), 0
    for position in begins:
        if position < done:
            continue
        last, kind = _phrase(tokens, position, LEXICON.phrases[tokens[position].word])
        if last > position:
            words = " ".join([member.word for member in tokens[position : last + 1]])
            merged += tokens[done:position]
            merged.append(new(Unit, (kind, words, tokens[position].start, tokens[last].end, False, False)))
            done = last + 1
    return merged + tokens[done:] if done else []


def _phrase(tokens: list[Unit], position: int, seconds: Seconds) -> tuple[int, str]:
    """Where the longest phrase that begins at `position` ends, and its kind; `position` itself when none does."""
    word = tokens[position + 1].word
    tails = seconds.get(word, ())
    for tail, kind in tails:
        last = position + 1 + len(tail)
        if _follows(tokens, position + 2, tail) and not _bears(tokens, last, kind):
            return last, kind
    for form in singulars(word):
        for tail, kind in seconds.get(form, ()):
            if not tail and not _bears(tokens, position + 1, kind):
                return position + 1, kind
    return position, ""


def _follows(tokens: list[Unit], position: int, tail: tuple[str, ...]) -> bool:
    if position + len(tail) > len(tokens):
        return False
    for offset, wanted in enumerate(tail):
        word = tokens[position + offset].word
        if word != wanted and (offset < len(tail) - 1 or wanted not in singulars(word)):
            return False
    return True


def _bears(tokens: list[Unit], last: int, kind: str) -> bool:
    """Whether a direction goes on to a thing that makes it a place: "from the front seat"."""
    return kind == "direction" and last + 1 < len(tokens) and tokens[last + 1].kind in _BEARERS


def _verbs(found: list[Unit], verbal: list[int]) -> list[Unit]:
    for position in verbal:
        unit = found[position]
        if unit.word == "mid" and unit.joined and position + 1 < len(found):
            _midst(found, position + 1)
        if unit.joined:
            continue
        verb = LEXICON.verbs.get(unit.word, "")
        if (verb and _acts(found, position, verb)) or (verb := _unlisted(found, position)):
            found[position] = unit._replace(kind=verb)
    return found


def _midst(found: list[Unit], position: int) -> None:
    """ "mid-swing" is what somebody does, unlike "mid-morning" and "mid-thirties"."""
    if found[position].kind not in {"light", "feature"}:
        found[position] = found[position]._replace(kind="feature")


def _acts(found: list[Unit], position: int, verb: str) -> bool:
    unit = found[position]
    before = found[position - 1].kind if position else "border"
    after = found[position + 1].kind if position + 1 < len(found) else "border"
    if unit.word == "taken" and position + 1 < len(found) and found[position + 1].word in {"off", "away", "out", "up"}:
        return False
    if verb in {"lit", "shoot"} or (verb == "wear" and not unit.word.startswith("wear") and unit.word != "wore"):
        return after in _LEADS_ON
    if after == "quote" and unit.word in {"reading", "reads"}:
        return False
    if unit.word.endswith("ing"):
        if (after in SLOT_OF and before == "determiner" and found[position - 1].word in _ARTICLES) or (
            after == "garment" and before in {"determiner", "adjective", "garment"}
        ):
            return False
        bound = (
            {"place", "landform", "detail"} if verb != "pose" else {*_BEARERS, "landform", "weather", "light", "animal"}
        )
        if after in bound and before in {"border", "determiner", "adjective"}:
            return False
        looking = verb == "gaze" and after in _LEADS_ON
        return looking or unit.kind in {"", "adjective"} or before in {"person", "pronoun", "auxiliary", "and"}
    if listed_kind(unit.word) in _THINGS_SEEN:
        if verb == "act" and unit.word.endswith("s") and after == "determiner" and unit.kind != "light":
            # A noun in the plural is never followed by "his" or "the": "and studies the board".
            return before in {"person", "pronoun", "animal", "and", "border"}
        return before in {"person", "pronoun", "animal"}
    return before not in _NOT_VERB_AFTER and before != "border"


def _unlisted(found: list[Unit], position: int) -> str:
    """Verbs by their place alone: "a woman repotting ferns", "the sisters share a secret"."""
    unit = found[position]
    before = found[position - 1] if position else None
    after = found[position + 1].kind if position + 1 < len(found) else "border"
    if unit.word in LIGHTING_UP and after in {"determiner", "pronoun"} and before and before.kind in SLOT_OF:
        return "lit"
    if not unit.kind and unit.word.endswith("ing") and len(unit.word) > 4:
        follows = before is not None and before.kind in {"person", "animal", "pronoun", "auxiliary"}
        return "act" if follows or after == "determiner" else ""
    opens = (before is None or before.kind == "border") and after == "determiner" and unit.word != "use"
    if opens and LEXICON.bases.get(unit.word) == "act":
        return "act" if listed_kind(unit.word) not in {"light", "camera"} else ""
    plural = before is not None and (before.word.endswith("s") or before.word in _PLURALS)
    if (
        plural
        and (after in {"determiner", "border", *_LEADS_ON} or found[position + 1].word in _NUMBERS)
        and before
        and before.kind in {"person", "garment", "pronoun"}
    ):
        return LEXICON.bases.get(unit.word, "")
    return ""
