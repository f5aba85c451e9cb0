"""The shape of the picture said in words: "16:9 aspect ratio", "vertical (9:16)", "1024x1536"."""

from __future__ import annotations

import re
from typing import Final

from engine.prompts.brought import Brought, aspect_in

_RATIO: Final = r"(?:1:1|2:3|3:2|3:4|4:3|4:5|5:4|5:7|7:5|9:16|16:9|9:21|21:9|10:16|16:10|16x9|9x16)"
_PIXELS: Final = r"(?:\d{3,4}\s?[x×]\s?\d{3,4})"
_ENDS: Final = r"(?![\w:/]|\.\d)"
_HINT: Final = re.compile(r"\d\s?[:x×]\s?\d", re.I)
_LED: Final = r"(?:(?:in|at|with)\s)?(?:an?\s|the\s)?"
_NAME: Final = r"(?:aspect(?:\s?ratio)?|ar|image\ssize|format|frame\sratio)"
_SAID: Final = rf"({_RATIO}|{_PIXELS})"
_UNIT: Final = r"(?:px|\spixels)?"
_SORTS: Final = (
    r"(?:vertical|horizontal|portrait|landscape|square|widescreen|crop|shot|frame|picture|image|photo|photograph)"
)
_SHAPE: Final = re.compile(
    rf"(?<![^\W_]){_LED}{_NAME}\s?(?:of\s|is\s|:\s?|=\s?)?\(?{_SAID}{_ENDS}\)?"
    rf"|(?<![\w:/.(]){_LED}{_SAID}{_ENDS}{_UNIT}\s(?:aspect(?:\s?ratio)?|format|resolution|ratio)(?![^\W_])"
    rf"|(?<![\w:/.])({_PIXELS})\s?(?:px|pixels)(?!\w)"
    rf"|(?<![^\W_])(?:the\s)?ratio\s(?:is|of)\s((?:16:9|9:16|4:5|5:4|3:4|4:3|21:9)){_ENDS}"
    rf"|[(\[]{_SAID}{_UNIT}[)\]]"
    rf"|(?<![\w:/.]){_SAID}{_ENDS}{_UNIT}(?=\s{_SORTS}(?![^\W_]))"
    rf"|(?:(?<=[,.;|\n]\s)|\A){_SAID}{_UNIT}(?=\s?(?:[,;|\n]|\.(?:\s|\Z)|\Z))",
    re.I,
)


def take_out(text: str, brought: Brought) -> str:
    """The text without the shapes that it says, the last of which is noted in `brought`; those in quotes stay."""
    if not _HINT.search(text):
        return text
    return _SHAPE.sub(lambda found: _shape(found, brought), text)


def _shape(found: re.Match[str], brought: Brought) -> str:
    said = next(group for group in found.groups() if group)
    if found.string.count('"', 0, found.start()) % 2:
        return found[0]
    brought.aspect = aspect_in(said) or brought.aspect
    return ""
