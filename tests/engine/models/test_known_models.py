"""Which published model a source is: exact ids and what is nearly one, and what follows from a folder's own index."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.backends.local.runtime import LocalSettings
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model, model_of
from engine.models.model import CatalogueError
from engine.models.published import PUBLISHED, published
from engine.models.samplers import not_taken, sampler_called
from engine.prompt import parse
from engine.prompts.portrait_prompt import from_json, to_json
from engine.prompts.stress import pieces, stated
from engine.wording.dialects import render
from tests.engine.backends.test_diffusers import Studio
from tests.engine.stage import job
from tests.engine.tiny_models import make

EXACT = {
    "black-forest-labs/FLUX.1-dev": "FluxPipeline",
    "black-forest-labs/FLUX.1-schnell": "FluxPipeline",
    "black-forest-labs/FLUX.2-dev": "Flux2Pipeline",
    "black-forest-labs/FLUX.2-klein-base-9B": "Flux2KleinPipeline",
    "black-forest-labs/flux.2-klein-9B-KV": "Flux2KleinKVPipeline",
    "Tongyi-MAI/Z-Image": "ZImagePipeline",
    "Qwen/Qwen-Image-2.1": "QwenImage21Pipeline",
    "Qwen/Qwen-Image-Edit-2509": "QwenImageEditPlusPipeline",
    "runwayml/stable-diffusion-v1-5": "StableDiffusionPipeline",
    "/models/stable-diffusion-3.5-large": "StableDiffusion3Pipeline",
    "/hub/models--Qwen--Qwen-Image/snapshots/0a1b": "QwenImagePipeline",
}
NEARLY = (
    "city96/stable-diffusion-3.5-large-gguf",
    "Comfy-Org/stable-diffusion-3.5-fp8",
    "somebody/stable-diffusion-3.5-large",
    "somebody/FLUX.2-klein-4B-lora",
    "black-forest-labs/FLUX.2-klein-9b-fp8",
    "lightx2v/Qwen-Image-Lightning",
    "Qwen/Qwen-Image-Edit-2511-lora",
    "stabilityai/stable-diffusion-xl-refiner-1.0",
    "/models/my-stable-diffusion-3.5-large",
)


def test_published_models_are_known_by_exact_ids_alone() -> None:
    import diffusers

    for source, pipeline in EXACT.items():
        assert local_model(source).pipeline == pipeline, source
    for source in NEARLY:
        assert published(source).id == "", source
        assert local_model(source).licence == "", source
    assert all(hasattr(diffusers, known.pipeline) for known in PUBLISHED)


def test_a_model_that_makes_no_portraits_is_refused_by_id_and_by_its_files(tmp_path: Path) -> None:
    index = {"_class_name": "QwenImageLayeredPipeline"}
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    for source in ("Qwen/Qwen-Image-Layered", str(tmp_path)):
        with pytest.raises(CatalogueError, match="apart into layers"):
            model_of(source)


async def test_medium_guides_away_from_some_of_its_layers(tmp_path: Path) -> None:
    assert local_model("stabilityai/stable-diffusion-3.5-medium").skip_layers == (7, 8, 9)
    model = replace(local_model(f"{make('sd35-medium', tmp_path / 'm')}=m"), skip_layers=(1,))
    size = {"width": 32, "height": 48, "steps": 10, "guidance": 4.5}
    made = []
    for skipped in ((), (1,)):
        studio = Studio(Catalogue((replace(model, skip_layers=skipped),), "m"), LocalSettings(threads=1))
        made.append((await studio.pictures(job("A1", 0, **size)))[0])
        await studio.engine.stop(10.0)
    assert made[0].picture != made[1].picture


CALLED = {
    "DPM++ 2M Karras": ("DPM++ 2M", "Karras"),
    "dpmpp_2m_sde_karras": ("DPM++ 2M SDE", "Karras"),
    "dpmpp_2m_k": ("DPM++ 2M", "Karras"),
    "euler_ancestral": ("Euler a", ""),
    "EulerDiscreteScheduler": ("Euler", ""),
    "heun sgm_uniform": ("Heun", "SGM Uniform"),
    "uni_pc": ("UniPC", ""),
    "Euler a Karras": None,
    "DPM++ SDE": None,
    "made up": None,
    "": None,
}


def test_samplers_are_known_by_everybodys_names_and_never_guessed() -> None:
    import diffusers

    for name, expected in CALLED.items():
        found = sampler_called(name)
        assert (found and (found.name, found.schedule)) == expected, name
        if found is not None:
            made = getattr(diffusers, found.kind)(**found.options)
            assert made.config.get("use_karras_sigmas", False) == (found.schedule == "Karras")


def test_a_sampler_that_is_not_used_is_told() -> None:
    large = local_model("stabilityai/stable-diffusion-3.5-large")
    xl = local_model("stabilityai/stable-diffusion-xl-base-1.0")
    assert not_taken("Euler a", [xl]) == not_taken("", [large]) == ""
    assert not_taken("Euler a", [large, xl]) == "sampler Euler a: SD 3.5 Large has one alone"
    assert "none of this name" in not_taken("Euler z", [xl])


@pytest.mark.parametrize(
    "text",
    [
        "a woman in a coat, sampler: DPM++ 2M Karras",
        "Subject: a woman in a coat\nSampler: DPM++ 2M Karras",
        '{"prompt": "a woman in a coat", "sampler": "DPM++ 2M Karras"}',
        "a woman in a coat\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 5, Size: 512x768",
    ],
)
def test_the_sampler_of_a_prompt_is_read_and_kept(text: str) -> None:
    prompt = parse(text)
    assert (prompt.sampler, prompt.subject.removesuffix(" in a coat")) == ("DPM++ 2M Karras", "a woman")
    assert from_json(to_json(prompt)).sampler == prompt.sampler


def test_a_thing_called_sampler_is_no_setting() -> None:
    assert parse("a woman beside a sampler: a piece of needlework").sampler == ""


def test_weights_reach_the_models_that_know_them_and_no_others() -> None:
    prompt = parse("a woman with a (red scarf:1.3), ((smiling)). Negative prompt: (worst quality:1.4), blurry")
    assert from_json(to_json(prompt)).weights == prompt.weights
    said = render(prompt, "tags")
    assert "(red scarf:1.3)" in said.prompt
    assert "(smiling:1.21)" in said.prompt
    assert said.negative == "(worst quality:1.4), blurry"
    assert "1.3" not in render(prompt, "sd35").prompt + render(prompt, "flux").prompt
    assert render(parse("a woman with a red scarf, smiling"), "tags").prompt.count("(") == 0


def test_brackets_are_read_as_a1111_reads_them() -> None:
    assert pieces(r"a (b:1.2) \(c\) ((d)) [e] (f") == [
        ("a ", 1.0), ("b", 1.2), (" ", 1.0), ("(", 1.0), ("c", 1.0), (")", 1.0), (" ", 1.0),
        ("d", pytest.approx(1.21)), (" ", 1.0), ("e", pytest.approx(1 / 1.1)), (" ", 1.0), ("(", 1.0), ("f", 1.0),
    ]  # fmt: skip
    for hostile in ("(" * 8000, "(a:" * 2600, "[(" * 4000, "(" * 4000 + ")" * 4000, "(x:1.2)" * 1100):
        assert len(stated(hostile)) <= 50
