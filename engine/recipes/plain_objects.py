"""Tools that write one JSON object of plain names and values: SwarmUI, Fooocus, NovelAI, Civitai, AI Horde and more."""

from __future__ import annotations

from typing import Any, Final

from engine.recipes.found_recipe import (
    FoundRecipe,
    Object,
    Texts,
    UnreadableRecipe,
    name_of,
    object_in,
    real_of,
    seed_of,
    side_of,
    size_in,
    steps_of,
    words_of,
)
from engine.sayings import worded

_NO_WORDS: Final = "it holds no prompt"
_GUIDANCE: Final = ("cfgscale", "cfgScale", "cfg_scale", "guidance_scale", "Guidance Scale", "cfg")


def _first(found: Object, *names: str) -> Any:
    """The value of the first of these names that says anything."""
    return next((found[name] for name in names if found.get(name) not in (None, "", [])), None)


def _found(tool: str, said: Object, **names: Any) -> FoundRecipe:
    """A recipe of the usual names, with what a tool calls otherwise given in `names`."""
    width, height = size_in(_first(said, "resolution", "size", "Size"))
    values: dict[str, Any] = {
        "words": words_of(_first(said, "prompt", "Prompt", "positive_prompt")),
        "negative": words_of(_first(said, "negative_prompt", "negativePrompt", "negativeprompt", "Negative Prompt")),
        "seed": seed_of(_first(said, "seed", "Seed")),
        "width": side_of(_first(said, "width", "Width")) or width,
        "height": side_of(_first(said, "height", "Height")) or height,
        "steps": steps_of(_first(said, "steps", "Steps", "num_inference_steps")),
        "guidance": real_of(_first(said, *_GUIDANCE)),
        "sampler": name_of(_first(said, "sampler", "sampler_name", "Sampler")),
        "model": name_of(_first(said, "model", "Model", "base_model", "base_model_name", "use_stable_diffusion_model")),
    }
    found = FoundRecipe(tool=tool, **{**values, **names})
    if not found.words and not found.negative:
        raise UnreadableRecipe(tool, _NO_WORDS)
    return found


def swarmui(texts: Texts) -> FoundRecipe | None:
    """`sui_image_params`, in `parameters` of a PNG or the comment of a JPEG or WebP."""
    for said in texts.objects():
        params = said.get("sui_image_params")
        if isinstance(params, dict):
            return _found("SwarmUI", params)
        if params is not None:
            raise UnreadableRecipe("SwarmUI", worded("its settings are no list of names and values"))
    return None


def fooocus(texts: Texts) -> FoundRecipe | None:
    """Its own scheme in `parameters` or the comment, the older one in `Comment`, and what RuinedFooocus writes."""
    for said in texts.objects():
        named = name_of(_first(said, "version", "Version", "software")).casefold()
        if "fooocus" in named or said.get("metadata_scheme") in ("fooocus", "a1111") or _looks_like_fooocus(said):
            tool = "RuinedFooocus" if "ruined" in named else "Fooocus"
            return _found(
                tool,
                said,
                words=words_of(_first(said, "prompt", "Prompt", "full_prompt")),
                negative=words_of(_first(said, "negative_prompt", "Negative Prompt", "Negative", "negative")),
                model=name_of(_first(said, "base_model", "Base Model", "base_model_name")),
            )
    scheme = texts.text("fooocus_scheme") or texts.text("exif:MakerNote")
    told = texts.text("parameters", "exif:UserComment")
    if scheme == "fooocus" and told[:1] == "{":
        raise UnreadableRecipe("Fooocus", worded("it is damaged"))
    return None


def _looks_like_fooocus(said: Object) -> bool:
    names = {name.casefold().replace(" ", "_") for name in said}
    return {"prompt", "performance"} <= names and bool(names & {"base_model", "styles", "sharpness", "resolution"})


