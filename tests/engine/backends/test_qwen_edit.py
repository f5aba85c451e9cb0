"""Qwen-Image-Edit's pipeline as it is called. Its processor needs torchvision, so a stand-in with the same answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.backends.local.embeddings import Embeddings
from engine.backends.local.fine_tunes import FineTunes
from engine.backends.local.finishing import Unwritten
from engine.backends.local.job_prompt import words_for
from engine.backends.local.loaded import Loaded
from engine.backends.local.pipelines import recipe_for
from engine.backends.local.render import Rendering
from engine.jobs.job import Finished, ImageToImage, Job, ModelUnavailable, Progress
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model
from engine.models.model import Model
from engine.placement.plan import Placement
from tests.engine.backends.test_published_pipelines import studio_of
from tests.engine.backends.test_references import face
from tests.engine.stage import job
from tests.engine.tiny_models import qwen_parts

MODEL = local_model("Qwen/Qwen-Image-Edit-2511=m")


class Processor:
    """Words and pictures as Qwen2VLProcessor hands them on: a picture's place in the words is as long as it is."""

    def __init__(self, tokenizer: Any) -> None:
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        self._tokenizer = tokenizer
        self._pictures = Qwen2VLImageProcessorPil(
            patch_size=14, temporal_patch_size=2, merge_size=2, min_pixels=28 * 28, max_pixels=56 * 56
        )

    def __call__(self, *, text: list[str], images: list[Any], padding: bool, return_tensors: str) -> Any:
        seen = self._pictures(images=images, return_tensors=return_tensors)
        (said,) = text
        for grid in seen["image_grid_thw"]:
            said = said.replace("<|image_pad|>", "<|place|>" * (int(grid.prod()) // 4), 1)
        read = self._tokenizer([said.replace("<|place|>", "<|image_pad|>")], padding=padding, return_tensors="pt")
        seen["input_ids"], seen["attention_mask"] = read["input_ids"], read["attention_mask"]
        return seen


class Quiet:
    """Nobody follows, nobody cancels."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def tell(self, events: Sequence[tuple[str, Progress]]) -> None:
        self.steps += [event.step for _, event in events]

    def is_over(self, job_id: str) -> bool:
        return False


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    import torch
    from diffusers import QwenImageEditPlusPipeline
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as module

    for area in ("CONDITION_IMAGE_SIZE", "VAE_IMAGE_SIZE"):
        monkeypatch.setattr(module, area, 64 * 64)  # the real one reads every picture at a megapixel
    torch.manual_seed(5)
    parts = qwen_parts()
    pipe = QwenImageEditPlusPipeline(**parts, processor=Processor(parts["tokenizer"]))
    pipe.set_progress_bar_config(disable=True)
    return Loaded(MODEL, pipe, torch.device("cpu"), Placement(), {}, False, FineTunes(pipe, MODEL.title))


def rendered(loaded: Loaded, one: Job) -> Finished:
    words = words_for(one, loaded, Catalogue((MODEL,), "m"))
    watcher = Quiet()
    (done,) = Rendering(loaded, recipe_for(loaded, Embeddings(), one), [one], [words], watcher).run(0.0, 1.0)
    assert isinstance(done, Unwritten)
    assert watcher.steps == [0, 1, 2]
    return done.written()


def test_faces_and_the_picture_to_change_go_in_together(loaded: Loaded, tmp_path: Path) -> None:
    ana, kai = face(tmp_path, "ana", 1), face(tmp_path, "kai", 7)
    edit = ImageToImage(path=kai.path, sha256=kai.sha256, words="give her a blue hat")
    usual = {"steps": 2, "guidance": 4.0, "seed": 5}
    with_ana = rendered(loaded, job("A1", 0, references=(ana,), **usual))
    again = rendered(loaded, job("A1", 0, references=(ana,), **usual))
    changed = rendered(loaded, job("A1", 0, edit=edit, **usual))
    both = rendered(loaded, job("A1", 0, edit=edit, references=(ana,), **usual))
    assert (with_ana.width, with_ana.height) == (32, 48)
    assert with_ana.picture == again.picture
    assert len({with_ana.picture, changed.picture, both.picture}) == 3
    assert "blue hat" in changed.words.prompt


async def test_without_a_picture_it_says_what_it_needs() -> None:
    async for studio in studio_of(MODEL):
        with pytest.raises(ModelUnavailable, match="name a saved face with @, or use /edit"):
            await studio.pictures(job("A1", 0))
        assert studio.backend.max_batch(_model(studio.engine.catalogue), (32, 48)) == 1


def _model(catalogue: Catalogue) -> Model:
    return catalogue.get("m")
