"""Files with a denoiser alone, beside a model that has the rest, and weights of 8 bits that are scaled."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.backends.local.flux_names import DOUBLE_2, SINGLE_2, TOP_2
from engine.backends.local.pipeline_loading import read
from engine.backends.local.runtime import LocalSettings, prepare
from engine.backends.local.single_file import read_denoiser
from engine.jobs.job import ModelUnavailable
from engine.models.catalogue import Catalogue, CatalogueSettings, build
from engine.models.file_configs import configs_of
from engine.models.local_models import local_model, sizes
from engine.models.model import CatalogueError, Model
from engine.models.single_files import kind_of
from engine.models.weights import BadWeights
from engine.placement.model_parts import parts_of
from tests.engine.backends.test_diffusers import Studio
from tests.engine.one_file import KINDS as WHOLE
from tests.engine.one_file import D, save
from tests.engine.stage import job
from tests.engine.tiny_models import make

FOLDERS = ("klein", "z-image", "qwen-image")
FILES = ("sd15", "sd35", "flux")
CLASSES = {
    "sd15": ("unet", "UNet2DConditionModel"),
    "sd35": ("transformer", "SD3Transformer2DModel"),
    "flux": ("transformer", "FluxTransformer2DModel"),
    "klein": ("transformer", "Flux2Transformer2DModel"),
    "z-image": ("transformer", "ZImageTransformer2DModel"),
    "qwen-image": ("transformer", "QwenImageTransformer2DModel"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of each kind a folder with the rest of a model, or with as much of it as is looked at, and a whole file."""
    base = tmp_path_factory.mktemp("whole")
    prepare(LocalSettings())
    found = {kind: make(kind, base / kind) for kind in FOLDERS}
    for kind in FILES:
        tensors = WHOLE[kind]()
        save(base / f"{kind}.safetensors", {name: size for name, size in tensors.items() if name.startswith(D)})
        part, made_of = CLASSES[kind]
        (base / kind / part).mkdir(parents=True)
        config = configs_of(kind_of(tensors), tensors)[part]
        (base / kind / part / "config.json").write_text(json.dumps(config))
        index = {"_class_name": kind_of(tensors).pipeline, part: ["diffusers", made_of]}
        (base / kind / "model_index.json").write_text(json.dumps(index))
        found[kind] = base / kind
    return found


def loaded(model: Model) -> Any:
    import torch

    return read(model, torch.float32, "half", None)[0]


def denoiser_of(model: Model) -> dict[str, Any]:
    """The denoiser alone, without the readers, which take longest."""
    import diffusers
    import torch

    kind = next(kind for kind in CLASSES if Path(model.source).name == kind)
    part, made_of = CLASSES[kind]
    return weights(read_denoiser(model, Path(model.source), part, getattr(diffusers, made_of), torch.float32))


def reference(kind: str, folder: Path) -> dict[str, Any]:
    """The same denoiser as diffusers itself reads it, from the folder or from a whole file."""
    import diffusers
    import torch

    part, made_of = CLASSES[kind]
    if kind in FOLDERS:
        return file_of(folder / part / "diffusion_pytorch_model")
    if kind == "flux":
        return {}  # which diffusers reads of one width alone
    file = str(folder.with_suffix(".safetensors"))
    where = {"config": str(folder), "subfolder": part, "local_files_only": True, "dtype": torch.float32}
    return weights(getattr(diffusers, made_of).from_single_file(file, **where))


