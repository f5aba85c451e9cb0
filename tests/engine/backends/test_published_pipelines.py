"""The published models through their real pipelines, each on a tiny checkpoint of its own classes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.backends.local.runtime import LocalSettings
from engine.jobs.job import Adapter, Finished, ImageToImage, Job, JobCancelled, ModelUnavailable, Progress, Role
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model
from engine.models.loras import read_folder
from engine.models.model import Model
from engine.prompt import PortraitPrompt
from tests.engine.backends.test_diffusers import Studio, pixels
from tests.engine.backends.test_references import face
from tests.engine.loras import lora
from tests.engine.stage import follow, job
from tests.engine.tiny_models import make

FOLDERS = {
    "sd35-large": "stable-diffusion-3.5-large",
    "sd35-medium": "stable-diffusion-3.5-medium",
    "klein": "FLUX.2-klein-4B",
    "z-image": "Z-Image-Turbo",
    "qwen-image": "Qwen-Image",
}
EXPECTED = {
    "sd35-large": ("StableDiffusion3Pipeline", 28, 3.5, "Stability AI"),
    "sd35-medium": ("StableDiffusion3Pipeline", 40, 4.5, "Stability AI"),
    "klein": ("Flux2KleinPipeline", 4, 1.0, "Apache-2.0"),
    "z-image": ("ZImagePipeline", 8, 0.0, "Apache-2.0"),
    "qwen-image": ("QwenImagePipeline", 50, 4.0, "Apache-2.0"),
}
LORA_TARGETS = ("attn.to_q", "attention.to_q", "attn.to_v", "attention.to_v")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("published")
    return {kind: make(kind, base / name) for kind, name in FOLDERS.items()}


@pytest.fixture(params=[kind for kind in FOLDERS if kind != "sd35-large"])  # which is Medium with fewer parts
async def shown(request: pytest.FixtureRequest, folders: dict[str, Path]) -> AsyncIterator[tuple[str, Studio]]:
    async for studio in studio_of(local_model(f"{folders[request.param]}=m")):
        yield request.param, studio


@pytest.fixture
async def klein(folders: dict[str, Path]) -> AsyncIterator[Studio]:
    async for studio in studio_of(local_model(f"{folders['klein']}=m")):
        yield studio


async def studio_of(model: Model) -> AsyncIterator[Studio]:
    studio = Studio(Catalogue((model,), "m"), LocalSettings(preview_every_s=0.0, preview_share=1e6))
    yield studio
    await studio.engine.stop(10.0)


def like(studio: Studio, name: str, arrival: int, **changes: object) -> Job:
    """A job as the model wants it, in a few steps."""
    model = studio.engine.catalogue.get("m")
    return job(name, arrival, **{"steps": 3, "guidance": model.guidance, "seed": 5, **changes})


async def made(studio: Studio, one: Job) -> Finished:
    return (await studio.pictures(one))[0]


def edit_of(folder: Path, strength: float = 0.6, shade: int = 3) -> ImageToImage:
    picture = face(folder, f"before{shade}", shade)
    return ImageToImage(path=picture.path, sha256=picture.sha256, words="make the scarf blue", strength=strength)


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_known_of_it_is_in_the_catalogue(folders: dict[str, Path], kind: str) -> None:
    model = local_model(str(folders[kind]))
    pipeline, steps, guidance, licence = EXPECTED[kind]
    assert (model.pipeline, model.steps, model.guidance) == (pipeline, steps, guidance)
    assert licence in model.licence
    assert model.memory_gib > 10
    assert model.edits


async def test_a_portrait_its_seed_and_its_place_in_a_batch(shown: tuple[str, Studio]) -> None:
    _, studio = shown
    first = await made(studio, like(studio, "A1", 0, steps=4))
    events = await follow(studio.engine, like(studio, "A2", 1, steps=4))
    other = await made(studio, like(studio, "A3", 2, steps=4, seed=6))
    otherwise = await made(studio, like(studio, "A5", 5, steps=4, prompt=PortraitPrompt(subject="an old man")))
    assert pixels(first).shape == (48, 32, 3)
    assert isinstance(events[-1], Finished)
    assert events[-1].picture == first.picture
    assert len({first.picture, other.picture, otherwise.picture}) == 3
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps == sorted(set(steps))  # one that is not read in time gives way to the next
    assert (steps[0], steps[-1]) == (0, 4)
    assert any(event.preview for event in events if isinstance(event, Progress))
    together = await studio.pictures(like(studio, "A4", 3, steps=4), like(studio, "B4", 4, steps=4, seed=6))
    assert [one.batch for one in together] == [2, 2]
    for alone, shared in zip((first, other), together, strict=True):
        assert np.abs(pixels(alone) - pixels(shared)).max() <= 3


async def test_a_picture_is_changed_and_the_seed_decides_how(shown: tuple[str, Studio], tmp_path: Path) -> None:
    _, studio = shown
    first = await made(studio, like(studio, "A1", 1, edit=edit_of(tmp_path)))
    again = await made(studio, like(studio, "A2", 2, edit=edit_of(tmp_path)))
    other = await made(studio, like(studio, "A3", 3, edit=edit_of(tmp_path, shade=7)))
    plain = await made(studio, like(studio, "A4", 4))
    assert first.picture == again.picture
    assert len({plain.picture, first.picture, other.picture}) == 3


async def test_a_fine_tune_changes_it_and_leaves_it_as_it_was(
    shown: tuple[str, Studio], folders: dict[str, Path], tmp_path: Path
) -> None:
    kind, studio = shown
    file = lora(tmp_path, "film", folders[kind], targets=LORA_TARGETS)
    (found,), refused = read_folder(tmp_path, studio.engine.catalogue.models)
    assert refused == ()
    before = await made(studio, like(studio, "A1", 0))
    tuned = await made(studio, like(studio, "A2", 1, adapters=(found.adapter(),)))
    half = await made(studio, like(studio, "A3", 2, adapters=(Adapter(name="film", path=file, weight=0.5),)))
    after = await made(studio, like(studio, "A4", 3))
    assert before.picture == after.picture
    assert len({before.picture, tuned.picture, half.picture}) == 3


async def test_cancelling_stops_it_within_a_step(klein: Studio) -> None:
    steps: list[int] = []
    cancelled_at: list[int] = []  # a busy machine may show a later step than the second

    async def cancelling() -> None:
        async for event in klein.engine.submit(like(klein, "A1", 0, steps=900)):
            if isinstance(event, Progress):
                steps.append(event.step)
                if event.step >= 2:
                    cancelled_at.append(event.step)
                    klein.engine.cancel("A1")

    with pytest.raises(JobCancelled):
        await cancelling()
    assert steps[-1] == cancelled_at[0]
    await made(klein, like(klein, "B1", 1))


async def test_klein_takes_saved_faces_as_pictures(klein: Studio, tmp_path: Path) -> None:
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    prompt = PortraitPrompt(subject="@ana beside @kai", characters=("ana", "kai"))
    plain = await made(klein, like(klein, "A1", 0, prompt=prompt))
    one = await made(klein, like(klein, "A2", 1, prompt=prompt, references=(ana,)))
    both = await made(klein, like(klein, "A3", 2, prompt=prompt, references=(ana, kai)))
    assert len({plain.picture, one.picture, both.picture}) == 3
    assert "reference picture" in both.words.prompt
    assert "@" not in both.words.prompt
    assert both.note == ""


async def test_klein_jobs_of_different_pictures_are_not_mixed(klein: Studio, tmp_path: Path) -> None:
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    of_ana, of_kai = (like(klein, "A1", 0, references=(one,)) for one in (ana, kai))
    alone = [await made(klein, one) for one in (of_ana, of_kai)]
    mixed = await klein.pictures(replace(of_ana, id="A2"), replace(of_kai, id="B2", user="B"))
    same = await klein.pictures(replace(of_ana, id="A3"), replace(of_ana, id="B3", user="B"))
    assert [one.batch for one in (*mixed, *same)] == [1, 1, 2, 2]
    assert [one.picture for one in mixed] == [one.picture for one in alone]
    assert all(np.abs(pixels(alone[0]) - pixels(one)).max() <= 3 for one in same)


async def test_of_too_many_pictures_faces_stay_and_the_note_says_so(klein: Studio, tmp_path: Path) -> None:
    many = tuple(face(tmp_path, f"p{nth}", nth + 1) for nth in range(4))
    coat = replace(face(tmp_path, "coat", 9), role=Role.OUTFIT)
    done = await made(klein, like(klein, "A1", 0, references=(coat, *many), edit=edit_of(tmp_path)))
    assert "Of 5 reference pictures this model took 3" in done.note
    loaded = klein.loaded()
    held = loaded.references_of(like(klein, "A2", 1, references=(coat, *many)))
    assert [one.handle for one in held] == ["p0", "p1", "p2", "p3"]


async def test_klein_is_told_what_to_change_in_the_first_picture(klein: Studio, tmp_path: Path) -> None:
    done = await made(klein, like(klein, "A1", 0, edit=edit_of(tmp_path)))
    assert "make the scarf blue" in done.words.prompt


async def test_sd_edits_change_as_much_as_their_strength(folders: dict[str, Path], tmp_path: Path) -> None:
    async for studio in studio_of(local_model(f"{folders['sd35-medium']}=m")):
        strengths = (0.1, 0.5, 1.0)
        seen = [
            await follow(studio.engine, like(studio, f"A{n}", n, steps=8, edit=edit_of(tmp_path, strength)))
            for n, strength in enumerate(strengths)
        ]
        taken = [[event.steps for event in events if isinstance(event, Progress)][-1] for events in seen]
        assert taken == [1, 4, 8]
        assert all(isinstance(events[-1], Finished) for events in seen)
        assert len({events[-1].picture for events in seen if isinstance(events[-1], Finished)}) == 3


async def test_sd_edits_share_a_batch_at_one_strength(folders: dict[str, Path], tmp_path: Path) -> None:
    async for studio in studio_of(local_model(f"{folders['sd35-large']}=m")):
        edits = [edit_of(tmp_path, 0.5, 3), edit_of(tmp_path, 0.5, 7), edit_of(tmp_path, 0.75, 7)]
        some = [like(studio, f"{name}1", n, steps=4, edit=edits[n]) for n, name in enumerate("ABC")]
        alone = [await made(studio, replace(one, id=f"alone {one.id}")) for one in some]
        together = await studio.pictures(*some)
        assert [one.batch for one in together] == [2, 2, 1]
        for one, shared in zip(alone, together, strict=True):
            assert np.abs(pixels(one) - pixels(shared)).max() <= 3


async def test_an_edit_is_cancelled_beside_another_that_goes_on(folders: dict[str, Path], tmp_path: Path) -> None:
    async for studio in studio_of(local_model(f"{folders['sd35-large']}=m")):
        other = like(studio, "B1", 1, steps=12, edit=edit_of(tmp_path))
        alone = await made(studio, replace(other, id="B0"))
        beside = asyncio.create_task(made(studio, other))
        with pytest.raises(JobCancelled):
            await _cancelled_at(studio, like(studio, "A1", 0, steps=12, edit=edit_of(tmp_path)), 3)
        assert np.abs(pixels(await beside) - pixels(alone)).max() <= 3


async def _cancelled_at(studio: Studio, one: Job, step: int) -> None:
    async for event in studio.engine.submit(one):
        if isinstance(event, Progress) and event.step == step:
            studio.engine.cancel(one.id)


async def test_a_model_that_cannot_change_a_picture_says_so(folders: dict[str, Path], tmp_path: Path) -> None:
    async for studio in studio_of(replace(local_model(f"{folders['z-image']}=m"), edits=False)):
        with pytest.raises(ModelUnavailable, match="cannot change a picture"):
            await made(studio, like(studio, "A1", 0, edit=edit_of(tmp_path)))


def test_an_edit_model_needs_a_picture_and_is_never_batched() -> None:
    model = local_model("Qwen/Qwen-Image-Edit-2511")
    assert (model.pipeline, model.references, model.needs_picture) == ("QwenImageEditPlusPipeline", 3, True)
    assert "Qwen-Image-Edit" in model.title
