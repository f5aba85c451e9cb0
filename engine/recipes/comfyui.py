"""ComfyUI: the graph of nodes that made a picture, followed back from what was saved to its sampler and its texts.

Every walk goes over each node once, and over so many nodes at most, whatever circles a graph has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from engine.recipes.found_recipe import (
    LONGEST,
    FoundRecipe,
    Object,
    Texts,
    UnreadableRecipe,
    name_of,
    object_in,
    real_of,
    seed_of,
    side_of,
    steps_of,
    words_of,
)
from engine.sayings import worded

TOOL: Final = "ComfyUI"
MOST_NODES: Final = 5_000
MOST_INPUTS: Final = 200
"""Inputs of one node that are looked at."""
MOST_SAMPLERS: Final = 12
MOST_TEXTS: Final = 40
"""Texts that are put together to one prompt."""

Side = Literal["positive", "negative"]

_EXIF: Final = ("exif:Model", "exif:Make", "exif:ImageDescription", "exif:UserComment", "exif:Software")
_TEXT_INPUTS: Final = (
    *("text", "prompt", "wildcard_text", "string", "value", "text_g", "text_l", "t5xxl", "clip_l"),
    *("clip_g", "llama", "qwen", "gemma", "caption", "positive_prompt", "prompt_text", "text_positive"),
    *("string_a", "string_b", "text_a", "text_b", "text_c", "text_d", "text1", "text2", "text3", "text4", "string1"),
    *("string2", "text_0", "text_1", "text_2", "prefix", "suffix", "input_text", "result", "output"),
)
"""What nodes call the texts that they hold or take, those with words first."""
_OF_A_SIDE: Final[Mapping[Side, tuple[str, ...]]] = {
    "positive": ("positive", "text_positive", "positive_prompt", "pos", "prompt_positive", "positive_text"),
    "negative": ("negative", "text_negative", "negative_prompt", "neg", "prompt_negative", "negative_text"),
}
_NOT_TEXT: Final = frozenset(
    {"model", "clip", "vae", "image", "images", "pixels", "latent", "latent_image", "samples", "mask", "control_net"}
    | {"style_model", "clip_vision", "clip_vision_output", "sigmas", "sampler", "noise", "lora_stack", "controlnet"}
    | {"upscale_model", "seed", "noise_seed", "delimiter", "separator"}
)
"""Inputs that lead to no words."""
_EMPTYING: Final = frozenset({"ConditioningZeroOut"})
_OUTPUTS: Final = ("save", "preview", "output")
_LATENT: Final = ("latent_image", "latent", "samples", "image", "pixels", "images")

_WIDGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSD3": ("clip_l", "clip_g", "t5xxl"),
    "CLIPTextEncodeSDXL": ("width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"),
    "KSampler": ("seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("add_noise", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "RandomNoise": ("noise_seed",),
    "KSamplerSelect": ("sampler_name",),
    "PrimitiveNode": ("value",),
    "String": ("value",),
}
"""What the values of a node stand for, where only the drawing of the graph was kept."""


def read(texts: Texts) -> FoundRecipe | None:
    """The graph in `prompt` of a PNG, or in the EXIF data of a WebP; else what can be told from the drawing of it."""
    graph = next(filter(is_graph, _told(texts, "prompt")), None)
    if graph is not None:
        return found_in(graph)
    drawing = next(filter(is_workflow, _told(texts, "workflow")), None)
    return None if drawing is None else found_in(_graph_of(drawing))


def _told(texts: Texts, name: str) -> Iterator[Object]:
    """The objects that may be the one of that name."""
    if (said := texts.object(name)) is not None:
        yield said
    for place in (*_EXIF, "comment", "parameters"):
        text = texts.text(place)
        outer = object_in(text.removeprefix(f"{name}:"))
        if outer is not None:
            inner = object_in(outer.get(name))
            yield from (outer,) if inner is None else (inner, outer)


def is_graph(said: Object) -> bool:
    """Whether an object is a graph as it is run: nodes by their numbers, each of a class."""
    nodes = [node for node in islice(said.values(), 50) if isinstance(node, dict)]
    return any("class_type" in node and isinstance(node.get("inputs"), dict) for node in nodes)


def is_workflow(said: Object) -> bool:
    """Whether an object is a graph as it is drawn."""
    return isinstance(said.get("nodes"), list) and isinstance(said.get("links"), list)


def found_in(graph: Object) -> FoundRecipe:
    """The recipe of the sampler that began what was saved. Raises Unreadable."""
    if len(graph) > MOST_NODES:
        raise UnreadableRecipe(TOOL, worded("its graph has more than {most:,} nodes", most=MOST_NODES))
    nodes = _Nodes(graph)
    for sampler in nodes.samplers():
        words = nodes.words(sampler, "positive")
        if words:
            return _of_sampler(nodes, sampler, words)
    raise UnreadableRecipe(TOOL, worded("its graph leads to no prompt that is written in it"))


def _of_sampler(nodes: _Nodes, sampler: str, words: str) -> FoundRecipe:
    unwanted = nodes.words(sampler, "negative")
    width, height = nodes.size(sampler)
    return FoundRecipe(
        tool=TOOL,
        words=words,
        negative="" if unwanted == words else unwanted,
        seed=seed_of(nodes.value(sampler, "seed", "noise_seed")),
        width=width,
        height=height,
        steps=steps_of(nodes.value(sampler, "steps")),
        guidance=real_of(nodes.value(sampler, "cfg", "guidance")),
        sampler=name_of(nodes.value(sampler, "sampler_name")),
        model=name_of(nodes.value(sampler, "ckpt_name", "unet_name", through=("model", "guider"))),
    )


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes of a graph by their numbers, as text."""

    graph: Object

    def samplers(self) -> list[str]:
        """Whatever may be a sampler, the one first that stands furthest from what was saved: it began the picture."""
        saved = [name for name in self.graph if any(sign in self.kind(name).lower() for sign in _OUTPUTS)]
        reached = list(self.walk(saved))
        there = set(reached)
        rest = [name for name in self.graph if name not in there]
        return list(islice(filter(self._samples, (*reversed(reached), *rest)), MOST_SAMPLERS))

    def _samples(self, name: str) -> bool:
        inputs = self.inputs(name)
        seeded = "seed" in inputs or "noise_seed" in inputs or "noise" in inputs
        guided = "positive" in inputs or "guider" in inputs or "conditioning" in inputs
        return seeded and (guided or "sampler" in self.kind(name).lower())

    def kind(self, name: str) -> str:
        node = self.graph.get(name)
        kind = node.get("class_type") if isinstance(node, dict) else ""
        return kind[:200] if isinstance(kind, str) else ""

    def inputs(self, name: str) -> Object:
        node = self.graph.get(name)
        inputs = node.get("inputs") if isinstance(node, dict) else None
        return inputs if isinstance(inputs, dict) and len(inputs) <= MOST_INPUTS else {}

    def linked(self, value: object) -> str | None:
        """The number of the node that an input is linked to; None for a value of its own."""
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
            return str(value[0])
        return None

    def walk(self, start: Iterable[str], through: tuple[str, ...] = ()) -> Iterator[str]:
        """The nodes that lead to these, nearest first, each once; only by inputs of the names, where some are given."""
        waiting, seen = deque(start), set[str]()
        while waiting:
            name = waiting.popleft()
            if name in seen or name not in self.graph:
                continue
            seen.add(name)
            yield name
            for key, value in self.inputs(name).items():
                if (not through or key in through) and (linked := self.linked(value)) is not None:
                    waiting.append(linked)

    def value(self, start: str, *keys: str, through: tuple[str, ...] = ()) -> Any:
        """The first value of one of these names at the node or at those that it has its noise, sampler and steps of."""
        for name in self.walk([start], through or ("noise", "sampler", "sigmas", "guider", "conditioning")):
            for key in keys:
                value = self.inputs(name).get(key)
                if value is not None:
                    return self._resolved(value)
        return None

    def _resolved(self, value: object) -> object:
        """A value, from the node that it is linked to if it is."""
        if (linked := self.linked(value)) is None:
            return value
        for name in self.walk([linked], ("value", "seed", "noise_seed", "int", "number", "input", "any")):
            for inner in ("value", "seed", "noise_seed", "int", "number", "Number", "width", "height"):
                found = self.inputs(name).get(inner)
                if isinstance(found, int | float | str):
                    return found
        return None

    def size(self, sampler: str) -> tuple[int, int]:
        """The width and height of the picture that it began from."""
        for name in self.walk([sampler], _LATENT):
            inputs = self.inputs(name)
            width, height = (side_of(self._resolved(inputs.get(side))) for side in ("width", "height"))
            if width and height:
                return width, height
        return 0, 0

    def words(self, sampler: str, side: Side) -> str:
        """The texts that lead to one side of a sampler, in the order in which its graph names them, each once."""
        found: dict[str, None] = {}
        waiting, seen = [sampler], {sampler}
        while waiting and len(found) < MOST_TEXTS:
            name = waiting.pop()
            if self.kind(name) in _EMPTYING:
                continue
            linked: list[str] = []
            for value in self._leading(name, side, begins=name == sampler):
                if (node := self.linked(value)) is not None:
                    linked.append(node)
                elif text := words_of(value):
                    found.setdefault(text)
            fresh = [node for node in dict.fromkeys(linked) if node not in seen]
            seen.update(fresh)
            waiting += reversed(fresh)
        return _put_together(found)

    def _leading(self, name: str, side: Side, *, begins: bool) -> list[object]:
        """The values of a node's inputs that may be or lead to its words on that side."""
        inputs = self.inputs(name)
        own = [inputs[key] for key in _OF_A_SIDE[side] if key in inputs]
        sides = {*_OF_A_SIDE["positive"], *_OF_A_SIDE["negative"]} & inputs.keys()
        if own or sides:
            return own
        if begins:
            keys = ("guider", "conditioning", "cond") if side == "positive" else ("guider",)
            return [inputs[key] for key in keys if key in inputs]
        if side == "negative" and "guider" in self.kind(name).lower():
            return []  # a guider without sides has no negative one
        if inputs.get("populated_text"):
            return [inputs["populated_text"]]  # what was drawn of the wildcards beside it
        texts = [inputs[key] for key in _TEXT_INPUTS if key in inputs]
        if texts:
            return texts
        return [value for key, value in inputs.items() if key not in _NOT_TEXT and self.linked(value) is not None]


