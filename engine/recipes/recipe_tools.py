"""The tools whose recipes are read, in the order in which they are tried. A new one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.recipes import a1111, comfyui, draw_things, invokeai, midjourney, plain_objects
from engine.recipes.found_recipe import FoundRecipe, Object, Texts, UnreadableRecipe, looks_like_json, object_in
from engine.sayings import worded


@dataclass(frozen=True, slots=True)
class Tool:
    """`read` gives the recipe, None where the texts are not the tool's, and raises Unreadable where they are."""

    name: str
    read: Callable[[Texts], FoundRecipe | None]


TOOLS: Final = (
    Tool("SwarmUI", plain_objects.swarmui),
    Tool("InvokeAI", invokeai.read),
    Tool("Fooocus", plain_objects.fooocus),
    Tool("Civitai", plain_objects.civitai),
    Tool("AI Horde", plain_objects.ai_horde),
    Tool("Draw Things", draw_things.read),
    Tool("NovelAI", plain_objects.novelai),
    Tool("Easy Diffusion", plain_objects.easy_diffusion),
    Tool("A1111, Forge, SD.Next, Civitai, ArtBot", a1111.read),
    Tool("ComfyUI", comfyui.read),
    Tool("Midjourney", midjourney.read),
)
UNKNOWN: Final = "a tool that I do not know"
_GIVEN_AWAY: Final = ("parameters", "prompt", "workflow", "exif:UserComment", "Comment", "generation_data")
"""Where an object is a recipe, whoever wrote it."""
_SIGNS: Final = frozenset({"prompt", "positive_prompt", "positivePrompt", "Prompt", "steps", "sampler", "cfg_scale"})


def read(texts: Texts) -> FoundRecipe | None:
    """The recipe in the texts of a picture, None where there is none. Raises Unreadable."""
    for tool in TOOLS:
        found = tool.read(texts)
        if found is not None:
            return found
    _refuse_the_rest(texts)
    return None


def read_pasted(text: str) -> FoundRecipe | None:
    """The recipe that a pasted text is, where it is an object as a tool writes it. Raises Unreadable."""
    said = object_in(text) if text.lstrip().startswith("{") else None
    if said is None:
        return None
    texts = Texts({_place_of(said): text})
    return next((found for tool in TOOLS if (found := tool.read(texts)) is not None), None)


def _place_of(said: Object) -> str:
    """Where a tool would have put this object; people write prompts as objects too, with names of their own choice."""
    names = said.keys()
    if "positive_prompt" in names and names & {"app_version", "generation_mode", "scheduler", "metadata_version"}:
        return "invokeai_metadata"
    if isinstance(said.get("image"), dict) and "prompt" in said["image"] and names & {"model_weights", "app_id"}:
        return "sd-metadata"
    if "uc" in names and names & {"c", "sampler", "steps", "v4_prompt"}:
        return "xmp:UserComment" if "c" in names else "Comment"
    if comfyui.is_graph(said):
        return "prompt"
    return "workflow" if comfyui.is_workflow(said) else "parameters"


def _refuse_the_rest(texts: Texts) -> None:
    """What is a recipe and was not read is refused, rather than taken for a picture without one or for a sitter."""
    if {"prompt", "workflow"} & set(texts.too_long):
        raise UnreadableRecipe("ComfyUI", worded("it is too long or damaged"))
    if "parameters" in texts.too_long:
        raise UnreadableRecipe(UNKNOWN, worded("it is too long or damaged"))
    for place in _GIVEN_AWAY:
        text = texts.text(place)
        said = object_in(text)
        if not place.startswith(("exif", "Comment")) and looks_like_json(text):
            raise UnreadableRecipe(UNKNOWN, worded("it is damaged, or written in a way that I do not know"))
        if said is not None and _SIGNS & said.keys():
            raise UnreadableRecipe(UNKNOWN, worded("it is written in a way that I do not know"))