def file_of(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(path.with_suffix(".safetensors"))
    return tensors


def weights(part: Any) -> dict[str, Any]:
    return dict(part.state_dict())


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    import torch

    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def in_their_names(kind: str, folder: Path) -> dict[str, Any]:
    """The denoiser of a model as those who made it name its weights."""
    import torch

    if kind in FILES:
        return {name.removeprefix(D): tensor for name, tensor in file_of(folder).items()}
    own = file_of(folder / "transformer" / "diffusion_pytorch_model")
    if kind == "qwen-image":
        return own
    found: dict[str, Any] = {}
    places = {"klein": klein_places, "z-image": z_image_places}[kind]()
    for theirs, ours in places.items():
        ends = {name.rpartition(".")[2] for name in own if name.rpartition(".")[0] == ours[0]}
        for end in ends:
            value = torch.cat([own.pop(f"{each}.{end}") for each in ours])
            value = torch.cat(value.chunk(2)[::-1]) if kind == "klein" and "adaLN" in theirs else value
            found[f"{theirs}.{'scale' if theirs.endswith('_norm') and kind == 'klein' else end}"] = value
    return found | own


Places = dict[str, tuple[str, ...]]


def klein_places() -> dict[str, tuple[str, ...]]:
    norms = {"query_norm": "norm_q", "key_norm": "norm_k"}
    added = {"query_norm": "norm_added_q", "key_norm": "norm_added_k"}
    double: Places = dict(DOUBLE_2) | {f"img_attn.norm.{theirs}": (f"attn.{ours}",) for theirs, ours in norms.items()}
    double |= {f"txt_attn.norm.{theirs}": (f"attn.{ours}",) for theirs, ours in added.items()}
    single: Places = dict(SINGLE_2) | {f"norm.{theirs}": (f"attn.{ours}",) for theirs, ours in norms.items()}
    found: Places = {theirs: (ours,) for theirs, ours in TOP_2.items()}
    found["final_layer.adaLN_modulation.1"] = ("norm_out.linear",)
    for theirs, at, names in (
        ("double_blocks.0", "transformer_blocks.0", double),
        ("single_blocks.0", "single_transformer_blocks.0", single),
    ):
        found |= {f"{theirs}.{name}": tuple(f"{at}.{one}" for one in ours) for name, ours in names.items()}
    return found


def z_image_places() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {"x_embedder": ("all_x_embedder.2-1",)}
    found |= {f"final_layer.{name}": (f"all_final_layer.2-1.{name}",) for name in ("linear", "adaLN_modulation.1")}
    for at in (f"{side}.0.attention" for side in ("layers", "noise_refiner", "context_refiner")):
        found[f"{at}.qkv"] = tuple(f"{at}.to_{each}" for each in "qkv")
        found |= {
            f"{at}.{theirs}": (f"{at}.{ours}",)
            for theirs, ours in (("out", "to_out.0"), ("q_norm", "norm_q"), ("k_norm", "norm_k"))
        }
    return found


@pytest.mark.parametrize("kind", [*FOLDERS, *FILES])
async def test_a_denoiser_alone_takes_the_rest_from_a_model_that_is_here(
    whole: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    from safetensors.torch import save_file

    start = D if kind in ("klein", "flux") else ""
    file = tmp_path / "own.safetensors"
    save_file({start + name: one.clone() for name, one in in_their_names(kind, whole[kind]).items()}, file)
    model = local_model(f"{file}=Own;parts={whole[kind]}")
    assert (model.id, model.source, model.denoiser) == ("own", str(whole[kind]), str(file))
    ours, theirs = denoiser_of(model), reference(kind, whole[kind])
    if kind == "flux":
        qkv = file_of(whole[kind])[f"{D}double_blocks.0.img_attn.qkv.weight"].float().chunk(3)
        theirs = {f"transformer_blocks.0.attn.to_{each}.weight": one for each, one in zip("qkv", qkv, strict=True)}
        ours = {name: ours[name] for name in theirs}
    assert same(theirs, ours)
    if kind in FOLDERS:
        counted, known = parts_of(model), parts_of(local_model(f"{whole[kind]}=m"))
        assert counted is not None
        assert known is not None
        assert [one.elements for one in counted.parts] == [one.elements for one in known.parts]
    if kind == "z-image":
        pictures = []
        for one in (model, local_model(f"{whole[kind]}=own")):
            studio = Studio(Catalogue((replace(one, sizes=sizes(32 * 48)),), "own"), LocalSettings())
            pictures.append((await studio.pictures(job("A1", 0, model="own", steps=2, seed=5)))[0].picture)
            await studio.engine.stop(10.0)
        assert pictures[0] == pictures[1]


def test_a_denoiser_whose_rest_is_not_here_is_told_what_is_missing(whole: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    (tmp_path / "diffusion_models").mkdir()
    file = tmp_path / "diffusion_models" / "own.safetensors"
    save_file({name: one.clone() for name, one in in_their_names("klein", whole["klein"]).items()}, file)
    for entry, reason in (
        (f"{file}", "the denoiser of FLUX.2 alone, and no model is here .*;parts=black-forest-labs/FLUX.2-klein-4B"),
        (f"{file};parts={whole['flux']}", "denoiser of FLUX.2, and that of .* is no Flux2Transformer2DModel"),
        (f"{file};parts=/nowhere/at/all", "is neither a folder nor a hub id"),
        (f"{file};parts={whole['klein']};precision=int8", "precision=fp8: leave gguf, int8 and nf4 out"),
        (f"{save(tmp_path / 'x.safetensors', WHOLE['sd15']())};parts={whole['flux']}", "with a denoiser alone"),
        (f"{whole['klein']};parts={whole['flux']}", "for a file with a denoiser alone"),
    ):
        with pytest.raises(CatalogueError, match=reason):
            local_model(entry)
    assert local_model(f"{file};parts=black-forest-labs/FLUX.2-klein-4B").steps == 4
    catalogue = build(CatalogueSettings(models_folder=tmp_path))
    assert "diffusion_models/own.safetensors is not offered: it holds the denoiser of FLUX.2" in catalogue.refused[0]
    config = whole["klein"] / "transformer" / "config.json"
    told = config.read_text()
    try:
        config.write_text(told.replace('"num_layers": 1', '"num_layers": 7'))
        with pytest.raises(CatalogueError, match="has num_layers 7, not 1"):
            local_model(f"{file};parts={whole['klein']}")
    finally:
        config.write_text(told)
    model = local_model(f"{file};parts={whole['klein']}")
    save_file({"x": next(iter(in_their_names("klein", whole["klein"]).values())).clone()}, file)
    with pytest.raises(ModelUnavailable, match="no denoiser any more"):
        denoiser_of(model)


def scaled(tensors: Mapping[str, Any], scale: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors with their larger weights at 8 bits, in one of ComfyUI's ways, and what they then stand for."""
    import torch

    held: dict[str, Any] = {}
    meant: dict[str, Any] = {}
    for name, tensor in tensors.items():
        held[name] = meant[name] = tensor
        if tensor.ndim != 2 or not name.endswith(".weight") or "embed" in name:
            continue
        module = name.removesuffix(".weight")
        most = tensor.float().abs().amax(1) if scale == "weight_scale" else tensor.float().abs().max()
        held[f"{module}.{scale}"] = most / 448
        rows = most[:, None] / 448 if most.ndim else most / 448
        held[name] = (tensor.float() / rows).to(torch.float8_e4m3fn)
        meant[name] = held[name].float() * rows
    beside = {
        "scale_weight": {"scaled_fp8": torch.zeros(0)},
        "weight_scale": {f"{module}.comfy_quant": torch.zeros(9, dtype=torch.uint8)},
    }
    return held | beside[scale], meant


def test_weights_of_8_bits_are_what_their_scales_make_of_them(tmp_path: Path, whole: dict[str, Path]) -> None:
    from safetensors.torch import save_file

    plain = save(tmp_path / "plain.safetensors", WHOLE["sd35"]())
    held, meant = scaled(file_of(plain), "weight_scale")
    file = tmp_path / "held.safetensors"
    save_file({key: one.contiguous().clone() for key, one in held.items()}, file)
    pipe = loaded(local_model(f"{file}=m"))
    for part, ours, theirs in (
        ("transformer", "transformer_blocks.0.attn.to_q.weight", f"{D}joint_blocks.0.x_block.attn.qkv.weight"),
        (
            "text_encoder",
            "encoder.layers.0.mlp.fc1.weight",
            "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1.weight",
        ),
        (
            "text_encoder_3",
            "encoder.block.0.layer.1.DenseReluDense.wo.weight",
            "text_encoders.t5xxl.transformer.encoder.block.0.layer.1.DenseReluDense.wo.weight",
        ),
    ):
        own = next(one for name, one in weights(getattr(pipe, part)).items() if name.endswith(ours))
        assert same({"": own}, {"": meant[theirs][: len(own)]}), part
    held, meant = scaled(in_their_names("flux", whole["flux"]), "scale_weight")
    read_of = {}
    for name, tensors in (("held", held), ("meant", meant)):
        save_file({key: one.contiguous().clone() for key, one in tensors.items()}, tmp_path / f"{name}.safetensors")
        read_of[name] = denoiser_of(local_model(f"{tmp_path / name}.safetensors=m;parts={whole['flux']}"))
    assert same(read_of["held"], read_of["meant"])


def test_weights_that_are_scaled_otherwise_are_refused() -> None:
    for name, shape, reason in (
        ("img_in.weight_scale_2", (1,), "of 4 bits"),
        ("img_in.weight_scale", (96, 2), "scaled by blocks"),
    ):
        with pytest.raises(BadWeights, match=reason):
            kind_of({**WHOLE["flux"](), D + name: shape})
