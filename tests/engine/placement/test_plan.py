"""Which placement a model gets on a card: sizes, the order of choice, and what the operator's settings leave open."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.models.hosted_models import Access, hosted_models
from engine.models.local_models import local_model
from engine.models.model import CatalogueError, Model
from engine.models.models_file import read_models_file
from engine.models.published import PUBLISHED
from engine.placement.graphics_card import card_of
from engine.placement.known import KNOWN
from engine.placement.model_parts import parts_of
from engine.placement.plan import Placement, Plan, down_from, for_load, plan, usual_load
from engine.placement.sizes import GIB, ModelParts
from tests.engine.placement.architectures import BUILDERS, elements

ROOMY = 64 * GIB
LARGE = "stabilityai/stable-diffusion-3.5-large"
KLEIN = "black-forest-labs/FLUX.2-klein-4B"
Z_IMAGE = "Tongyi-MAI/Z-Image-Turbo"
SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"


def planned(entry: str, gib: float, ram_bytes: int = ROOMY) -> Plan:
    model = local_model(entry)
    return plan(model, known(model), card_of(gib, ram_bytes))


def known(model: Model) -> ModelParts:
    parts = parts_of(model)
    assert parts is not None
    return parts


def test_every_published_model_has_its_sizes() -> None:
    assert {known.pattern for known in PUBLISHED} == set(KNOWN)


QUICK = {"klein 4B", "Z-Image", "CLIP-L, plain", "VAE of 16 channels"}
"""Built in a moment; the others are counted by `make test-long`."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.long) for name in BUILDERS]
)
def test_the_sizes_are_those_of_the_real_architecture(name: str) -> None:
    """Built without memory from its own configuration, and counted."""
    model, part, build = BUILDERS[name]
    (told,) = [one.elements for one in KNOWN[model].parts if one.name == part]
    assert elements(build) == told


@pytest.mark.parametrize("source", [LARGE, KLEIN, Z_IMAGE, SDXL, SD15])
def test_12_gib_run_the_usual_models_quickly(source: str) -> None:
    found = planned(source, 12)
    assert found.fits
    assert found.placement.offload in ("none", "encoders")
    assert found.need.card <= card_of(12, ROOMY).usable_bytes
    assert found.speed > 0.7


@pytest.mark.parametrize("source", [SDXL, SD15])
def test_8_gib_run_stable_diffusion_at_full_precision(source: str) -> None:
    found = planned(source, 8)
    assert (found.fits, found.placement.kept) == (True, "half")
    assert found.placement.offload in ("none", "encoders")


def test_what_fits_whole_is_whole_and_nothing_else_moves() -> None:
    assert all(planned(source, 80).placement.settings == "offload=none" for source in (LARGE, KLEIN, Z_IMAGE, SDXL))
    assert planned(LARGE, 80).need.ram == 0


@pytest.mark.parametrize("pattern", sorted(KNOWN))
@pytest.mark.parametrize("gib", [4, 6, 8, 12, 16, 24, 80])
@pytest.mark.parametrize("ram_gib", [0, 8, 24, 96])
def test_a_larger_card_is_never_worse_and_layer_by_layer_is_never_chosen(pattern: str, gib: int, ram_gib: int) -> None:
    now, later = (planned(f"some/{pattern}", size, ram_gib * GIB) for size in (gib, gib * 2))
    assert "sequential" not in (now.placement.offload, later.placement.offload)
    assert later.fits or not now.fits
    if now.fits and now.placement == later.placement:
        assert later.batch >= now.batch


def test_the_memory_beside_the_card_is_an_account_of_its_own() -> None:
    """A card with room for the denoiser is of no use where the readers have none."""
    assert planned(LARGE, 24, 12 * GIB).placement.offload == "encoders"
    poor = planned(LARGE, 24, 4 * GIB)
    assert (poor.placement.offload, poor.fits) != ("encoders", True)
    assert not planned(LARGE, 8, 4 * GIB).fits


