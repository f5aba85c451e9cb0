"""LoHa, LoKr, OFT, DoRA and the like: what they do to a module, under whatever name and in whatever family."""

from pathlib import Path
from typing import Any

import pytest

from engine.backends.local.weight_changes import read_weight_changes
from tests.engine.lora_relatives import KINDS, Tensors
from tests.engine.tiny_models import KINDS as MODELS

LINEAR = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
CONV = "down_blocks.0.resnets.0.conv1"
KERNELS = ("LoHa with a kernel", "a LoRA with a kernel")


@pytest.fixture(scope="module")
def pipe() -> Any:
    return MODELS["sd15"]()


def written(file: Path, module: str, told: Tensors) -> Path:
    from safetensors.torch import save_file

    save_file({f"{module}.{end}": tensor.contiguous() for end, tensor in told.items()}, file)
    return file


def applied(layer: Any, weight: Any, bias: Any, into: Any) -> Any:
    from torch.nn import functional

    if weight.ndim == 2:
        return functional.linear(into, weight, bias)
    return functional.conv2d(into, weight, bias, stride=layer.stride, padding=layer.padding)


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_does_what_its_merged_weight_would_and_nothing_is_left(pipe: Any, tmp_path: Path, kind: str) -> None:
    import torch

    make, reference = KINDS[kind]
    for module in (CONV,) if kind in KERNELS else (LINEAR, CONV):
        layer = pipe.unet.get_submodule(module)
        torch.manual_seed(3)
        told = make(tuple(layer.weight.shape))
        file = written(tmp_path / "x.safetensors", f"lora_unet_{module.replace('.', '_')}", told)
        into = torch.randn(2, layer.weight.shape[1], *((6, 6) if layer.weight.ndim == 4 else ()))
        with torch.no_grad():
            plain = layer(into)
            bias = layer.bias if "diff_b" not in told or layer.bias is None else layer.bias + told["diff_b"]
            if "diff_b" in told and layer.bias is None:
                bias = told["diff_b"]
            wanted = applied(layer, reference(layer.weight.detach(), told), bias, into)
            changes = read_weight_changes(pipe, file)
            for strength in (1.0, 0.25):
                changes.use(strength)
                torch.testing.assert_close(layer(into), plain + strength * (wanted - plain), rtol=1e-4, atol=1e-5)
            changes.use(0.0)
            assert torch.equal(layer(into), plain)
        assert float((wanted - plain).abs().max()) > 0.01
        assert not layer._forward_hooks


def test_peft_reckons_loha_and_lokr_the_same(tmp_path: Path) -> None:
    import torch
    from peft import LoHaConfig, LoKrConfig, inject_adapter_in_model

    for config in (LoHaConfig(r=2, alpha=3), LoKrConfig(r=1, alpha=3, decompose_factor=4)):
        config.target_modules, config.init_weights = {LINEAR}, False
        theirs, ours = MODELS["sd15"](), MODELS["sd15"]()
        layer = inject_adapter_in_model(config, theirs.unet).get_submodule(LINEAR)
        names = [name for name in layer.adapter_layer_names if "default" in getattr(layer, name)]
        told = {name: getattr(layer, name)["default"].detach() for name in names} | {"alpha": torch.tensor(3.0)}
        read_weight_changes(ours, written(tmp_path / "x.safetensors", f"unet.{LINEAR}", told)).use(1.0)
        base = ours.unet.get_submodule(LINEAR)
        into = torch.randn(3, base.in_features)
        with torch.no_grad():
            delta = torch.nn.functional.linear(into, layer.get_delta_weight("default"))
            torch.testing.assert_close(base(into), into @ base.weight.T + delta)


FUSED = {
    "sd35-large": ("joint_blocks.0.x_block.attn.qkv", "transformer_blocks.0.attn.to_{}"),
    "klein": ("double_blocks.0.img_attn.qkv", "transformer_blocks.0.attn.to_{}"),
    "z-image": ("layers.0.attention.qkv", "layers.0.attention.to_{}"),
}


@pytest.fixture(scope="module", params=FUSED)
def family(request: pytest.FixtureRequest) -> tuple[str, Any]:
    return request.param, MODELS[request.param]()


@pytest.mark.parametrize("kind", ["LoHa", "LoKr", "LoKr whole", "OFT", "DoRA"])
def test_what_others_hold_as_one_is_cut_for_the_three_that_it_is_here(
    family: tuple[str, Any], kind: str, tmp_path: Path
) -> None:
    import torch

    pipe = family[1]
    theirs, ours = FUSED[family[0]]
    layers = [pipe.transformer.get_submodule(ours.format(each)) for each in "qkv"]
    weight = torch.cat([layer.weight.detach() for layer in layers])
    make, reference = KINDS[kind]
    torch.manual_seed(3)
    told = make(tuple(weight.shape))
    into = torch.randn(2, weight.shape[1])
    for start in ("diffusion_model.", "lora_unet_"):
        name = f"{start}{theirs if start.endswith('.') else theirs.replace('.', '_')}"
        changes = read_weight_changes(pipe, written(tmp_path / "x.safetensors", name, told))
        changes.use(1.0)
        with torch.no_grad():
            wanted = torch.nn.functional.linear(into, reference(weight, told)).chunk(3, 1)
            for layer, part in zip(layers, wanted, strict=True):
                bias = 0 if layer.bias is None else layer.bias
                torch.testing.assert_close(layer(into), part + bias, rtol=1e-4, atol=1e-5)
        changes.use(0.0)
