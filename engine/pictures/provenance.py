"""What travels with a picture: its recipe, the settings in the form other tools read, and a signature that says AI.

Blocking; belongs in a thread. Marking never fails: what could not be added is told to the caller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from engine.pictures import picture_text
from engine.pictures.picture_text import texts, with_texts
from engine.prompt import MAX_TEXT, PortraitPrompt, PromptError, from_json, parse, to_json
from engine.prompts.pasted import MAX_SEED

if TYPE_CHECKING:
    from engine.pictures.signing import Credentials

RECIPE_KEYWORD: Final = picture_text.RECIPE
PARAMETERS_KEYWORD: Final = picture_text.PARAMETERS
VERSION: Final = 1
SOFTWARE: Final = "Likeness"
MAX_PROMPT: Final = 6000
"""The longest prompt, in characters over all its slots, that a picture may bring."""
MAX_SETTINGS: Final = 1000
"""How much of another tool's line of settings is read; its seed and size stand near its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that made a picture. `words` and `negative` are what the model was told; sizes in pixels.

    `fine_tune` is the name of the LoRA that was laid over the model, "" without one.
    """

    prompt: PortraitPrompt
    model: str = ""
    model_title: str = ""
    words: str = ""
    negative: str = ""
    seed: int | None = None
    steps: int = 0
    guidance: float = 0.0
    width: int = 0
    height: int = 0
    fine_tune: str = ""
    fine_tune_strength: float = 0.0


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture as it is to be stored; `problem` is a sentence for the log when it could not be signed."""

    picture: bytes
    signed: bool = False
    problem: str = ""


def mark(png: bytes, recipe: Recipe, credentials: Credentials | None = None) -> Marked:
    """The PNG with its recipe, its parameters and, where there are credentials, a signed manifest. Never raises.

    The pixels stay as they are, byte for byte. Takes about 50 ms and adds some 33 KB when signed.
    """
    try:
        told = with_texts(png, {PARAMETERS_KEYWORD: parameters(recipe), RECIPE_KEYWORD: to_text(recipe)})
    except ValueError as error:
        return Marked(png, problem=f"The recipe could not be written into the picture: {error}")
    if credentials is None:
        return Marked(told)
    from engine.pictures.signing import SigningFailed, sign

    try:
        return Marked(sign(told, credentials, title=recipe.model_title or recipe.model), signed=True)
    except SigningFailed as error:
        return Marked(told, problem=str(error))


def read(raw: bytes) -> Recipe | None:
    """The recipe in a PNG, JPEG or WebP, ours or in the form of A1111 and Civitai; None when there is none.

    It comes from a stranger: it passes policy and price like typed text. At most `MAX_PROMPT` characters of prompt.
    """
    return from_texts(texts(raw))


def from_texts(found: Mapping[str, str]) -> Recipe | None:
    """The recipe in the texts of a picture; see `read`."""
    told = found.get(PARAMETERS_KEYWORD, "")
    # JPEG and WebP have one place for text: where ours stands in it, it is the recipe itself.
    recipe = from_text(found.get(RECIPE_KEYWORD, "")) or from_text(told) or _from_parameters(told)
    return recipe if recipe is not None and len(to_json(recipe.prompt)) <= MAX_PROMPT else None


def read_recipe(raw: bytes) -> PortraitPrompt | None:
    """The prompt in a picture, with the seed that was used; None when there is none."""
    return recipe_in(texts(raw))


def recipe_in(found: Mapping[str, str]) -> PortraitPrompt | None:
    """The same as `read_recipe`, of texts that were taken out of a picture before."""
    recipe = from_texts(found)
    if recipe is None:
        return None
    return recipe.prompt if recipe.seed is None else replace(recipe.prompt, seed=recipe.seed)


