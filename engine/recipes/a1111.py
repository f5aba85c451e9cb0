"""The form that A1111 began and most tools write or read: words, "Negative prompt:", and one line of settings.

The settings may begin with any of their names, and lines may follow them (templates of extensions), which are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.recipes.found_recipe import (
    FoundRecipe,
    Texts,
    looks_like_json,
    name_of,
    real_of,
    seed_of,
    side_of,
    size_in,
    steps_of,
    words_of,
)

MOST_LINES: Final = 5_000
MOST_SETTINGS: Final = 8_000
"""Characters of the line of settings that are read; what matters stands near its beginning."""
NAMES: Final = frozenset(
    {"steps", "sampler", "schedule type", "scheduler", "cfg scale", "distilled cfg scale", "guidance scale", "seed"}
    | {"size", "width", "height", "model", "model hash", "vae", "vae hash", "denoising strength", "clip skip", "ensd"}
    | {"version", "hires upscale", "hires steps", "hires upscaler", "lora hashes", "ti hashes", "hashes", "rng", "app"}
    | {"backend", "pipeline", "operations", "created date", "civitai resources", "civitai metadata", "eta", "styles"}
    | {"face restoration", "variation seed", "variation seed strength", "strength", "seed mode", "shift", "parser"}
    | {"module 1", "module 2", "module 3", "beta schedule type", "clip-skip", "base model", "loras", "refiner"}
)
"""Names of settings, in small letters."""
STRONG: Final = frozenset({"steps", "seed", "sampler", "cfg scale", "size"})
"""One of these is among the settings, so that a line of labels is not taken for them."""
NEGATIVE: Final = "negative prompt:"
_PLACES: Final = (
    *("parameters", "exif:UserComment", "xmp:parameters", "comment", "Comment", "UserComment", "Description"),
    *("exif:ImageDescription", "exif:XPComment", "xmp:UserComment", "xmp:description"),
)
_CLOSING: Final = {"[": "]", "{": "}", "(": ")"}
UNNAMED: Final = "A1111 or a tool like it"


@dataclass(frozen=True, slots=True)
class SettingsBlock:
    """A text of this form: its words, its negative words and its settings by their names in small letters."""

    words: str
    negative: str
    settings: dict[str, str]


def read(texts: Texts) -> FoundRecipe | None:
    """The recipe at the first place that holds a text of this form.

    Words without settings count where nothing but a recipe is ever written.
    """
    for place in _PLACES:
        block = block_in(texts.text(place))
        if block is not None and (block.words or block.negative):
            return found_in(block, tool_of(block.settings, texts, place))
    words = texts.text("parameters")
    if words and not looks_like_json(words):
        block = _said(words.split("\n", MOST_LINES))
        return found_in(block, UNNAMED)
    return None


def block_in(text: str) -> SettingsBlock | None:
    """The text taken apart; None where it has no line of settings."""
    lines = text.split("\n", MOST_LINES)
    for number in range(len(lines) - 1, -1, -1):
        settings = settings_in(lines[number])
        if settings:
            said = _said(lines[:number])
            return SettingsBlock(said.words, said.negative, settings)
    return None


def _said(lines: list[str]) -> SettingsBlock:
    """Words, and what stands behind the first "Negative prompt:" that begins a line."""
    for number, line in enumerate(lines):
        if line.lstrip()[: len(NEGATIVE)].casefold() == NEGATIVE:
            negative = [line.lstrip()[len(NEGATIVE) :], *lines[number + 1 :]]
            return SettingsBlock(words_of("\n".join(lines[:number])), words_of("\n".join(negative)), {})
    return SettingsBlock(words_of("\n".join(lines)), "", {})


def settings_in(line: str) -> dict[str, str]:
    """The settings of a line by their names in small letters; {} where it is no line of settings."""
    first = line[:60].partition(":")[0].strip().casefold()
    if first not in NAMES:
        return {}
    found: dict[str, str] = {}
    for pair in _pairs(line[:MOST_SETTINGS]):
        name, there, value = pair.partition(":")
        if there and len(name) <= 60:
            found.setdefault(name.strip().casefold(), _unquoted(value.strip()))
    known = found.keys() & NAMES
    return found if len(known) > 1 and known & STRONG else {}


def _pairs(line: str) -> list[str]:
    """The line cut at commas that stand in no quotation and no bracket."""
    cuts, closing, quoted, escaped = [-1], list[str](), False, False
    for at, sign in enumerate(line):
        if escaped or sign == "\\":
            escaped = not escaped and quoted
        elif sign == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif sign in _CLOSING:
            closing.append(_CLOSING[sign])
        elif closing and sign == closing[-1]:
            closing.pop()
        elif sign == "," and not closing:
            cuts.append(at)
    if closing or quoted:  # what is never closed must not swallow the rest
        return line.split(",")
    return [line[before + 1 : cut] for before, cut in zip(cuts, [*cuts[1:], len(line)], strict=True)]


def _unquoted(value: str) -> str:
    return value[1:-1].replace('\\"', '"') if len(value) > 1 and value[0] == value[-1] == '"' else value


def found_in(block: SettingsBlock, tool: str) -> FoundRecipe:
    """The recipe that a block says."""
    said = block.settings
    width, height = size_in(said.get("size"))
    return FoundRecipe(
        tool=tool,
        words=block.words,
        negative=block.negative,
        seed=seed_of(said.get("seed")),
        width=width or side_of(said.get("width")),
        height=height or side_of(said.get("height")),
        steps=steps_of(said.get("steps")),
        guidance=real_of(said.get("cfg scale") or said.get("guidance scale") or said.get("distilled cfg scale")),
        sampler=name_of(said.get("sampler")),
        model=name_of(said.get("model")),
    )


def tool_of(settings: dict[str, str], texts: Texts, place: str) -> str:
    """Who wrote these settings, as far as they tell."""
    version, app = settings.get("version", ""), settings.get("app", "")
    told = f"{version} {app}".casefold()
    for sign, tool in _SIGNS.items():
        if sign in told:
            return tool
    if "civitai resources" in settings or "civitai metadata" in settings:
        return "Civitai"
    if settings.get("sampler", "").startswith("k_") and place in ("comment", "Comment"):
        return "AI Horde (ArtBot)"
    if texts.text("fooocus_scheme") or texts.text("exif:MakerNote") in ("a1111", "fooocus"):
        return "Fooocus"
    if version[:1] == "f" and version[1:2].isdecimal():
        return "Forge"
    if version[:1] == "v" and version[1:2].isdecimal():
        return "A1111"
    return UNNAMED


_SIGNS: Final = {
    "likeness": "Likeness",
    "sd.next": "SD.Next",
    "fooocus": "Fooocus",
    "comfyui": "ComfyUI",
    "neo": "Forge",
    "reforge": "Forge",
    "forge": "Forge",
    "swarm": "SwarmUI",
    "draw things": "Draw Things",
}
