"""Saved faces through a tiny adapter that is told embeddings, as dlib measures them."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine import face_adapter, identity
from engine.backends.local.pipelines import StableDiffusion3
from engine.backends.local.render import IGNORED_NOTE
from engine.backends.local.runtime import LocalSettings
from engine.backends.local.shelf import Shelf
from engine.dialects import Words
from engine.face_adapter import FILE, PRIOR_FILE, FaceScale
from engine.jobs import Edit, ModelUnavailable, Reference
from tests import faces
from tests.engine.adapters import add_face_adapter, add_prior
from tests.engine.stage import job, tiny
from tests.engine.test_diffusers import Studio, pixels


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_checkpoint, folder)
    add_face_adapter(folder)
    return folder


@asynccontextmanager
async def studio_of(checkpoint: Path) -> AsyncIterator[Studio]:
    studio = Studio(tiny(checkpoint), LocalSettings())
    try:
        yield studio
    finally:
        await studio.engine.stop(10.0)


@pytest.fixture
async def studio(checkpoint: Path) -> AsyncIterator[Studio]:
    async with studio_of(checkpoint) as studio:
        yield studio


def reference(path: Path) -> Reference:
    return Reference(handle=path.stem, path=path, sha256=path.stem)


async def test_the_face_changes_the_picture_and_what_is_about_it_does_not(studio: Studio, tmp_path: Path) -> None:
    one, other = sorted(faces.FOLDER.glob("*.png"))[:2]
    wider = tmp_path / "wider.png"
    with Image.open(one) as image:
        plain = FaceScale((0.0,) * 128, (1.0,) * 128)
        framed = Image.new("RGB", (image.width + 40, image.height + 40), "navy")
        framed.paste(image, (20, 20))
        framed.save(wider)
        assert torch.linalg.vector_norm(plain.token_of(image) - plain.token_of(framed)) < 0.3
    shown = [()] + [(reference(path),) for path in (one, other)]
    made = [(await studio.pictures(job(f"A{nth}", nth, seed=1, references=r)))[0] for nth, r in enumerate(shown)]
    assert len({each.picture for each in made}) == 3


async def test_what_was_measured_at_saving_counts_and_the_picture_is_not_looked_at_again(
    studio: Studio, tmp_path: Path
) -> None:
    path = next(faces.FOLDER.glob("*.png"))
    measured = identity.look(path)[0].embedding
    saved = Reference(handle="ana", path=tmp_path / "not read.png", sha256="saved", embedding=measured)
    (by_picture,) = await studio.pictures(job("A1", 0, seed=1, references=(reference(path),)))
    (by_numbers,) = await studio.pictures(job("A2", 1, seed=1, references=(saved,)))
    assert by_picture.picture == by_numbers.picture


async def test_a_picture_without_a_face_is_told_as_the_mean_face(studio: Studio, tmp_path: Path) -> None:
    blank, empty = tmp_path / "blank.png", tmp_path / "empty.png"
    Image.new("RGB", (64, 64), "grey").save(blank)
    Image.new("RGB", (64, 64), "teal").save(empty)
    made = [
        (await studio.pictures(job(f"A{nth}", nth, seed=1, references=(reference(path),))))[0]
        for nth, path in enumerate((blank, empty))
    ]
    assert made[0].picture == made[1].picture


@pytest.fixture
def casting(checkpoint: Path) -> Path:
    """The checkpoint with a prior."""
    add_prior(checkpoint)
    return checkpoint


async def test_without_a_reference_a_face_is_drawn_by_the_seed(casting: Path) -> None:
    async with studio_of(casting) as studio:
        (alone,) = await studio.pictures(job("A1", 0, seed=7))
        one, other = await studio.pictures(job("A2", 1, seed=7), job("A3", 2, seed=8))
    assert one.batch == 2
    assert np.abs(pixels(alone) - pixels(one)).max() <= 2
    assert np.abs(pixels(one) - pixels(other)).max() > 2
    prior = face_adapter.read_prior(casting / "ip_adapter")
    assert prior is not None
    words = torch.ones(1, 3, prior.weight.shape[1])
    assert torch.equal(prior.token(words, -7), prior.token(words, -7))
    assert not torch.equal(prior.token(words, 7), prior.token(words, 8))


async def test_a_picture_that_is_changed_keeps_its_own_face(casting: Path) -> None:
    path = next(faces.FOLDER.glob("*.png"))
    edited = job("A1", 0, seed=7, edit=Edit(path=path, sha256="seen", words="a hat"))
    async with studio_of(casting) as studio:
        await studio.pictures(edited, replace(edited, id="A2", edit=Edit(path=path, sha256="seen", words="a scarf")))
        seen, loaded = studio.backend.embeddings, studio.loaded()
    assert seen is not None
    assert loaded.face_scale is not None
    assert seen.references.made == 1
    kept = seen.reference(loaded, Reference(handle="", path=path, sha256="seen"))
    assert seen.references.made == 1
    with Image.open(path) as image:
        assert torch.equal(kept, loaded.face_scale.token_of(image))


async def test_without_the_measure_of_faces_one_is_still_drawn(casting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "missing", lambda: "dlib is not installed")
    saved = reference(next(faces.FOLDER.glob("*.png")))
    async with studio_of(casting) as studio:
        (one,) = await studio.pictures(job("A1", 0, seed=7))
        (other,) = await studio.pictures(job("A2", 1, seed=8))
        (asked,) = await studio.pictures(job("A3", 2, seed=7, references=(saved,)))
    assert one.picture != other.picture
    assert one.picture == asked.picture
    assert IGNORED_NOTE in asked.note


@pytest.mark.parametrize("part", ["bias", "people"])
def test_a_prior_that_cannot_be_used_says_why(casting: Path, part: str) -> None:
    path = casting / "ip_adapter" / PRIOR_FILE
    tensors = load_file(path)
    save_file({name: value for name, value in tensors.items() if name != part}, path)
    with pytest.raises(ModelUnavailable, match="damaged"):
        Shelf(LocalSettings()).take(tiny(casting).get("m"), lambda: None)
    save_file(tensors | {part: tensors[part][:1]}, path)
    with pytest.raises(ValueError, match="128 numbers"):
        face_adapter.read_prior(casting / "ip_adapter")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"measure": identity.MEASURE + 1}, "another version"),
        ({"middle": [0.0]}, "128 means"),
        ({"spread": [0.0] * 128}, "128 means"),
        ({"spread": "wide"}, "damaged"),
    ],
)
def test_an_adapter_that_cannot_be_used_says_why(checkpoint: Path, change: dict[str, object], words: str) -> None:
    path = checkpoint / "ip_adapter" / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=words):
        face_adapter.read(checkpoint / "ip_adapter")
    with pytest.raises(ModelUnavailable, match=words):
        Shelf(LocalSettings()).take(tiny(checkpoint).get("m"), lambda: None)


async def test_guidance_is_by_the_words_alone(studio: Studio) -> None:
    """A face that is told by its embedding is told in both halves; the words are in one."""
    held = job("A1", 0, seed=1, guidance=3.0, references=(reference(next(faces.FOLDER.glob("*.png"))),))
    await studio.pictures(held)
    loaded, embeddings = studio.loaded(), studio.backend.embeddings
    assert embeddings is not None
    made = StableDiffusion3(loaded, embeddings, held).arguments([held], [Words("a woman", "")])
    away, towards = made["joint_attention_kwargs"]["ip_adapter_image_embeds"]
    assert torch.equal(away, towards)
    assert towards.any()
    assert not torch.equal(made["prompt_embeds"], made["negative_prompt_embeds"])
