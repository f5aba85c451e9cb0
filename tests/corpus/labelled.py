"""The labelled prompts as data: what a record of the corpus means. Reads the files, judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARKS = {
    "s": "subject",
    "c": "clothing",
    "e": "environment",
    "l": "lighting",
    "k": "camera",
    "d": "detail",
    "n": "negative",
}
HALVES = ("first", "second")
LANGUAGES = (
    *("spanish", "portuguese", "french", "german", "italian", "dutch", "polish", "russian", "ukrainian"),
    *("turkish", "chinese", "japanese", "korean"),
)
SETS = (*HALVES, "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", *LANGUAGES)
KINDS = ("tags", "flags", "labels", "json", "prose", "negation")
"""Sets of one way to write each."""

_MARK = re.compile(r"\{([scelkdn]):(.*?)\}", re.DOTALL)
_BORDER = re.compile(r"[,;|\n，、。；]|[.?!](?=\s|$)")
_WEIGHT = re.compile(r":\d*\.?\d+(?=[)\]]|,|$)")
_SMALL_WORDS = """
de del di da do du des d l la le les el los las il lo un una une um uma y e et con com avec en em dans nel nella su
sulla por par per à al alla au aux na der die das ein eine einer einem einen und mit im am auf von vor zu een het van
met op bij z ze w i o przy с со в во на и у з із і й та bir ve"""
"""Of the other languages, what may stand on either side of a border."""
_FUNCTION_WORDS = frozenset(
    {"a", "an", "the", "and", "or", "but", "with", "without", "of", "in", "on", "at", "by", "from", "for"}
    | {"to", "into", "as", "is", "are", "was", "has", "have", "having", "this", "that", "there", "which"}
    | {"he", "she", "it", "they", "his", "her", "their", "its", "who"}
    | frozenset(_SMALL_WORDS.split())
    | set("的在里着了和のにでをがはとも")
)
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
"""A word; of Chinese and Japanese, which write none apart, a character."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of the prompt that belongs in one slot, or in "negative"."""

    slot: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A prompt, its clauses and what else should be read out of it ("seed" → "42")."""

    kind: str
    line: int
    text: str
    clauses: tuple[Clause, ...]
    settings: tuple[tuple[str, str], ...]
    unmarked: str


def content_words(text: str) -> tuple[str, ...]:
    """The words that carry meaning, in order, in lower case."""
    return tuple(word for word in _WORD.findall(text.lower()) if word not in _FUNCTION_WORDS)


def read(name: str) -> Iterator[Record]:
    """The records of one of `SETS` or `KINDS`, in file order."""
    path = Path(__file__).with_name(f"{name}.txt")
    kind, line, body = "", 0, list[str]()
    for number, content in enumerate((*path.read_text(encoding="utf-8").splitlines(), "# end"), start=1):
        if content.startswith("# "):
            if body:
                yield _record(kind, line, body)
            kind, line, body = content[2:], number, []
        else:
            body.append(content)


def _record(kind: str, line: int, body: list[str]) -> Record:
    marked = "\n".join(content for content in body if not content.startswith("=")).strip()
    settings = [content[1:].strip().partition(" ") for content in body if content.startswith("=")]
    clauses = [
        Clause(MARKS[mark], words)
        for mark, stretch in _MARK.findall(marked)
        for words in map(content_words, _BORDER.split(_WEIGHT.sub("", stretch)))
        if words
    ]
    return Record(
        kind=kind,
        line=line,
        text=_MARK.sub(r"\2", marked),
        clauses=tuple(clauses),
        settings=tuple((name, value.strip()) for name, _, value in settings),
        unmarked=_MARK.sub(" ", marked),
    )
