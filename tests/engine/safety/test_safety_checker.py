"""The folder of a safety checker of diffusers as the classifier, on a tiny random one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.pictures.intake import encode_png
from engine.safety.not_scored import NotScored
from engine.safety.picture_classifier import found_classifier, missing
from engine.safety.safety_checker import SafetyChecker
from tests.engine.safety.test_picture_classifier import WHITE, ellipses

BLACK = encode_png(Image.new("RGB", (64, 96)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checker of random weights whose only concept is what it sees in the ellipses."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    torch.manual_seed(0)
    tiny = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    sight = {**tiny, "image_size": 32, "patch_size": 8}
    config = CLIPConfig(vision_config=sight, text_config=tiny, projection_dim=16)
    checker = StableDiffusionSafetyChecker(config).eval()
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    (tmp_path / "seen.png").write_bytes(ellipses())
    with torch.no_grad(), Image.open(tmp_path / "seen.png") as picture:
        pixels = processor(images=picture.convert("RGB"), return_tensors="pt").pixel_values
        seen = checker.visual_projection(checker.vision_model(pixels)[1])
        checker.concept_embeds.copy_(seen.expand_as(checker.concept_embeds))
        checker.concept_embeds_weights.fill_(0.95)
        checker.special_care_embeds_weights.fill_(2.0)
    checker.save_pretrained(tmp_path / "checker")
    processor.save_pretrained(tmp_path / "checker")
    return tmp_path / "checker"


def test_it_scores_by_what_the_checker_is_near_to(folder: Path) -> None:
    """Half where its own line is; with a special concept near, the line is nearer."""
    classifier = found_classifier(str(folder))
    assert isinstance(classifier, SafetyChecker)
    assert classifier.name == "checker"
    assert classifier.score(ellipses()) > 0.9
    assert classifier.score(WHITE) < 0.5
    assert classifier.score(BLACK) < 0.5
    with pytest.raises(NotScored, match="checker gave no score"):
        classifier.score(b"no picture")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "is missing"),
        ("preprocessor_config.json", "is missing"),
    ],
)
def test_a_folder_without_its_files_is_named_and_not_used(folder: Path, broken: str, why: str) -> None:
    (folder / broken).unlink()
    assert why in missing(str(folder))
    assert found_classifier(str(folder)) is None


def test_a_folder_of_another_kind_is_not_run(folder: Path) -> None:
    (folder / "config.json").write_text('{"architectures": ["AutoModelForMischief"]}')
    assert "no other kind of folder is run" in missing(str(folder))
    damaged = SafetyChecker(folder)
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(NotScored):
        damaged.score(WHITE)
