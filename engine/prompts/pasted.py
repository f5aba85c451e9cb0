"""What people bring along from other tools: flags, weights, pasted generation settings. Takes it out of a text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from engine import recipes
from engine.prompts.model import ASPECTS

MAX_SEED: Final = 2**63 - 1

_SETTINGS: Final = re.compile(
    r"(?<!\w)(?:(?:Steps|Seed|CFG scale|Guidance Scale|Clip skip):[ \t]*+[\d.]++|Size:[ \t]*+\d++x\d++"
    r"|(?:Sampler|Schedule type|Model hash):[ \t]*+[^,:\n]{1,60}+),[ \t]*+"
    r"(?:Steps|Sampler|Schedule type|Scheduler|CFG scale|Distilled CFG Scale|Guidance Scale|Seed|Size|Model|Version|App"
    r"|Clip skip|Denoising strength|VAE)[\w ]{0,20}:.*"
)
"""A line of settings of which two stand side by side, whichever they are."""
_SETTING_NAMES: Final = ("Steps:", "Seed:", "CFG scale:", "Size:", "Sampler:")
_TEMPLATE: Final = re.compile(r"\A\s*+(?:Negative )?Template:")
_NEGATIVE: Final = re.compile(r"(?<=\S)\s+(?=negative prompt\s*:)", re.I)
_COMMAND: Final = re.compile(r"\A\s*/?imagine\b(?:\s*prompt\s*:)?", re.I)
_FLAG: Final = re.compile(r"(?<!\S)(?:--+|—|–)(?=[A-Za-z])")
_FLAG_NAME: Final = re.compile("[A-Za-z]+")
_LOOSE_DASHES: Final = re.compile(r"--+")
_RATIO: Final = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*[:x×/]\s*(\d{1,5}(?:\.\d{1,3})?)(?![\w:/.])", re.I)
_NUMBER: Final = r"(?:\d++(?:\.\d++)?|\.\d++)"
"""Digits belong to one number only, so that a long run of them is read once."""
_WEIGHTED: Final = re.compile(
    rf"\([^()\n]*:\s*{_NUMBER}\s*\)|<(?:lora|lyco|hypernet)\s*:|\(\(|\[\[|(?<=[^\s:]\s)BREAK\s+\S|::"
)
_SIGNS: Final = ("(", "[", "<", "::", "BREAK")
_EXTRA_NETWORK: Final = re.compile(r"<(?:lora|lyco|hypernet)\s*:[^>\n]*>?", re.I)
_BREAK: Final = re.compile(r"(?<=[^\s:]\s)BREAK(?=\s+\S)")
_MULTI_PROMPT: Final = re.compile(r"::+\s?(?:-?(?:\d++(?:\.\d++(?!\w))?|\.\d++)(?!\w))?")
_WEIGHT: Final = re.compile(rf":\s*{_NUMBER}(?=\s*(?:[)\],]|$))", re.M)
_BRACKETS: Final = re.compile(r"\\?[()\[\]{}]")

_VALUED: Final = frozenset(
    {"v", "version", "s", "stylize", "style", "niji", "q", "quality", "c", "chaos", "w", "weird", "iw", "stop"}
    | {"sref", "cref", "oref", "sw", "cw", "ow", "p", "profile", "r", "repeat", "exp", "g", "h", "sv", "motion"}
    | {"steps", "cfg", "sampler", "model", "scale", "strength", "height", "width"}
)
_BARE: Final = frozenset(
    {"tile", "raw", "turbo", "fast", "relax", "draft", "stealth", "public", "hd", "creative", "test", "testp"}
    | {"video", "uplight", "sameseed"}
)


@dataclass(slots=True)
class Brought:
    """What was taken out of a text. `ignored` means nothing here and is told to the person."""

    aspect: str | None = None
    seed: int | None = None
    negative: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def nearest_aspect(width: float, height: float) -> str | None:
    """The one of `ASPECTS` nearest in shape; None when a side is not positive."""
    if width <= 0 or height <= 0:
        return None
    wanted = math.log(width / height)
    return min(ASPECTS, key=lambda aspect: abs(wanted - math.log(_ratio(aspect))))


def _ratio(aspect: str) -> float:
    width, height = aspect.split(":")
    return int(width) / int(height)


def aspect_in(text: str) -> str | None:
    """Read "2:3", "832x1216" and the like; None when the whole text is not a shape."""
    text = text.strip()
    found = _RATIO.match(text)
    return nearest_aspect(float(found[1]), float(found[2])) if found and found.end() == len(text) else None


def seed_in(text: str) -> int | None:
    """Read a seed; None when it is none or out of range."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    return int(text) if int(text) <= MAX_SEED else None


