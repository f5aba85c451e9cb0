"""What travels with a picture: its recipe, the settings in the form other tools read, and a signature that says AI.

Blocking; belongs in a thread. Marking never fails: what could not be added is told to the caller.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from engine.pictures.source_types import XMP_KEYWORD, SourceType, xmp
from engine.prompt import MAX_TEXT, PortraitPrompt, PromptError, from_json, parse, to_json
from engine.prompts.pasted import MAX_SEED, nearest_aspect
from engine.recipes import FoundRecipe, picture_text
from engine.recipes.embedded_recipe import EmbeddedRecipe, embedded_in
from engine.recipes.picture_text import with_texts

if TYPE_CHECKING:
    from engine.pictures.signing import Credentials

RECIPE_KEYWORD: Final = picture_text.RECIPE
PARAMETERS_KEYWORD: Final = picture_text.PARAMETERS
VERSION: Final = 1
SOFTWARE: Final = "Likeness"
MAX_PROMPT: Final = 6000
"""The longest prompt, in characters over all its slots, that a picture may bring."""
NEGATIVE: Final = "Negative prompt:"
UNKNOWN: Final = "unknown"
NEEDED: Final = 3
"""So many settings tell other readers that a line is one of settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that made a picture. `words` and `negative` are what the model was told; sizes in pixels.

    `fine_tune` is the name of the LoRA on the model, "" without one. `seed`, `steps`, `guidance` and
    `sampler` (with the name of its schedule) are those that made the picture; None, 0 and "" where that is not known.
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
    sampler: str = ""
    schedule: str = ""

    @property
    def again(self) -> PortraitPrompt:
        """The prompt that makes the same picture again, with the seed that was used."""
        return self.prompt if self.seed is None else replace(self.prompt, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a picture came to be. `changed` is the picture that it is a change of, `by_provider` the picture as a
    provider handed it over, where that has credentials of its own; both encoded."""

    source: SourceType = SourceType.TRAINED
    changed: bytes = field(default=b"", repr=False)
    by_provider: bytes = field(default=b"", repr=False)


MADE: Final = Origin()
"""By a model, from words."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture as it is to be stored; `problem` is a sentence for the log when it could not be signed."""

    picture: bytes
    signed: bool = False
    problem: str = ""


def mark(png: bytes, recipe: Recipe, credentials: Credentials | None = None, origin: Origin = MADE) -> Marked:
    """The PNG with its recipe, its parameters, XMP that says how it came to be and, where there are credentials, a
    signed manifest. Never raises.

    The pixels stay as they are, byte for byte. Takes about 50 ms and adds some 4 KB when signed.
    """
    said = {PARAMETERS_KEYWORD: parameters(recipe), RECIPE_KEYWORD: to_text(recipe), XMP_KEYWORD: xmp(origin.source)}
    try:
        told = with_texts(png, said)
    except ValueError as error:
        return Marked(png, problem=f"The recipe could not be written into the picture: {error}")
    title = recipe.model_title or recipe.model
    claim: dict[str, Any] = {"source": origin.source, "model_title": title}
    if origin.by_provider:
        told_of = {"parent_title": f"As {title} made it", "actions": ("c2pa.transcoded",)}
        claim |= {"parent": origin.by_provider, **told_of}
    elif origin.changed:
        claim |= {"parent": origin.changed, "parent_title": "The picture that was changed"}
    return signed(told, credentials, **claim)


def signed(picture: bytes, credentials: Credentials | None, **claim: Any) -> Marked:
    """The PNG, JPEG or WebP with a signed manifest where there are credentials; `claim` are the fields of
    `signing.Claim`. Never raises."""
    if credentials is None:
        return Marked(picture)
    from engine.pictures.signing import Claim, SigningFailed, sign

    try:
        return Marked(sign(picture, credentials, Claim(**claim)), signed=True)
    except SigningFailed as error:
        if claim.get("parent"):  # better that it was made than nothing at all
            rest = {name: said for name, said in claim.items() if name not in ("parent", "parent_title", "actions")}
            return replace(signed(picture, credentials, **rest), problem=str(error))
        return Marked(picture, problem=str(error))


def read(raw: bytes) -> Recipe | None:
    """The recipe in a PNG, JPEG or WebP, ours or another tool's; None when there is none.

    It comes from a stranger: it passes policy and price like typed text. At most `MAX_PROMPT` characters of prompt.
    Raises Unreadable for a recipe of another tool that cannot be read.
    """
    return from_embedded(embedded_in(raw))


def from_embedded(told: EmbeddedRecipe) -> Recipe | None:
    """The recipe of what was found in a picture."""
    recipe = from_text(told.own) if told.own else from_found(told.found) if told.found else None
    return recipe if recipe is not None and len(to_json(recipe.prompt)) <= MAX_PROMPT else None


def from_found(found: FoundRecipe) -> Recipe | None:
    """What another tool wrote, its words sorted into slots; None where nothing of them is left."""
    said = parse(found.words[:MAX_TEXT])
    negative = ", ".join(filter(None, (said.negative, _unwanted(found.negative))))
    aspect = nearest_aspect(found.width, found.height) or said.aspect
    prompt = replace(said, negative=negative, aspect=aspect, seed=None, sampler=" ".join(found.sampler.split())[:60])
    if replace(prompt, aspect=None) == PortraitPrompt():
        return None
    return Recipe(
        prompt=prompt,
        seed=said.seed if found.seed is None else found.seed,
        words=found.words,
        negative=found.negative,
        model_title=found.model,
        steps=found.steps,
        guidance=found.guidance,
        sampler=found.sampler,
        width=found.width,
        height=found.height,
    )


def _unwanted(negative: str) -> str:
    """Negative words without another tool's weights and tags."""
    return parse(f"{NEGATIVE} {_one_line(negative)[: MAX_TEXT // 2]}").negative if negative.strip() else ""


def read_recipe(raw: bytes) -> PortraitPrompt | None:
    """The prompt in a picture, with the seed that was used; None when there is none. Raises Unreadable."""
    recipe = read(raw)
    return None if recipe is None else recipe.again


def parameters(recipe: Recipe) -> str:
    """The text that A1111, Civitai and others read: words, negative words, then settings.

    What is not known is left out, but for a sampler and three settings of how it worked: sd-parsers reads no recipe
    without these (0.6 raises "no sampler found"). They are called unknown then, which is what it calls them itself.
    """
    # Other readers than A1111 look for this anywhere, and for a capital letter.
    lines = [_one_line(f"{recipe.words}{_lora(recipe)}").replace(NEGATIVE, NEGATIVE.lower())]
    if recipe.negative:
        lines.append(f"{NEGATIVE} {_one_line(recipe.negative).replace(NEGATIVE, NEGATIVE.lower())}")
    lines.append(", ".join(f"{name}: {_quoted(value)}" for name, value in _settings(recipe).items() if value))
    return "\n".join(lines)


def _settings(recipe: Recipe) -> dict[str, str]:
    known = {
        "Steps": f"{recipe.steps or ''}",
        "Sampler": recipe.sampler or UNKNOWN,
        "Schedule type": recipe.schedule,
        "CFG scale": f"{recipe.guidance:g}" if recipe.guidance else "",
        "Seed": "" if recipe.seed is None else f"{recipe.seed}",
    }
    for name in ("Schedule type", "Steps"):
        if sum(map(bool, known.values())) < NEEDED:
            known[name] = known[name] or UNKNOWN
    size = f"{recipe.width}x{recipe.height}" if recipe.width and recipe.height else ""
    return known | {"Size": size, "Model": recipe.model_title or recipe.model, "Version": SOFTWARE}


def _lora(recipe: Recipe) -> str:
    """A1111 and Civitai read a fine-tune from the words."""
    return f" <lora:{recipe.fine_tune}:{recipe.fine_tune_strength:g}>" if recipe.fine_tune else ""


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _quoted(value: str) -> str:
    """A1111 puts a value with a comma or a colon into quotes and reads it as JSON.

    Other readers cut at every comma and colon, in quotes or not, so these stand there by their numbers.
    """
    if not {",", ":", '"', "\n"} & set(value):
        return value
    return json.dumps(value, ensure_ascii=False).replace(",", "\\u002c").replace(":", "\\u003a")


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
    if recipe.sampler:
        said |= {"sampler": recipe.sampler, "schedule": recipe.schedule}
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
        sampler=_string(found, "sampler"),
        schedule=_string(found, "schedule"),
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
