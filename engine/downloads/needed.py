"""Which files of a repository the loading of a pipeline needs: configurations, and each part's weights once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

INDEX: Final = "model_index.json"
_READ_TOO: Final = frozenset({".json", ".txt", ".model", ".jinja", ".tiktoken", ".spm", ".merges"})
"""What tokenizers, schedulers and processors are made of. No code is among it."""
_USUAL_STEMS: Final = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}


def parts_in(index: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The parts of a pipeline by name, each with its library and class; those that are left out are not among them."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in index.items():
        pair = isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)
        if pair and not name.startswith("_") and name.isidentifier():
            found[name] = (value[0], value[1])
    return found


def needed(names: Collection[str], index: Mapping[str, Any], *, without: Collection[str] = ()) -> list[str]:
    """The names among a repository's files that are needed, sorted; `without` are parts whose weights are elsewhere."""
    wanted = {INDEX} & set(names)
    for part, (library, _) in parts_in(index).items():
        folder = part if any(name.startswith(f"{part}/") for name in names) else ""
        own = [name for name in names if str(PurePosixPath(name).parent) == (folder or ".")]
        wanted |= {name for name in own if PurePosixPath(name).suffix in _READ_TOO and not _of_variant(name)}
        if part not in without:
            wanted |= set(weights_among(own, library))
    return sorted(wanted)


def weights_among(own: Iterable[str], library: str) -> Iterator[str]:
    """A part's weights: whole or in shards where both are there, as the library prefers, and under its usual name."""
    found = {name: stem for name in own if (stem := _stem(PurePosixPath(name).name))}
    usual = _USUAL_STEMS.get(library, "")
    if usual in found.values():
        found = {name: stem for name, stem in found.items() if stem == usual}
    shards = [name for name, stem in found.items() if PurePosixPath(name).stem != stem]
    whole = [name for name in found if name not in shards]
    yield from (whole if whole and (library == "transformers" or not shards) else shards)


def _stem(name: str) -> str:
    """What a file of weights is called without its number, "model" of `model-00001-of-00002.safetensors`.

    "" where it is another file, or a variant (`model.fp16.safetensors`), which is not what is loaded.
    """
    base, _, ending = name.rpartition(".")
    if ending != "safetensors" or "." in base:
        return ""
    before, of, count = base.rpartition("-of-")
    stem, dash, number = before.rpartition("-")
    return stem if of and dash and count.isdigit() and number.isdigit() else base


def _of_variant(name: str) -> bool:
    """Whether this is the index of weights that are not loaded, such as `model.safetensors.index.fp16.json`."""
    plain = PurePosixPath(name).name
    return ".index." in plain and plain.split(".")[1:] != ["safetensors", "index", "json"]