def parameters(recipe: Recipe) -> str:
    """The text that A1111, Civitai and others read: words, negative words, then settings."""
    settings = {
        "Steps": recipe.steps,
        "Sampler": "Euler",
        "CFG scale": f"{recipe.guidance:g}" if recipe.guidance else "",
        "Seed": recipe.seed,
        "Size": f"{recipe.width}x{recipe.height}",
        "Model": _quoted(recipe.model_title or recipe.model),
        "Version": SOFTWARE,
    }
    known = {name: value for name, value in settings.items() if value not in (None, "", 0, "0x0")}
    if "Steps" not in known:
        known.pop("Sampler", None)
    lines = [_one_line(f"{recipe.words}{_lora(recipe)}")]
    if recipe.negative:
        lines.append(f"Negative prompt: {_one_line(recipe.negative)}")
    lines.append(", ".join(f"{name}: {value}" for name, value in known.items()))
    return "\n".join(lines)


def _lora(recipe: Recipe) -> str:
    """A1111 and Civitai read a fine-tune from the words."""
    return f" <lora:{recipe.fine_tune}:{recipe.fine_tune_strength:g}>" if recipe.fine_tune else ""


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _quoted(value: str) -> str:
    """A1111 puts a value with a comma or a colon into quotes."""
    return json.dumps(value, ensure_ascii=False) if {",", ":", '"'} & set(value) else value


def to_text(recipe: Recipe) -> str:
    """The recipe as versioned JSON."""
    said: dict[str, Any] = {
        "version": VERSION,
        "software": SOFTWARE,
        "prompt": json.loads(to_json(recipe.prompt)),
        "model": recipe.model,
        "model_title": recipe.model_title,
        "words": recipe.words,
        "negative": recipe.negative,
        "seed": recipe.seed,
        "steps": recipe.steps,
        "guidance": recipe.guidance,
        "width": recipe.width,
        "height": recipe.height,
    }
    if recipe.fine_tune:
        said |= {"fine_tune": recipe.fine_tune, "fine_tune_strength": recipe.fine_tune_strength}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Recipe | None:
    """Read what `to_text` wrote, of this or a newer version; None for anything else."""
    try:
        found = json.loads(text)
        prompt = from_json(json.dumps(found["prompt"]))
        return _checked(found, prompt)
    except (ValueError, KeyError, TypeError, RecursionError, PromptError):
        return None


def _checked(found: dict[str, Any], prompt: PortraitPrompt) -> Recipe:
    """Raises ValueError, KeyError or TypeError when a value is not of its kind."""
    seed = found.get("seed")
    return Recipe(
        prompt=prompt,
        model=_string(found, "model"),
        model_title=_string(found, "model_title"),
        words=_string(found, "words"),
        negative=_string(found, "negative"),
        seed=None if seed is None else _whole(found, "seed", MAX_SEED),
        steps=_whole(found, "steps", 1000),
        guidance=float(found.get("guidance", 0.0)),
        width=_whole(found, "width", 2**16),
        height=_whole(found, "height", 2**16),
        fine_tune=_string(found, "fine_tune"),
        fine_tune_strength=float(found.get("fine_tune_strength", 0.0)),
    )


def _string(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _whole(found: dict[str, Any], name: str, most: int) -> int:
    value = found.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(name)
    return value


def _from_parameters(text: str) -> Recipe | None:
    """What another tool wrote, read like a pasted block."""
    if not text.strip():
        return None
    prompt = parse(_shortened(text))
    return Recipe(prompt=replace(prompt, seed=None), seed=prompt.seed) if prompt != PortraitPrompt() else None


def _shortened(text: str) -> str:
    """At most `MAX_TEXT` characters of it: the beginning, and where that cuts off the settings, the first of those."""
    if len(text) <= MAX_TEXT:
        return text
    found = text.rfind("\nSteps: ")
    if found < MAX_TEXT - MAX_SETTINGS:
        return text[:MAX_TEXT]
    return text[: MAX_TEXT - MAX_SETTINGS] + text[found : found + MAX_SETTINGS]