def _put_together(texts: Iterable[str]) -> str:
    """One text; a shorter one that stands word for word in a longer one is not said again."""
    each = list(texts)
    kept = [one for one in each if not any(one != other and one in other for other in each)]
    return ", ".join(one.rstrip(", ") for one in kept)[:LONGEST]


def _graph_of(drawing: Object) -> Object:
    """The graph that a drawing shows, as far as its nodes are known."""
    if len(drawing["nodes"]) > MOST_NODES or len(drawing["links"]) > 10 * MOST_NODES:
        raise UnreadableRecipe(TOOL, worded("its graph has more than {most:,} nodes", most=MOST_NODES))
    origins = {link[0]: link[1:3] for link in drawing["links"] if isinstance(link, list) and _is_link(link)}
    nodes = [node for node in drawing["nodes"] if isinstance(node, dict) and isinstance(node.get("type"), str)]
    return {str(node.get("id")): {"class_type": node["type"], "inputs": _drawn(node, origins)} for node in nodes}


def _is_link(link: list[object]) -> bool:
    return len(link) >= 3 and all(isinstance(part, int) for part in link[:3])


def _drawn(node: Object, origins: Mapping[int, list[Any]]) -> dict[str, Any]:
    """The inputs of a node: its values by what they stand for, and its links."""
    values, inputs = node.get("widgets_values"), node.get("inputs")
    said: dict[str, Any] = {}
    if isinstance(values, list):
        named = _WIDGETS.get(node["type"], ("text",) if "text" in node["type"].lower() else ())
        said = {name: value for name, value in zip(named, values, strict=False) if name}
    elif isinstance(values, dict):
        said = {name: value for name, value in values.items() if not isinstance(value, list)}
    for one in inputs[:MOST_INPUTS] if isinstance(inputs, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("link"), int):
            origin = origins.get(one["link"])
            said |= {one["name"]: [str(origin[0]), origin[1]]} if origin else {}
    return said
