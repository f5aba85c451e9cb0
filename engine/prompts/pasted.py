"""What people bring along from other tools: commands, addresses, weights, pasted settings. Takes it out of a text."""

from __future__ import annotations

import re
from typing import Final

from engine import recipes
from engine.prompts import aspect_ratio, choices, flags
from engine.prompts.brought import MAX_SEED, Brought, aspect_in, nearest_aspect, seed_in
from engine.prompts.stress import stated

__all__ = ["MAX_SEED", "Brought", "aspect_in", "nearest_aspect", "of_a_tool", "seed_in", "take_out"]

_SETTINGS: Final = re.compile(
    r"(?<!\w)(?:(?:Steps|Seed|CFG scale|Guidance Scale|Clip skip):[ \t]*+[\d.]++|Size:[ \t]*+\d++x\d++"
    r"|(?:Sampler|Schedule type|Model hash):[ \t]*+[^,:\n]{1,60}+),[ \t]*+"
    r"(?:Steps|Sampler|Schedule type|Scheduler|CFG scale|Distilled CFG Scale|Guidance Scale|Seed|Size|Model|Version|App"
    r"|Clip skip|Denoising strength|VAE)[\w ]{0,20}:.*"
)
"""A line of settings of which two stand side by side, whichever they are."""
_SETTING_NAMES: Final = ("Steps:", "Seed:", "CFG scale:", "Size:", "Sampler:")
_TEMPLATE: Final = re.compile(r"\A\s*+(?:Negative )?Template:")
_QUOTES: Final = frozenset('"“”„«»')
_BEFORE_QUOTE: Final = re.compile(r"\A\s*(?:(?:positive\s)?prompt\s?[:=]\s?)?(?=[\"“”„«])", re.I)
_WORDS_OF_A_PROMPT: Final = 5
"""A whole text in quotation marks that is as long as this is no lettering."""
_NEGATIVE: Final = re.compile(r"(?<=\S)\s+(?=negative prompt\s*:)", re.I)
_COMMAND: Final = re.compile(r"\A\s*/?imagine\b(?:\s*prompt\s*:)?", re.I)
_NUMBER: Final = r"(?:\d++(?:\.\d++)?|\.\d++)"
"""Digits belong to one number only, so that a long run of them is read once."""
_WEIGHTED: Final = re.compile(
    rf"\([^()\n]*:\s*{_NUMBER}\s*\)|<(?:lora|lyco|hypernet)\s*:|\(\(|\[\[|\{{\{{|[)\]}}][(\[]|[)\]](?=\w)|(?<=[\w)])(?:\+\+?|--)(?=[\s,]|\Z)|(?<=[^\s:]\s)BREAK\s+\S|::"
)
_SIGNS: Final = ("(", "[", "{", "<", "::", "BREAK", "+", "--")
_EXTRA_NETWORK: Final = re.compile(r"<(?:lora|lyco|hypernet)\s*:[^>\n]*>?", re.I)
_BREAK: Final = re.compile(r"(?<=[^\s:]\s)BREAK(?=\s+\S)")
_MULTI_PROMPT: Final = re.compile(r"::+\s?(?:-?(?:\d++(?:\.\d++(?!\w))?|\.\d++)(?!\w))?")
_WEIGHT: Final = re.compile(rf":\s*{_NUMBER}(?=\s*(?:[)\],]|$))", re.M)
_GLUED: Final = re.compile(r"(?<=[)\]}])\s?(?=[(\[{])|(?<=[)\]}])(?=\w)|(?<=\w)(?=\((?!s\)))")
"""Where brackets touch words or each other: "(forest:0.8)(soft light)"."""
_BRACKETS: Final = re.compile(r"\\?[()\[\]{}]")
_STRESS: Final = re.compile(r"(?<=[\w)])(?:\+{1,5}|-{2,5})(?=[\s,.)]|\Z)")
_ADDRESS: Final = re.compile(r"(?<![\w\"'“(@])<?https?://[^\s<>\"]+>?")
_SEED: Final = re.compile(r"(?<![^\W_])seed[\s:=]{0,3}(\d{1,18})(?!\d)", re.I)
_BELOW: Final = re.compile(r"\(([^():\n]{1,300}):\s?-\s?(?:\d{1,3}\.?|\.)\d{0,4}\s?\)")
_BELOW_MULTI: Final = re.compile(r"(?<![^,;|:\n])\s{0,3}([^,;|:\n]{1,200})::\s?-\s?(?:\d{1,3}\.?|\.)\d{0,4}")
_BELOW_NUMBERED: Final = re.compile(r"-(?:\d{1,3}\.?|\.)\d{0,4}::([^:\n]{1,200})(?:::|$)", re.M)
_NUMBERED: Final = re.compile(r"(?<![\w.:])\d{1,3}(?:\.\d{1,4})?::(?=[^:\n]{1,200}::)")
"""A weight before what it is of: "1.3::smile::"."""
_SAMPLER: Final = re.compile(
    r"(?<![^\W_])sampler(?:[ _]name)?[ \t]{0,3}[:=][ \t]{0,3}"
    r"((?:k_)?(?:dpm|ddpm|ddim|euler|heun|lms|plms|pndm|uni|lcm|deis|ipndm|kdpm|res_|er_|sa_)[\w+ -]{0,40})"
    r"(?=[,;.\n]|\Z)",
    re.I,
)
"""Names of samplers begin like this wherever there are any; "a sampler: a book of stitches" is a thing."""
_SAID_AS_DATA: Final = re.compile(r"sampler(?: name)?\s{1,3}(\S.{0,60})", re.I)
_LEADING_NUMBER: Final = re.compile(r"\A\d{1,3}(?:\.\d{1,4})?\s+(?=\D)")
_JOINED: Final = re.compile(r"(?<=\S) AND (?=\S)")
_EMBEDDING: Final = re.compile(r"(?<!\w)(?:embedding|ti):[\w./-]{1,60}", re.I)
_NEGATIVE_LABEL: Final = re.compile(r"\A(?:negative(?:\s?prompt)?)\s?:\s?", re.I)


