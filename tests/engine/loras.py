"""Makes small LoRA files with random weights, in the format that diffusers reads, and the cards beside them."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from engine.models.weights import Shapes, part_shapes

RANK = 2
ATTENTION = ("attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0")


def lora(
    folder: Path,
    name: str,
    base: Path,
    *,
    seed: int = 1,
    targets: tuple[str, ...] = ATTENTION,
    size: float = 2.0,
    part: str = "transformer",
    card: str | None = 'base = "m"',
) -> Path:
    """A LoRA for those weights of a part of the base whose names end so, and its card."""
    found = {
        name.removesuffix(".weight"): shape
        for name, shape in part_shapes(str(base), part).items()
        if name.removesuffix(".weight").endswith(targets) and len(shape) == 2
    }
    assert found
    return lora_of(folder, name, found, seed=seed, size=size, part=part, card=card)


def lora_of(
    folder: Path,
    name: str,
    weights: Shapes,
    *,
    seed: int = 1,
    size: float = 2.0,
    part: str = "transformer",
    card: str | None = 'base = "m"',
) -> Path:
    """A LoRA for modules with weights of these shapes, (out, in)."""
    random = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
    for module, (out, into) in weights.items():
        tensors[f"{part}.{module}.lora_A.weight"] = random.normal(0, size, (RANK, into)).astype(np.float32)
        tensors[f"{part}.{module}.lora_B.weight"] = random.normal(0, size, (out, RANK)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.safetensors"
    save_file(tensors, file)
    if card is not None:
        file.with_suffix(".toml").write_text(card, encoding="utf-8")
    return file


def header_only(file: Path, tensors: Mapping[str, tuple[int, ...]]) -> None:
    """A whole safetensors file of zeros with these names and shapes."""
    header: dict[str, object] = {}
    end = 0
    for name, shape in tensors.items():
        begin, end = end, end + 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    told = json.dumps(header).encode()
    file.write_bytes(len(told).to_bytes(8, "little") + told + bytes(end))
