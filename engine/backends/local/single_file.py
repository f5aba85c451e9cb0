"""Reads a pipeline from a checkpoint in one file: configurations from its shapes, tokenizers from this package."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local.flux_names import in_diffusers_names
from engine.jobs.job import ModelUnavailable
from engine.models.file_configs import Config, configs_of
from engine.models.lone_denoisers import start_of_denoiser
from engine.models.model import Model
from engine.models.single_files import BESIDE_SCALES, DENOISER, SCALES, Kind, is_scaled, kind_of
from engine.models.weights import BadWeights, shapes
from engine.placement.plan import Kept

if TYPE_CHECKING:
    import torch

_CLIP_TOKENS: Final = 77
_T5_TOKENS: Final = 512
_MARKS: Final = ("<|startoftext|>", "<|endoftext|>")


def read_single_file(model: Model, dtype: torch.dtype, kept: Kept) -> Any:
    """The pipeline. Raises ModelUnavailable, and what running out of memory raises."""
    file = Path(model.source)
    try:
        tensors = shapes(file)
        kind = kind_of(tensors)
        configs = configs_of(kind, tensors)
    except BadWeights as error:
        raise ModelUnavailable(model.title, f"of its file: {error}") from error
    if kept not in ("half", "wide", "fp8"):
        raise ModelUnavailable(model.title, f"weights in one file are not kept as {kept}: choose fp8 or a folder")
    pipe = _read(model, file, kind, configs, dtype)
    for part in pipe.components.values():
        if type(part).__name__ == "T5EncoderModel":
            part.encoder.embed_tokens.weight = part.shared.weight  # most files have the table once
    _check_whole(pipe, model)
    if kept == "fp8":
        import torch

        denoiser = getattr(pipe, "transformer", None) or pipe.unet
        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    return pipe


def _read(model: Model, file: Path, kind: Kind, configs: Mapping[str, Config], dtype: torch.dtype) -> Any:
    import diffusers

    own: dict[str, Any] = _tokenizers(kind, configs)
    tensors = _unscaled(file, dtype) if is_scaled(shapes(file)) else None
    if kind.pipeline == "FluxPipeline":
        own["transformer"] = _flux(tensors or _opened(file, DENOISER), DENOISER, configs["transformer"], dtype)
    with TemporaryDirectory(prefix="likeness-") as folder:
        _write(Path(folder), kind, configs)
        for part in configs.keys() - own.keys() - {"scheduler"} if tensors is not None else ():
            own[part] = _part(kind, part, configs[part], dict(tensors or {}), folder, dtype)
        if model.vae:
            own["vae"] = _vae(model, Path(folder), dtype)
        pipeline = getattr(diffusers, model.pipeline or kind.pipeline)
        return pipeline.from_single_file(str(file), config=folder, local_files_only=True, dtype=dtype, **own)


def _vae(model: Model, folder: Path, dtype: torch.dtype) -> Any:
    """The autoencoder that is set for the model instead of its own. Raises ModelUnavailable."""
    from diffusers import AutoencoderKL

    try:
        shapes(Path(model.vae))
        return AutoencoderKL.from_single_file(
            model.vae, config=str(folder), subfolder="vae", local_files_only=True, dtype=dtype
        )
    except Exception as error:
        raise ModelUnavailable(
            model.title, f"its vae {Path(model.vae).name} is damaged or no autoencoder of its kind"
        ) from error


def read_denoiser(model: Model, folder: Path, name: str, kind: Any, dtype: torch.dtype) -> Any:
    """The denoiser alone in a model's file, of this class and as the folder of the rest configures it.

    Raises ModelUnavailable, and what running out of memory raises.
    """
    file = Path(model.denoiser)
    try:
        names = shapes(file)
    except BadWeights as error:
        raise ModelUnavailable(model.title, f"of its file: {error}") from error
    start = start_of_denoiser(names)
    if start is None:
        raise ModelUnavailable(model.title, "its file holds no denoiser any more")
    tensors = _unscaled(file, dtype) if is_scaled(names) else _opened(file, start)
    where = {"subfolder": name, "local_files_only": True}
    if kind.__name__ == "FluxTransformer2DModel":
        denoiser = _flux(tensors, start, kind.load_config(str(folder), **where), dtype)
    else:
        marked = DENOISER if name == "unet" else ""  # diffusers looks for what U-Nets' names begin with in whole files
        own = {marked + told.removeprefix(start): tensor for told, tensor in tensors.items() if told.startswith(start)}
        denoiser = kind.from_single_file(own, config=str(folder), dtype=dtype, **where)
    _check_part(denoiser, name, model)
    return denoiser


def _opened(file: Path, start: str) -> dict[str, torch.Tensor]:
    """Those tensors of a file whose names begin so."""
    from safetensors import safe_open

    with safe_open(str(file), "pt") as opened:
        return {name: opened.get_tensor(name) for name in list(opened.keys()) if name.startswith(start)}


def _unscaled(file: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """The tensors of a file, weights of 8 bits multiplied by what lies beside them."""
    tensors = _opened(file, "")
    found: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(BESIDE_SCALES):
            continue
        module = name.removesuffix(".weight")
        scale = next((tensors[f"{module}{end}"] for end in SCALES if f"{module}{end}" in tensors), None)
        if scale is not None and name.endswith(".weight"):
            rows = scale.float().reshape(-1, *(1 for _ in tensor.shape[1:])) if scale.numel() > 1 else scale.float()
            tensor = (tensor.float() * rows).to(dtype)
        found[name] = tensor
    return found


def _part(
    kind: Kind, part: str, config: Config, tensors: dict[str, torch.Tensor], folder: str, dtype: torch.dtype
) -> Any:
    """One part of a whole checkpoint from its tensors, as the pipeline itself would read it from the file."""
    from diffusers import pipelines
    from diffusers.loaders.single_file import load_single_file_sub_model

    library, class_name = _class_of(kind, part, config)
    return load_single_file_sub_model(
        library_name=library,
        class_name=class_name,
        name=part,
        checkpoint=tensors,
        pipelines=pipelines,
        is_pipeline_module=False,
        cached_model_config_path=folder,
        local_files_only=True,
        torch_dtype=dtype,
    )


def _flux(tensors: Mapping[str, torch.Tensor], start: str, config: Config, dtype: torch.dtype) -> Any:
    """The denoiser, whose conversion in diffusers is for one width alone."""
    from accelerate import init_empty_weights
    from diffusers import FluxTransformer2DModel

    with init_empty_weights():
        denoiser = FluxTransformer2DModel.from_config(config)
    own = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
    found = {name: tensor.to(dtype) for name, tensor in in_diffusers_names(own, denoiser.inner_dim).items()}
    denoiser.load_state_dict(found, strict=False, assign=True)
    return denoiser.eval()


def _check_whole(pipe: Any, model: Model) -> None:
    """Raises ModelUnavailable where the file leaves weights of a part open."""
    for name, part in pipe.components.items():
        if hasattr(part, "named_parameters"):
            _check_part(part, name, model)


def _check_part(part: Any, name: str, model: Model) -> None:
    open_ones = [weight for weight, tensor in part.named_parameters() if tensor.is_meta]
    if open_ones:
        raise ModelUnavailable(
            model.title, f"its file lacks {len(open_ones)} weights of its {name}, {open_ones[0]} among them"
        )


def _write(folder: Path, kind: Kind, configs: Mapping[str, Config]) -> None:
    """A diffusers folder without weights."""
    index: dict[str, Any] = {"_class_name": kind.pipeline, "_diffusers_version": "0.42.0"}
    for part, config in configs.items():
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        (folder / part).mkdir()
        (folder / part / name).write_text(json.dumps(config), encoding="utf-8")
        index[part] = list(_class_of(kind, part, config))
        if part.startswith("text_encoder"):
            index[part.replace("text_encoder", "tokenizer")] = ["transformers", _tokenizer_class(config)]
    for absent in ("feature_extractor", "image_encoder", "safety_checker"):
        index[absent] = [None, None]
    if "text_encoder_3" not in configs and kind.pipeline == "StableDiffusion3Pipeline":
        index |= {"text_encoder_3": [None, None], "tokenizer_3": [None, None]}
    if kind.pipeline == "StableDiffusionXLPipeline":
        index["force_zeros_for_empty_prompt"] = True
    if kind.pipeline == "StableDiffusionPipeline":
        index["requires_safety_checker"] = False
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")


def _class_of(kind: Kind, part: str, config: Config) -> tuple[str, str]:
    if "_class_name" in config:
        return "diffusers", str(config["_class_name"])
    if "d_kv" in config:
        return "transformers", "T5EncoderModel"
    projected = kind.pipeline == "StableDiffusion3Pipeline" or part == "text_encoder_2"
    return "transformers", "CLIPTextModelWithProjection" if projected else "CLIPTextModel"


def _tokenizer_class(config: Config) -> str:
    return "T5Tokenizer" if "d_kv" in config else "CLIPTokenizer"


def _tokenizers(kind: Kind, configs: Mapping[str, Config]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, config in configs.items():
        if part.startswith("text_encoder"):
            second = part == "text_encoder_2"
            found[part.replace("text_encoder", "tokenizer")] = _t5_tokenizer() if "d_kv" in config else _clip(second)
    if kind.pipeline == "StableDiffusion3Pipeline" and "text_encoder_3" not in configs:
        found |= {"text_encoder_3": None, "tokenizer_3": None}
    return found


def _clip(second: bool) -> Any:
    """CLIP's; the larger encoder was taught with "!" behind the last word."""
    from transformers import CLIPTokenizer

    merges = _clip_merges()
    vocabulary = {token: index for index, token in enumerate(_clip_vocabulary(merges))}
    padding = {"pad_token": "!"} if second else {}
    return CLIPTokenizer(vocab=vocabulary, merges=list(merges), model_max_length=_CLIP_TOKENS, **padding)


def _clip_vocabulary(merges: tuple[tuple[str, str], ...]) -> list[str]:
    letters = _letters()
    return [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges), *_MARKS]


@lru_cache(maxsize=1)
def _clip_merges() -> tuple[tuple[str, str], ...]:
    lines = _packed("clip_merges.txt.gz").splitlines()[1:]
    return tuple((first, second) for first, second in (line.split(" ") for line in lines))


def _letters() -> list[str]:
    """A letter that can be shown for each byte, in the order in which CLIP numbers them."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) for byte in shown] + [chr(256 + at) for at, _ in enumerate(hidden)]


def _t5_tokenizer() -> Any:
    from tokenizers import Regex, normalizers
    from transformers import T5Tokenizer

    rows = (line.split("\t") for line in _packed("t5_pieces.txt.gz").split("\n"))
    tokenizer = T5Tokenizer(
        vocab=[(piece, float(score)) for piece, score in rows], extra_ids=100, model_max_length=_T5_TOKENS
    )
    # It was taught on text in this form, which transformers leaves out for a vocabulary that is handed over.
    tokenizer._tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    return tokenizer


def _packed(name: str) -> str:
    return gzip.decompress((files("engine.models") / "vocabularies" / name).read_bytes()).decode("utf-8")
