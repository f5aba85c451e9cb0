"""The studio as a backend: a real process takes real (small) pictures; who is in them travels with them."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from engine.backends.photo_studio import StudioBackend, scene_of
from engine.faces import identity
from engine.jobs.job import Finished, Fitting, ImageToImage, Job, JobCancelled, Lane, Progress, Reference, Underway
from engine.models.catalogue import Catalogue
from engine.models.model import BUILTIN_ID
from engine.models.studio_model import missing, studio_model
from engine.prompt import parse
from engine.prompts.looks import Looks
from engine.recipes.picture_text import texts
from engine.renderer.palette import HAIR
from engine.renderer.stored import KEYWORD, from_json
from tests.engine.renderer.test_fitting import SMALL

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(missing()), reason=missing() or "the studio can take pictures"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend() -> AsyncIterator[StudioBackend]:
    """One for all tests: its process takes seconds to its first picture."""
    model = studio_model()
    made = StudioBackend(Catalogue((model,), model.id), SMALL)
    yield made
    await made.close()


def job(text: str, **more: object) -> Job:
    values = {"width": 64, "height": 96, "steps": 1, "seed": 7, "previews": True} | more
    return Job(
        id="j", user="u", lane=Lane.STANDARD, model=BUILTIN_ID, prompt=parse(text), guidance=0.0, arrival=1,
        **values,  # type: ignore[arg-type]
    )  # fmt: skip


async def taken(backend: StudioBackend, wanted: Job) -> tuple[Finished, list[Underway]]:
    told: list[Underway] = []
    (outcome,) = await backend.render([wanted], lambda _, event: told.append(event), lambda _: False)
    assert isinstance(outcome, Finished), outcome
    return outcome, told


async def test_a_portrait_with_previews_and_the_scene_in_it(backend: StudioBackend) -> None:
    finished, told = await taken(backend, job("a woman with red hair, blue sweater, in a forest"))
    with Image.open(io.BytesIO(finished.picture)) as picture:
        assert picture.size == (finished.width, finished.height) == (64, 96)
    scene = from_json(texts(finished.picture, (KEYWORD,))[KEYWORD])
    assert scene.sitters[0].outfit.garment == "sweater"
    assert "red hair" in finished.words.prompt
    steps = [event.step for event in told if isinstance(event, Progress)]
    assert steps == sorted(steps)
    assert any(isinstance(event, Progress) and event.preview for event in told)


async def test_the_same_order_is_the_same_picture(backend: StudioBackend) -> None:
    first, _ = await taken(backend, job("a man in a suit"))
    again, _ = await taken(backend, job("a man in a suit"))
    assert first.picture == again.picture


async def test_a_picture_that_is_given_up_ends(backend: StudioBackend) -> None:
    wanted = job("a man in a suit", width=512, height=768, steps=2)
    (outcome,) = await asyncio.wait_for(backend.render([wanted], lambda *_: None, lambda _: True), 60)
    assert isinstance(outcome, JobCancelled)


async def test_a_saved_face_is_the_same_person(backend: StudioBackend, tmp_path: Path) -> None:
    finished, _ = await taken(backend, job("a woman with red hair and freckles, blue sweater"))
    saved = tmp_path / "ana.png"
    saved.write_bytes(finished.picture)
    reference = Reference(handle="ana", path=saved, sha256="x")
    scene, _ = scene_of(job("@ana in a white shirt, by the sea", seed=99, references=(reference,)))
    person = from_json(texts(finished.picture, (KEYWORD,))[KEYWORD]).sitters[0].person
    assert scene.sitters[0].person == person
    assert scene.sitters[0].outfit.garment == "shirt"


@pytest.mark.skipif(bool(identity.missing()), reason=identity.missing() or "faces can be looked at")
async def test_a_face_from_elsewhere_is_fitted_once_and_forgotten_with_its_picture(
    backend: StudioBackend, tmp_path: Path
) -> None:
    finished, _ = await taken(backend, job("a woman with long hair, close-up, front view", width=128, height=192))
    elsewhere = tmp_path / "ana.png"
    with Image.open(io.BytesIO(finished.picture)) as picture:
        Image.fromarray(np.asarray(picture.convert("RGB"))).save(elsewhere)
    said = Looks(hair="long red hair", glasses="round glasses")
    reference = Reference(handle="ana", path=elsewhere, sha256="x", looks=said)
    wanted = job("@ana in a white shirt", references=(reference,))
    first, told = await taken(backend, wanted)
    fitting = [event for event in told if isinstance(event, Fitting)]
    assert fitting[0] == Fitting("ana", 0, 20)
    assert [event.step for event in fitting] == sorted({event.step for event in fitting})
    assert told.index(fitting[-1]) < next(at for at, event in enumerate(told) if isinstance(event, Progress))
    person = from_json(texts(first.picture, (KEYWORD,))[KEYWORD]).sitters[0].person
    assert (person.hair.colour, person.glasses) == (HAIR["red"], "round")
    assert dict(person.shape).keys() > {"nose-hump-incr"}
    assert first.words.remembered == ("@ana: long red hair and round glasses",)
    assert "@ana is only near" in first.note
    again, told = await taken(backend, wanted)
    assert not [event for event in told if isinstance(event, Fitting)]
    assert again.picture == first.picture
    ((sha256, kept),) = first.fitted
    assert sha256 == "x"
    await backend.forget(["x"])
    assert "x" not in backend._fitted
    assert backend._process is not None
    assert backend._process.pid is None
    known = job("@ana in a white shirt", references=(replace(reference, fitted=kept),))
    restarted, told = await taken(backend, known)
    assert not [event for event in told if isinstance(event, Fitting)]
    assert restarted.picture == first.picture
    assert not restarted.fitted


async def test_of_a_picture_without_a_face_it_is_told(backend: StudioBackend, tmp_path: Path) -> None:
    plain = tmp_path / "kai.png"
    Image.new("RGB", (96, 128), "teal").save(plain)
    finished, _ = await taken(
        backend, job("@kai in a hat", references=(Reference(handle="kai", path=plain, sha256="y"),))
    )
    assert "No face could be found in the picture of @kai" in finished.note


async def test_an_edit_changes_what_it_names_and_nothing_else(backend: StudioBackend, tmp_path: Path) -> None:
    before = job("a woman with red hair, blue sweater, in a forest")
    finished, _ = await taken(backend, before)
    picture = tmp_path / "before.png"
    picture.write_bytes(finished.picture)
    edit = ImageToImage(path=picture, sha256="x", words="a green coat")
    was, _ = scene_of(before)
    changed = replace(before, seed=1234, prompt=parse("a woman with red hair, green coat, in a forest"), edit=edit)
    now, _ = scene_of(changed)
    assert now.sitters[0].outfit.garment == "coat"
    assert (now.sitters[0].person, now.place, now.light, now.camera, now.seed) == (
        was.sitters[0].person, was.place, was.light, was.camera, was.seed,
    )  # fmt: skip


async def test_of_faces_from_elsewhere_the_words_go_along_each_to_its_own(tmp_path: Path) -> None:
    stranger = tmp_path / "x.png"
    Image.new("RGB", (8, 8)).save(stranger)
    ana, kai = Looks(hair="long red hair", glasses="round glasses"), Looks(hair="a shaved head", beard="a beard")
    references = tuple(
        Reference(handle=handle, path=stranger, sha256=handle, looks=said)
        for handle, said in (("ana", ana), ("kai", kai))
    )
    scene, words = scene_of(job("@ana and @kai in a forest", references=references))
    left, right = (sitter.person for sitter in scene.sitters)
    assert (left.hair.style, left.hair.colour, left.glasses, left.beard.kind) == (
        "long straight", HAIR["red"], "round", "none",
    )  # fmt: skip
    assert (right.hair.style, right.glasses) == ("bald", "")
    assert right.beard.kind != "none"
    assert words.remembered == ("@ana: long red hair and round glasses", "@kai: a shaved head and a beard")


async def test_a_picture_without_a_scene_is_nobody_that_is_known(tmp_path: Path) -> None:
    stranger = tmp_path / "x.png"
    Image.new("RGB", (8, 8)).save(stranger)
    reference = Reference(handle="kai", path=stranger, sha256="x")
    scene, _ = scene_of(job("@kai in a hat", references=(reference,)))
    assert scene.sitters[0].outfit.hat
