"""A prompt's own text with marks for the slots of its clauses, "{s:a baker} {e:in a shop}", as tests/corpus has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.prompts.portrait_prompt import SLOTS, PortraitPrompt

MARKS: Final = {
    "s": "subject", "c": "clothing", "e": "environment", "l": "lighting", "k": "camera", "d": "detail", "n": "negative",
}  # fmt: skip
"""The letter of each slot."""
_BORDER: Final = re.compile(r"[,;|\n，、。；]|[.?!](?=\s|$)")
_WORD: Final = re.compile(r"\w+")


def marked(text: str, prompt: PortraitPrompt) -> str:
    """The text with each clause of the prompt's slots in marks, as far as it stands in the text."""
    spans, words = list[tuple[int, int, str]](), list(_WORD.finditer(text))
    for letter, slot in MARKS.items():
        for clause in _clauses(prompt.slot(slot) if slot in SLOTS else prompt.negative):
            found = next((span for span in _places(words, clause) if not _overlaps(span, spans)), None)
            if found:
                spans.append((*found, letter))
    pieces, done = list[str](), 0
    for begin, end, letter in sorted(spans):
        pieces += [text[done:begin], f"{{{letter}:{text[begin:end]}}}"]
        done = end
    return "".join((*pieces, text[done:]))


def _clauses(value: str) -> Iterator[list[str]]:
    for part in _BORDER.split(value):
        if words := _WORD.findall(part):
            yield words


def _places(text: list[re.Match[str]], words: list[str]) -> Iterator[tuple[int, int]]:
    """Where these words stand one behind the other, capitals or not."""
    for at in range(len(text) - len(words) + 1):
        here = text[at : at + len(words)]
        if all(found[0].casefold() == word.casefold() for found, word in zip(here, words, strict=True)):
            yield here[0].start(), here[-1].end()


def _overlaps(span: tuple[int, int], spans: list[tuple[int, int, str]]) -> bool:
    return any(begin < span[1] and span[0] < end for begin, end, _ in spans)
