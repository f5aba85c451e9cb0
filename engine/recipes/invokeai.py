"""InvokeAI, versions 2 to 6: `Dream`, `sd-metadata` and `invokeai_metadata` in a PNG."""

from __future__ import annotations

from typing import Any, Final

from engine.recipes.found_recipe import (
    FoundRecipe,
    Object,
    Texts,
    UnreadableRecipe,
    name_of,
    real_of,
    seed_of,
    side_of,
    steps_of,
    words_of,
)
from engine.sayings import worded

TOOL: Final = "InvokeAI"
_NEWEST, _MIDDLE, _OLDEST = "invokeai_metadata", "sd-metadata", "Dream"


def read(texts: Texts) -> FoundRecipe | None:
    """The newest form that is there."""
    if (said := texts.object(_NEWEST)) is not None:
        return _core(said)
    if (said := texts.object(_MIDDLE)) is not None:
        return _image(said)
    if line := texts.text(_OLDEST):
        return dream(line)
    if (said := texts.object("invokeai")) is not None:
        return _node(said)
    if texts.text(_NEWEST, _MIDDLE, "invokeai") or {_NEWEST, _MIDDLE} & set(texts.too_long):
        raise UnreadableRecipe(TOOL, worded("it is damaged or too long"))
    return None


def _core(said: Object) -> FoundRecipe:
    """Version 3 and later. The style prompt of SDXL is told beside the other where it says something else."""
    model = said.get("model")
    named = _first_of(model, "name", "model_name", "key") if isinstance(model, dict) else model
    words = _joined(words_of(said.get("positive_prompt")), words_of(said.get("positive_style_prompt")))
    unwanted = _joined(words_of(said.get("negative_prompt")), words_of(said.get("negative_style_prompt")))
    return _made(
        words,
        unwanted,
        said,
        guidance=real_of(said.get("cfg_scale") or said.get("guidance")),
        sampler=name_of(said.get("scheduler")),
        model=name_of(named),
    )


def _image(said: Object) -> FoundRecipe:
    """Version 2: a list of weighted prompts, what is not wanted in square brackets among the words."""
    image = said.get("image")
    if not isinstance(image, dict):
        raise UnreadableRecipe(TOOL, worded("it says nothing of a picture"))
    told = image.get("prompt")
    if isinstance(told, list):
        told = ", ".join(words_of(one.get("prompt")) for one in told[:50] if isinstance(one, dict))
    words, unwanted = in_brackets(words_of(told))
    return _made(
        words,
        unwanted,
        image,
        guidance=real_of(image.get("cfg_scale")),
        sampler=name_of(image.get("sampler")),
        model=name_of(said.get("model_weights")),
    )


def _node(said: Object) -> FoundRecipe:
    """The first releases of version 3 wrote the nodes: the words are those of the two that encode them."""
    nodes = [node for node in said.values() if isinstance(node, dict)]
    prompts = [words_of(node.get("prompt")) for node in nodes if words_of(node.get("prompt"))]
    size = next((node for node in nodes if side_of(node.get("width"))), {})
    return _made(prompts[0] if prompts else "", prompts[1] if len(prompts) > 1 else "", size)


def dream(line: str) -> FoundRecipe:
    """The command that made it: words in quotes, then switches such as -S 42 -W 512 -H 512."""
    quoted, _, switches = line.strip().removeprefix('"').rpartition('"')
    words, unwanted = in_brackets(words_of(quoted or line))
    said: dict[str, str] = {}
    for part in switches.split(" -")[:100]:
        name, _, value = part.strip().partition(" ")
        # "-S42" is written as often as "-S 42".
        said.setdefault(name[:1], value.strip() or name[1:])
    size = {"seed": said.get("S"), "width": said.get("W"), "height": said.get("H"), "steps": said.get("s")}
    return _made(words, unwanted, size, guidance=real_of(said.get("C", "")), sampler=name_of(said.get("A")))


def in_brackets(text: str) -> tuple[str, str]:
    """The words, and those that stood in square brackets."""
    first, *others = text.split("[")
    kept, taken = [first], list[str]()
    for other in others:
        inner, closed, rest = other.partition("]")
        (taken if closed else kept).append(inner)
        kept.append(rest)
    return words_of(" ".join(" ".join(kept).split())), words_of(", ".join(filter(None, map(str.strip, taken))))


def _made(words: str, unwanted: str, said: Object, **more: Any) -> FoundRecipe:
    if not words and not unwanted:
        raise UnreadableRecipe(TOOL, worded("it holds no prompt"))
    return FoundRecipe(
        tool=TOOL,
        words=words,
        negative=unwanted,
        seed=seed_of(said.get("seed")),
        width=side_of(said.get("width")),
        height=side_of(said.get("height")),
        steps=steps_of(said.get("steps")),
        **more,
    )


def _joined(words: str, style: str) -> str:
    return f"{words}, {style}" if style and style not in words and words else words or style


def _first_of(said: Object, *names: str) -> object:
    return next((said[name] for name in names if said.get(name)), None)