def take_out(text: str, brought: Brought) -> str:
    """The text without what belongs to other tools; what is understood is noted in `brought`."""
    if (said := _of_a_tool(text, brought)) is not None:
        text = said
    text = _COMMAND.sub(" ", text)
    pasted = None
    if ":" in text:
        text = _NEGATIVE.sub("\n", text) if "prompt" in text.lower() else text
        pasted = _SETTINGS.search(text) if any(name in text for name in _SETTING_NAMES) else None
    if pasted:
        text = _without_settings(text, brought)
    if "--" in text or "—" in text or "–" in text:
        text = "\n".join(_flags(line, brought) for line in text.split("\n"))
    if pasted or (any(sign in text for sign in _SIGNS) and _WEIGHTED.search(text)):
        text = _without_weights(text, brought)
    return text


def _of_a_tool(text: str, brought: Brought) -> str | None:
    """The words of a recipe that is pasted as its tool wrote it; None for what people write, "" for one without words.

    A recipe that says nothing is told rather than taken for words.
    """
    try:
        found = recipes.read_pasted(text)
    except recipes.Unreadable as error:
        brought.ignored.append(f"a recipe of {error.tool}")
        return ""
    if found is None:
        return None
    brought.seed, brought.aspect = found.seed, nearest_aspect(found.width, found.height)
    # Its lines are no labels of this text's, and what is not wanted goes the way of all negative words.
    said = " ".join(found.words.split())
    return f"{said}\nNegative prompt: {' '.join(found.negative.split())}" if found.negative else said


def _without_settings(text: str, brought: Brought) -> str:
    """The text without its settings, and without the templates that extensions write behind them."""
    before, found = text[: _start(text)], text[_start(text) :]
    kept, templates = list[str](), False
    for line in found.split("\n"):
        templates = templates or _TEMPLATE.match(line) is not None
        if not templates:
            kept.append(_SETTINGS.sub(lambda one: _settings(one[0], brought), line))
    return before + "\n".join(kept)


def _start(text: str) -> int:
    found = _SETTINGS.search(text)
    return found.start() if found else len(text)


def _without_weights(text: str, brought: Brought) -> str:
    brought.ignored += _EXTRA_NETWORK.findall(text)
    text = _EXTRA_NETWORK.sub(", ", text)
    text = _BREAK.sub(", ", text)
    text = _MULTI_PROMPT.sub(", ", text)
    return _BRACKETS.sub("", _WEIGHT.sub("", text))


def _settings(line: str, brought: Brought) -> str:
    for pair in line.partition(" Template:")[0].removesuffix(" Negative").split(","):
        name, _, value = pair.partition(":")
        match name.strip().casefold():
            case "seed":
                brought.seed = seed_in(value)
            case "size":
                brought.aspect = aspect_in(value)
    brought.ignored.append(line.strip())
    return "\n"


def _flags(line: str, brought: Brought) -> str:
    first, *flagged = _FLAG.split(line)
    kept = [first]
    for piece in flagged:
        name, value = _name_and_value(piece)
        kept.append(_flag(name, value, brought))
    return _LOOSE_DASHES.sub(" – ", ", ".join(part for part in kept if part.strip(" ,")))


def _name_and_value(piece: str) -> tuple[str, str]:
    found = _FLAG_NAME.match(piece)
    name = found[0] if found else ""
    return name, piece[len(name) :].lstrip(" =")


def _flag(name: str, value: str, brought: Brought) -> str:
    """Note what the flag says and give back what follows it; an unknown flag stays as words."""
    word, _, rest = value.partition(" ")
    word = word.rstrip(",")
    match name.casefold():
        case "no" | "neg" | "negative":
            brought.negative.append(_LOOSE_DASHES.sub(" – ", value))
            return ""
        case "ar" | "aspect" if aspect_in(word):
            brought.aspect = aspect_in(word)
            return rest
        case "seed" if seed_in(word) is not None:
            brought.seed = seed_in(word)
            return rest
        case known if known in _VALUED and word:
            brought.ignored.append(f"--{name} {word}")
            return rest
        case known if known in _BARE:
            brought.ignored.append(f"--{name}")
            return value
    return f"– {name} {value}"
