"""One line of text → units: words, phrases, quoted words, handles and borders, each with its kind and place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from engine.prompts.lexicon import LEXICON, SLOT_OF, kind_of, verb_of
from engine.prompts.morphology import bare, singulars

HANDLE: Final = r"(?<![\w.@-])@([A-Za-z0-9_-]{1,15}(?::[0-9]{1,4})?)(?![\w-])"
_TOKEN: Final = re.compile(
    rf"""
    (?P<quote>"[^"]*")
  | (?P<handle>{HANDLE})
  | (?P<tech>[fƒ]\s?/\s?\d+(?:[.,]\d+)?(?![\w])
      | (?<!\w)1/\d+(?:\s?(?:th|s|sec|secs|seconds?))*(?!\w)
      | (?<!\w)iso[\s-]?\d+(?!\w)
      | (?<!\w)\d+(?:[.,]\d+)?(?:\s?[-–]\s?\d+(?:[.,]\d+)?)?\s?mm(?!\w) )
  | (?P<kelvin>(?<!\w)\d{{4,5}}\s?k(?!\w))
  | (?P<age>(?<!\w)\d{{1,3}}(?:[\s-]?(?:years?|yrs?)[\s-]?old|[\s-]?y\.?/?o\.?)(?!\w))
  | (?P<ratio>(?<!\w)\d{{1,2}}(?:\.\d{{1,2}})?:1(?!\w))
  | (?P<number>(?<!\w)\d+(?:[.,:/×x]\d+){{1,4}}(?!\w))
  | (?P<word>[^\W_]+(?:['’][^\W_]+)*)
  | (?P<border>[,;|•·:…!?](?=\s|$|["”])|[,;|]+|\.+(?=\s|$)|(?<=\s)[-–—~/]+(?=\s|$)|—)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FIXED: Final = {
    "tech": "tech",
    "kelvin": "light",
    "age": "feature",
    "number": "",
    "ratio": "tech",
    "quote": "quote",
    "handle": "person",
}
_ABBREVIATIONS: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "st", "vs", "no", "approx", "ca", "est", "prof", "jr", "sr"}
)
_LEADS_ON: Final = frozenset({"by", "from", "with", "in", "at", "adverb", "direction", "as", "border"})
_NOT_VERB_AFTER: Final = frozenset({"determiner", "in", "at", "by", "with", "from", "of", "adjective", "negation"})


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
    tokens = [_unit(line, found) for found in _TOKEN.finditer(line)]
    return _verbs(_phrases(tokens))


def _unit(line: str, found: re.Match[str]) -> Unit:
    start, end = found.span()
    group = found.lastgroup or ""
    if group == "word":
        joined = line[end : end + 1] == "-" or (start > 0 and line[start - 1] in "-_")
        word = found[0]
        return Unit(kind_of(word), bare(word), start, end, joined)
    if group == "border":
        return Unit("border", found[0], start, end)
    return Unit(_FIXED[group], found[0], start, end)


def _phrases(tokens: list[Unit]) -> list[Unit]:
    merged, position, count = list[Unit](), 0, len(tokens)
    phrases = LEXICON.phrases
    while position < count:
        token = tokens[position]
        for tail, kind in phrases.get(token.word, ()):
            if _follows(tokens, position + 1, tail):
                last = position + len(tail)
                merged.append(Unit(kind, " ".join((token.word, *tail)), token.start, tokens[last].end))
                position = last + 1
                break
        else:
            merged.append(token)
            position += 1
    return merged


def _follows(tokens: list[Unit], position: int, tail: tuple[str, ...]) -> bool:
    if position + len(tail) > len(tokens):
        return False
    for offset, wanted in enumerate(tail):
        word = tokens[position + offset].word
        if word != wanted and (offset < len(tail) - 1 or wanted not in singulars(word)):
            return False
    return True


def _verbs(found: list[Unit]) -> list[Unit]:
    for position, unit in enumerate(found):
        if unit.joined or " " in unit.word:
            continue
        verb = verb_of(unit.word)
        if (verb and _acts(found, position, verb)) or (verb := _unlisted(found, position)):
            found[position] = unit._replace(kind=verb)
    return found


def _acts(found: list[Unit], position: int, verb: str) -> bool:
    unit = found[position]
    before = found[position - 1].kind if position else "border"
    after = found[position + 1].kind if position + 1 < len(found) else "border"
    if verb in {"lit", "shoot"} or (verb == "wear" and not unit.word.startswith("wear") and unit.word != "wore"):
        return after in _LEADS_ON
    if after == "quote" and unit.word in {"reading", "reads"}:
        return False
    if unit.word.endswith("ing"):
        if after in {"place", "landform"} and before in {"border", "determiner", "adjective"}:
            return False
        return unit.kind in {"", "adjective"} or before in {"person", "pronoun", "auxiliary", "and"}
    return before not in _NOT_VERB_AFTER and before != "border"


def _unlisted(found: list[Unit], position: int) -> str:
    """Verbs by their place alone: "a woman repotting ferns", "the sisters share a secret"."""
    unit = found[position]
    before = found[position - 1] if position else None
    after = found[position + 1].kind if position + 1 < len(found) else "border"
    if unit.word == "lighting" and after == "determiner" and before and before.kind in SLOT_OF:
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
