"""Weights that are kept smaller than they are worked with: fp8 by casting, int8 and nf4 by a package, GGUF files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from engine.backends.local.single_file import read_denoiser
from engine.jobs.job import ModelUnavailable
from engine.models.model import Model
from engine.placement.plan import Kept

PACKAGES = {"int8": "torchao", "nf4": "bitsandbytes", "gguf": "gguf"}
"""What each way needs beside the `local` extra."""


def check_installed(model: Model, kept: Kept) -> None:
    """Raises ModelUnavailable where a package that is needed is missing, or the file."""
    package = PACKAGES.get(kept)
    if package is not None and importlib.util.find_spec(package) is None:
        setting = "its GGUF file" if kept == "gguf" else f"precision={kept}"
        raise ModelUnavailable(model.title, f"{setting} needs {package}: .venv/bin/pip install {package}")
    if kept == "gguf" and not Path(model.gguf).is_file():
        raise ModelUnavailable(model.title, "its GGUF file is not there")


def denoiser_in(folder: Path, model: Model, kept: Kept, name: str, kind: Any, dtype: Any) -> Any:
    """The denoiser of a model's folder, or of its file, read so that it takes as little as is meant.

    `kind` is its class. Raises ModelUnavailable.
    """
    where: dict[str, Any] = {"subfolder": name, "local_files_only": True}
    source = str(folder)
    if kept == "gguf":
        from diffusers import GGUFQuantizationConfig

        config = GGUFQuantizationConfig(compute_dtype=dtype)
        return kind.from_single_file(model.gguf, quantization_config=config, config=source, dtype=dtype, **where)
    where |= {"dtype": dtype, "use_safetensors": True}
    if kept in ("int8", "nf4"):
        return kind.from_pretrained(source, quantization_config=_quantisation(kept, dtype), **where)
    alone = read_denoiser(model, folder, name, kind, dtype) if model.denoiser else None
    denoiser = kind.from_pretrained(source, **where) if alone is None else alone
    if kept == "fp8":
        import torch

        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    return denoiser


def is_kept(denoiser: Any, kept: Kept) -> bool:
    """Whether the weights really are kept that way."""
    import torch

    if kept == "fp8":
        return any(weight.dtype == torch.float8_e4m3fn for weight in denoiser.parameters())
    if kept in ("int8", "nf4", "gguf"):
        return getattr(denoiser, "hf_quantizer", None) is not None
    return True


def _quantisation(kept: Kept, dtype: Any) -> Any:
    if kept == "nf4":
        from diffusers import BitsAndBytesConfig

        return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    from diffusers import TorchAoConfig
    from torchao.quantization import Int8WeightOnlyConfig

    return TorchAoConfig(Int8WeightOnlyConfig())