def take_out(text: str, brought: Brought) -> str:
    """The text without what belongs to other tools; what is understood is noted in `brought`."""
    if command := _COMMAND.match(text):
        text = f" {text[command.end() :]}"
    text = _unquoted(text).replace("`", " ")
    if "://" in text:
        brought.ignored += _ADDRESS.findall(text)
        text = _ADDRESS.sub(" ", text)
    if "embedding:" in text:
        brought.ignored += _EMBEDDING.findall(text)
        text = _EMBEDDING.sub(" ", text)
    if " AND " in text and not text.isupper():
        text = _JOINED.sub(", ", text)
    if choices.holds_any(text):
        seed = _SEED.search(text)
        brought.draw = int(seed[1]) if seed else brought.draw
        text = choices.take_out(text, brought)
    text = _unwanted(text, brought) if "###" in text or ("-" in text and ":" in text) else text
    pasted = None
    if ":" in text:
        text = _NEGATIVE.sub("\n", text) if "prompt" in text.lower() else text
        pasted = _SETTINGS.search(text) if any(name in text for name in _SETTING_NAMES) else None
    if pasted:
        text = _without_settings(text, brought)
    elif "ampler" in text:
        text = take_sampler(text, brought)
    if flags.may_hold_any(text):
        text = "\n".join(flags.take_out(line, brought) for line in text.split("\n"))
    if ":" in text or "x" in text or "×" in text:
        text = aspect_ratio.take_out(text, brought)
    if pasted or (any(sign in text for sign in _SIGNS) and _WEIGHTED.search(text)):
        brought.weights += stated(text)
        text = _without_weights(text, brought)
    return text


def take_sampler(text: str, brought: Brought) -> str:
    """The text without the sampler that it asks for, which is noted."""
    found = _SAMPLER.search(text)
    if found is None:
        return text
    brought.sampler = " ".join(found[1].split())
    return f"{text[: found.start()].rstrip(' ,;')}{text[found.end() :]}"


def sampler_of(said: str, brought: Brought) -> bool:
    """Whether a setting that is written as data asks for a sampler, which is noted."""
    found = _SAID_AS_DATA.fullmatch(said)
    if found is not None:
        brought.sampler = " ".join(found[1].split())
    return found is not None


def of_a_tool(text: str, brought: Brought) -> str | None:
    """The words of a recipe that is pasted as its tool wrote it; None for what people write, "" for one without words.

    A recipe that says nothing is told rather than taken for words.
    """
    try:
        found = recipes.read_pasted(text)
    except recipes.UnreadableRecipe as error:
        brought.ignored.append(f"a recipe of {error.tool}")
        return ""
    if found is None:
        return None
    brought.seed, brought.aspect = found.seed, nearest_aspect(found.width, found.height)
    brought.sampler = " ".join(found.sampler.split())[:60]
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


def _unquoted(text: str) -> str:
    """A prompt that is in quotation marks as a whole without them."""
    opened, whole = _BEFORE_QUOTE.match(text), text.rstrip(" .\n")
    if not opened or whole[-1] not in _QUOTES:
        return text
    inside = whole[opened.end() + 1 : -1]
    quoted = len(inside.split()) >= _WORDS_OF_A_PROMPT and _QUOTES.isdisjoint(inside)
    return opened[0] + inside if quoted else text


def _unwanted(text: str, brought: Brought) -> str:
    """Without what has a weight below nothing, and what stands behind "###"."""
    wanted, sign, rest = text.partition("###")
    heading = wanted[-1:] in {"\n", ""} and (rest.count("###") or wanted.count("#") or not wanted)
    if sign and not heading and wanted.strip():
        rest, _, more = rest.strip(" #").partition("\n")
        brought.negative.append(_NEGATIVE_LABEL.sub("", rest.strip()))
        text = f"{wanted}\n{more}"
    for pattern, sign in ((_BELOW, "("), (_BELOW_NUMBERED, "::"), (_BELOW_MULTI, "::")):
        if sign not in text:
            continue
        brought.negative += [_LEADING_NUMBER.sub("", found.strip()) for found in pattern.findall(text)]
        text = pattern.sub(", ", text)
    return text


def _without_weights(text: str, brought: Brought) -> str:
    text = _NUMBERED.sub("", text) if "::" in text else text
    brought.ignored += _EXTRA_NETWORK.findall(text)
    text = _EXTRA_NETWORK.sub(", ", text)
    text = _BREAK.sub(", ", text)
    brought.ignored += [mark.replace(" ", "") for mark in _MULTI_PROMPT.findall(text) if mark.strip(": ")]
    text = _MULTI_PROMPT.sub(", ", text)
    return _STRESS.sub("", _BRACKETS.sub("", _GLUED.sub(", ", _WEIGHT.sub("", text))))


def _settings(line: str, brought: Brought) -> str:
    for pair in line.partition(" Template:")[0].removesuffix(" Negative").split(","):
        name, _, value = pair.partition(":")
        match name.strip().casefold():
            case "seed":
                brought.seed = seed_in(value)
            case "size":
                brought.aspect = aspect_in(value)
            case "sampler":
                brought.sampler = " ".join(value.split())[:60]
            case "schedule type" if value.strip().casefold() != "automatic":
                brought.sampler = f"{brought.sampler} {' '.join(value.split())}".strip()[:60]
    brought.ignored.append(line.strip())
    return "\n"
