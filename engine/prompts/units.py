"""One line of text → units: words, phrases, quoted words, handles and borders, each with its kind and place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from engine.prompts.lexicon import LEXICON, SLOT_OF, Seconds, entry, listed_kind
from engine.prompts.morphology import singulars

HANDLE: Final = r"(?<![\w.@-])@([A-Za-z0-9_-]{1,15}(?::[0-9]{1,4})?)(?![\w-])"
_TOKEN: Final = re.compile(
    r"""
    ((?!(?:[fFƒ]\s?/\s?|[fFƒ]|[iI][sS][oO][\s-]?)\d)[^\W\d_][^\W_]*(?:['’][^\W_]+)*)              # 1: a word
  | ([,;|]+|[·:•…!?](?=\s|$|["”])|\.+(?=\s|$)|(?<=\s)[-–—~/]+(?=\s|$)|—)                   # 2: a border
  | ("[^"]*")                                                                             # 3: quoted words
  | ((?<![\w.@-])@[A-Za-z0-9_-]{1,15}(?::[0-9]{1,4})?(?![\w-]))                           # 4: a handle
  | ([fFƒ](?:\s?/\s?)?\d+(?:[.,]\d+)?(?!\w)                                                 # 5: an aperture
      | (?<!\w)1/\d+(?:\s?(?:th|secs?|seconds?|s))*(?!\w)                                   #    a shutter speed
      | (?<!\w)(?i:iso)[\s-]?\d+(?!\w)
      | (?<!\w)\d{1,2}(?:\.\d{1,2})?:1(?!\w)                                                #    a ratio
      | (?<!\w)\d+(?:[.,]\d+)?(?:\s?[-–]\s?\d+(?:[.,]\d+)?)?\s?(?i:mm)(?!\w))             #    a focal length
  | ((?<!\w)\d{4,5}\s?[kK](?!\w))                                                         # 6: a colour temperature
  | ((?<!\w)\d{1,3}(?:[\s-]?(?:years?|yrs?)[\s-]?old|[\s-]?y\.?/?o\.?)(?!\w))             # 7: an age
  | ((?<!\w)\d+(?:[.,:/×x]\d+){1,4}(?!\w))                                               # 8: a number of parts
  | ([^\W_]+(?:['’][^\W_]+)*)                                                             # 9: a word with digits
    """,
    re.VERBOSE,
)
_WORD, _BORDER, _DIGITS = 1, 2, 9
_KINDS: Final = ("", "", "border", "quote", "person", "tech", "light", "feature", "", "")
_ABBREVIATIONS: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "st", "vs", "approx", "ca", "est", "prof", "jr", "sr", "mt"}
)
_LEADS_ON: Final = frozenset({"by", "from", "with", "in", "at", "adverb", "direction", "as", "border"})
_NOT_VERB_AFTER: Final = frozenset({"determiner", "in", "at", "by", "with", "from", "of", "adjective", "negation"})
_LIGHTING_UP: Final = frozenset({"lighting", "lights", "illuminating", "illuminates"})
_BEARERS: Final = frozenset({"place", "surface", "thing"})
"""Nouns that make a place of a direction: "from the front seat"."""
_THINGS_SEEN: Final = frozenset(SLOT_OF) - {"feature", "body"}
_PLURALS: Final = frozenset({"men", "women", "children", "people", "they", "who", "we", "i"})


class Unit(NamedTuple):
    """A word or phrase. `kind` is "" when it says nothing; `joined` when a hyphen ties it to a neighbour."""

    kind: str
    word: str
    start: int
    end: int
    joined: bool = False


def units(line: str) -> list[Unit]:
    """Every unit of the line, in order. What stands between two of them belongs to the first."""
    tokens: list[Unit] = []
    hyphened = "-" in line or "_" in line
    for found in _TOKEN.finditer(line):
        group = found.lastindex
        start, end = found.span()
        if group in (_WORD, _DIGITS):
            kind, word, name = entry(found[0])
            if name and tokens and tokens[-1].kind != "border":
                kind = ""
            joined = hyphened and (line[end : end + 1] == "-" or (start > 0 and line[start - 1] in "-_"))
            tokens.append(Unit(kind, word, start, end, joined))
        elif group != _BORDER or found[0] != "." or not tokens or tokens[-1].word not in _ABBREVIATIONS:
            tokens.append(Unit(_KINDS[group or 0], found[0], start, end))
    return _verbs(_phrases(tokens))


def _phrases(tokens: list[Unit]) -> list[Unit]:
    merged, position, count = list[Unit](), 0, len(tokens)
    phrases = LEXICON.phrases
    while position < count:
        token = tokens[position]
        seconds = phrases.get(token.word)
        last, kind = _phrase(tokens, position, seconds) if seconds and position + 1 < count else (position, "")
        if last == position:
            merged.append(token)
        else:
            words = " ".join(member.word for member in tokens[position : last + 1])
            merged.append(Unit(kind, words, token.start, tokens[last].end))
        position = last + 1
    return merged


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


def _verbs(found: list[Unit]) -> list[Unit]:
    for position, unit in enumerate(found):
        word = unit.word
        if word == "mid" and unit.joined and position + 1 < len(found):
            _midst(found, position + 1)
        if unit.joined or not (
            word in LEXICON.verbs or word in LEXICON.bases or word in _LIGHTING_UP or word.endswith("ing")
        ):
            continue
        verb = LEXICON.verbs.get(word, "")
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
    if verb in {"lit", "shoot"} or (verb == "wear" and not unit.word.startswith("wear") and unit.word != "wore"):
        return after in _LEADS_ON
    if after == "quote" and unit.word in {"reading", "reads"}:
        return False
    if unit.word.endswith("ing"):
        bound = (
            {"place", "landform", "detail"} if verb != "pose" else {*_BEARERS, "landform", "weather", "light", "animal"}
        )
        if after in bound and before in {"border", "determiner", "adjective"}:
            return False
        looking = verb == "gaze" and after in _LEADS_ON
        return looking or unit.kind in {"", "adjective"} or before in {"person", "pronoun", "auxiliary", "and"}
    if listed_kind(unit.word) in _THINGS_SEEN:
        return before in {"person", "pronoun", "animal"}
    return before not in _NOT_VERB_AFTER and before != "border"


def _unlisted(found: list[Unit], position: int) -> str:
    """Verbs by their place alone: "a woman repotting ferns", "the sisters share a secret"."""
    unit = found[position]
    before = found[position - 1] if position else None
    after = found[position + 1].kind if position + 1 < len(found) else "border"
    if unit.word in _LIGHTING_UP and after in {"determiner", "pronoun"} and before and before.kind in SLOT_OF:
        return "lit"
    if not unit.kind and unit.word.endswith("ing") and len(unit.word) > 4:
        follows = before is not None and before.kind in {"person", "animal", "pronoun", "auxiliary"}
        return "act" if follows or after == "determiner" else ""
    plural = before is not None and (before.word.endswith("s") or before.word in _PLURALS)
    if (
        plural
        and after in {"determiner", "border", *_LEADS_ON}
        and before
        and before.kind in {"person", "garment", "pronoun"}
    ):
        return LEXICON.bases.get(unit.word, "")
    return ""