def novelai(texts: Texts) -> FoundRecipe | None:
    """`Comment` with everything, and `Description` with the prompt alone; in a WebP both stand in one comment."""
    named = texts.text("Software", "exif:Software") == "NovelAI"
    outer = texts.object("exif:UserComment", "parameters")
    if outer is not None and isinstance(outer.get("Comment"), str):
        return _novelai(object_in(outer["Comment"]), words_of(outer.get("Description")))
    said = texts.object("Comment", "exif:UserComment")
    if said is not None and ("uc" in said or "v4_prompt" in said or named):
        return _novelai(said, words_of(texts.text("Description", "exif:ImageDescription")))
    if named and (texts.text("Comment") or texts.text("Description")):
        return _novelai(said, words_of(texts.text("Description")))
    return None


def _novelai(said: Object | None, description: str) -> FoundRecipe:
    if said is None:
        if not description:
            raise UnreadableRecipe("NovelAI", worded("it is damaged"))
        return FoundRecipe(tool="NovelAI", words=description)
    words, unwanted = _captions(said.get("v4_prompt")), _captions(said.get("v4_negative_prompt"))
    return _found(
        "NovelAI",
        said,
        words=words or words_of(said.get("prompt")) or description,
        negative=unwanted or words_of(said.get("uc")),
        guidance=real_of(said.get("scale")),
    )


def _captions(told: object) -> str:
    """The base caption, then those of the characters."""
    caption = told.get("caption") if isinstance(told, dict) else None
    if not isinstance(caption, dict):
        return ""
    others = caption.get("char_captions")
    each = [one.get("char_caption") for one in others[:20] if isinstance(one, dict)] if isinstance(others, list) else []
    return words_of([caption.get("base_caption"), *each])


def civitai(texts: Texts) -> FoundRecipe | None:
    """What its own generator writes: a graph of nodes with a summary in `extraMetadata`."""
    for said in texts.objects():
        told = said.get("extraMetadata")
        if told is None:
            continue
        summary = object_in(told)
        if summary is None:
            raise UnreadableRecipe("Civitai", worded("it is damaged"))
        return _found("Civitai", summary)
    return None


def ai_horde(texts: Texts) -> FoundRecipe | None:
    """What HordeNG writes into the description of a picture, and others with the Horde's own names."""
    for said in texts.objects():
        generator = name_of(said.get("generator"))
        if "horde" in generator.casefold() or {"worker", "requestId", "prompt"} <= said.keys():
            return _horde("AI Horde" + (" (HordeNG)" if generator.startswith("HordeNG") else ""), said)
        if {"trusted_workers", "prompt"} <= said.keys() or {"worker_id", "prompt"} <= said.keys():
            inner = said.get("params")
            return _horde("AI Horde", {**inner, **said} if isinstance(inner, dict) else said)
    return None


def _horde(tool: str, said: Object) -> FoundRecipe:
    """The Horde's interface has one text for both, with ### before what is not wanted."""
    words, _, unwanted = words_of(said.get("prompt")).partition("###")
    negative = words_of(_first(said, "negativePrompt", "negative_prompt")) or unwanted.strip()
    return _found(tool, said, words=words.strip(), negative=negative)


def easy_diffusion(texts: Texts) -> FoundRecipe | None:
    """A text for each setting in a PNG, under either of two sets of names; one object in a JPEG or WebP."""
    for said in texts.objects():
        if "use_stable_diffusion_model" in said or "Stable Diffusion model" in said:
            return _easy_diffusion(said)
    told = texts.all()
    if "use_stable_diffusion_model" in told or "Stable Diffusion model" in told or "Negative Prompt" in told:
        return _easy_diffusion(told)
    if {"prompt", "negative_prompt"} <= told.keys() and texts.object("prompt") is None:
        return _easy_diffusion(told)
    return None


def _easy_diffusion(said: Object) -> FoundRecipe:
    return _found(
        "Easy Diffusion", said, model=name_of(_first(said, "use_stable_diffusion_model", "Stable Diffusion model"))
    )