def test_where_nothing_fits_the_plan_says_so_and_what_would() -> None:
    found = planned("Qwen/Qwen-Image;offload=none", 24)
    assert (found.fits, found.batch) == (False, 1)
    assert found.otherwise[0][0] == "precision=fp8;offload=encoders"
    assert not planned("Qwen/Qwen-Image", 6, 24 * GIB).fits


def test_weights_that_carry_scales_are_not_streamed() -> None:
    for precision in ("int8", "nf4"):
        found = planned(f"{LARGE};precision={precision}", 5)
        assert found.placement.offload != "group"
        base = Placement("none", "nf4" if precision == "nf4" else "int8")
        assert {one.offload for one in down_from(base)} == {"none", "encoders", "model"}


def test_layer_by_layer_is_only_ever_set() -> None:
    assert planned(f"{LARGE};offload=sequential", 6).placement.offload == "sequential"


def test_settings_hold_whatever_would_be_better() -> None:
    assert planned(f"{KLEIN};offload=group", 80).placement.offload == "group"
    assert planned(f"{KLEIN};precision=fp8", 80).placement == replace(planned(KLEIN, 80).placement, kept="fp8")
    assert planned(f"{LARGE};precision=bfloat16", 12).placement.kept == "half"
    assert planned(f"{LARGE};precision=nf4", 8).placement.kept == "nf4"


def test_a_card_that_cannot_cast_is_not_asked_to() -> None:
    model = local_model(LARGE)
    mac = replace(card_of(12, ROOMY), casts=False)
    assert plan(model, known(model), mac).placement.kept == "half"


def test_more_pictures_take_more_and_are_placed_further_down_for_that_call_alone() -> None:
    model = local_model(KLEIN)
    parts, card = known(model), card_of(12, ROOMY)
    base = plan(model, parts, card).placement
    usual = usual_load(model)
    assert for_load(parts, base, card, usual, model) == base
    heavy = replace(usual, pictures=4, batch=2)
    lower = for_load(parts, base, card, heavy, model)
    assert lower != base
    assert lower.kept == base.kept


def test_a_folder_is_measured_by_its_files(tiny_checkpoint: Path) -> None:
    parts = known(local_model(f"{tiny_checkpoint}=stable-diffusion-3.5-large"))
    assert parts.source == "its files"
    assert {part.name for part in parts.parts} == {"transformer", "vae", "text_encoder", "text_encoder_2"}
    assert parts.denoiser.width == 32
    assert parts.denoising.elements < 1_000_000


def test_of_an_unknown_model_the_operator_can_say_what_it_takes() -> None:
    assert parts_of(local_model("somebody/some-model")) is None
    told = known(local_model("somebody/some-model;memory_gib=20"))
    assert told.denoising.elements == 9 * GIB


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("gguf=/models/x.gguf;precision=fp8", "compressed already"),
        ("gguf=/models/x.safetensors", "does not end in .gguf"),
        ("offload=sequential;precision=fp8", "offload=group instead"),
        ("offload=sequential;precision=nf4", "plain weights alone"),
        ("offload=group;precision=int8", "plain weights alone"),
        ("offload=group;gguf=/models/x.gguf", "plain weights alone"),
        ("offload=some", "cannot be understood"),
        ("precision=fp4", "cannot be understood"),
        ("gguf=", "cannot be understood"),
    ],
)
def test_a_setting_without_effect_is_an_error(options: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=why):
        local_model(f"{LARGE};{options}")


def test_a_setting_without_effect_is_an_error_in_the_file_of_models_too(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[[model]]\nsource = "a/b"\nprecision = "int8"\ngguf = "/models/x.gguf"\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match="compressed already"):
        read_models_file(file)


def test_a_server_of_ones_own_loads_as_it_likes() -> None:
    access = Access(key="", base_url="", models=(f"{LARGE};precision=fp8",), slots=1)
    with pytest.raises(CatalogueError, match="no effect here"):
        hosted_models({"cluster": access}, {})
