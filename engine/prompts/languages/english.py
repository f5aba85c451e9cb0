"""What a prompt in another language says in English, as far as its words are known, and the words that are not.

For models that read English alone: each known word is said as its concept, in English order; lenses, names and what
was English stay as they were typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.languages import vocabulary
from engine.prompts.languages.detecting import detect
from engine.prompts.languages.span_slots import clauses
from engine.prompts.languages.tokens import Token, tokens
from engine.prompts.languages.vocabulary import SMALL, Language

_JOINING: Final = {
    "with": "with",
    "in": "in",
    "of": "of",
    "and": "and",
    "from": "from",
    "wear": "wearing",
    "lit": "lit by",
}
_ADJECTIVES: Final = frozenset({"colour", "adjective", "fabric"})
_HAD: Final = ("hair", "eyes", "beard", "skin", "braids", "bun", "ponytail", "moustache", "bangs", "freckles")
"""Ends of concepts that somebody has, rather than is: "a woman with red hair"."""
_GROWN: Final = ("beard", "moustache", "stubble", "goatee", "braids", "bun", "ponytail", "eyebrows")
"""What is of the colour of hair that is named before it."""
_SHONE_THROUGH: Final = frozenset({"place", "furnishing", "weather"})
_UNITS: Final = {"мм": "mm", "毫米": "mm", "ミリ": "mm", "밀리": "mm", "秒": "s", "초": "s", "сек": "s"}


@lru_cache(maxsize=64)
def in_english(prompt: PortraitPrompt) -> tuple[PortraitPrompt, tuple[str, ...]]:
    """The prompt with the English of its known words, and those that are left out; the same prompt for English."""
    name = spoken_in(prompt)
    if not name:
        return prompt, ()
    language = vocabulary.language(name)
    untold = list[str]()
    told = {slot: ", ".join(translated(prompt.slot(slot), language, untold)) for slot in SLOTS}
    told["negative"] = ", ".join(_denied(prompt.negative, language, untold))
    english = PortraitPrompt(
        **told, characters=prompt.characters, aspect=prompt.aspect, seed=prompt.seed, text=prompt.text
    )
    return english, tuple(dict.fromkeys(untold))


def denied(prompt: PortraitPrompt) -> str:
    """What is not wanted, thing by thing in English where its words are known, else as typed."""
    name = spoken_in(prompt)
    if not name:
        return prompt.negative
    language = vocabulary.language(name)
    return ", ".join("".join(_denied(each, language, [])) or each for each in prompt.negative.split(", ") if each)


def _denied(text: str, language: Language, untold: list[str]) -> Iterator[str]:
    """What is not wanted, in English. Half of it would deny more: without "plastic", "plastic skin" denies skin."""
    for clause in text.split(", "):
        lost = list[str]()
        said = ", ".join(translated(clause, language, lost))
        if said and not lost:
            yield said
        elif clause:
            untold.append(clause)


def spoken_in(prompt: PortraitPrompt) -> str:
    """The name of the language that a prompt is in, "" for English."""
    return detect("\n".join(text for text in (*map(prompt.slot, SLOTS), prompt.negative) if text))


def translated(text: str, language: Language, untold: list[str]) -> Iterator[str]:
    """The clauses of a text in English; words without a concept are added to `untold`."""
    for _, clause in clauses(tokens(text, language)):
        if not any(token.foreign for token in clause) and all(_is_english(token, text) for token in clause):
            yield text[clause[0].start : clause[-1].end]
            continue
        said = " ".join(_words(clause, text, language, untold))
        if said:
            yield said


def _is_english(token: Token, text: str) -> bool:
    return text[token.start : token.end].isascii()


def _words(clause: Sequence[Token], text: str, language: Language, untold: list[str]) -> Iterator[str]:
    """The words of one clause: phrase by phrase, in each what describes before what is described."""
    phrase, opener = list[tuple[str, str]](), ""
    for token in clause:
        if token.kind in SMALL:
            word = (
                ""
                if language.prepositions_after or (language.unspaced and token.kind == "of")
                else _JOINING.get(token.kind, "")
            )
            if word == "of" or not word:
                phrase += [("of", "")] if word else []
                continue
            yield from _phrase(phrase, opener, language)
            phrase, opener = [], word
            continue
        said = _said(token, text, language, first=token is clause[0])
        if said:
            phrase.append((token.kind, said))
        else:
            untold.append(text[token.start : token.end])
    yield from _phrase(phrase, opener, language)


def _said(token: Token, text: str, language: Language, *, first: bool) -> str:
    """One word in English, or as it was typed where that is a name, a number or English; "" for an unknown one."""
    typed = text[token.start : token.end]
    if token.kind in {"tech", "number", "quote", "handle"}:
        for own, unit in _UNITS.items():
            typed = typed.replace(own, unit)
        return typed
    if token.kind == "city" and typed.isascii():
        return typed
    if token.concept:
        return token.concept
    name = typed[0].isupper() and typed[0] < "\u0250" and not first and language.name != "german"
    return typed if name or any(sign.isdigit() for sign in typed) else ""


def _phrase(found: list[tuple[str, str]], opener: str, language: Language) -> Iterator[str]:
    """One phrase: "coat of wool red" becomes "red wool coat"."""
    words, head, before = list[str](), -1, ""
    for at, (kind, word) in enumerate(found):
        if not word:
            before = kind
            continue
        of = before == "of"
        if kind == "trait" and word.endswith(" hair") and at + 1 < len(found) and found[at + 1][1].endswith(_GROWN):
            word = word.removesuffix(" hair")
        if head >= 0 and of and (kind == "fabric" or (words[-1] == "light" and kind in _SHONE_THROUGH)):
            words.insert(len(words) - 1, word)
        elif head >= 0 and kind in _ADJECTIVES and language.adjectives_after:
            words.insert(head, word)
        else:
            if kind not in _ADJECTIVES and kind not in {"number", "tech"}:
                words += _joint(kind, word, before, found[:at])
                head = len(words)
            words.append(word)
        before = kind
    if words and opener:
        yield opener
    yield from words


def _joint(kind: str, word: str, before: str, earlier: list[tuple[str, str]]) -> list[str]:
    """What English puts between two things."""
    people = any(each == "person" for each, _ in earlier)
    if kind == "trait" and word.endswith(_HAD) and people:
        return ["with"]
    return ["of"] if (before == "of" or (before == "medium" and kind == "person")) and earlier else []
