"""Choices of other tools, "{forest|beach}", "{2$$a|b|c}", "[Anna|Berta]": the seed draws. Wildcards are told."""

from __future__ import annotations

import random
import re
from typing import Final

from engine.prompts.brought import Brought

_CHOICE: Final = re.compile(r"\{([^{}\n]{0,2000}\|[^{}|\n]{0,500})\}")
_BRACKETED: Final = re.compile(r"\[([^\[\]{}()\n|]{1,200}(?:\|[^\[\]{}()\n|]{1,200}){1,20})\]")
_WILDCARD: Final = re.compile(r"(?<![^\W_])__(?=[A-Za-z])[A-Za-z0-9/*.-]{1,60}(?:_[A-Za-z0-9/*.-]{1,60}){0,8}__(?!\w)")
_HOW_MANY: Final = re.compile(r"\s{0,3}(\d{1,2})(?:-(\d{1,2}))?\$\$(?:([^$|{}]{0,20})\$\$)?")
_ODDS: Final = re.compile(r"\s{0,3}(\d{1,4}(?:\.\d{1,4})?)::")
_NESTED: Final = 5


def holds_any(text: str) -> bool:
    """Whether the text may hold a choice or a wildcard; False is certain."""
    return "|" in text or "__" in text


def take_out(text: str, brought: Brought) -> str:
    """The text with one drawn of each choice, noted in `brought`, and without wildcards, whose lists are not here."""
    if "|" in text:
        for _ in range(_NESTED):
            drawn = _CHOICE.sub(lambda found: _drawn(found[1], brought), text)
            if drawn == text:
                break
            text = drawn
        text = _BRACKETED.sub(lambda found: _drawn(found[1], brought), text)
    if "__" in text:
        brought.ignored += _WILDCARD.findall(text)
        text = _WILDCARD.sub(" ", text)
    return text


def _drawn(listed: str, brought: Brought) -> str:
    """One of "a|b", or as many as it says, by `brought.draw` and its place among the choices."""
    dice = random.Random(brought.draw * 8191 + len(brought.drawn))
    many = _HOW_MANY.match(listed)
    least = int(many[1]) if many else 1
    most = int(many[2] or many[1]) if many else 1
    joint = (many[3] if many else None) or ", "
    options = [_option(option) for option in listed[many.end() if many else 0 :].split("|")]
    chosen = list[str]()
    for _ in range(min(dice.randint(min(least, most), max(least, most)), len(options))):
        at = dice.choices(range(len(options)), [odds or 1e-9 for odds, _ in options])[0]
        chosen.append(options.pop(at)[1])
    said = joint.join(option for option in chosen if option)
    brought.drawn.append(f"{listed.strip()}: {said}")
    return said


def _option(option: str) -> tuple[float, str]:
    """How likely an option is, and its words."""
    odds = _ODDS.match(option)
    return (float(odds[1]), option[odds.end() :].strip()) if odds else (1.0, option.strip())
