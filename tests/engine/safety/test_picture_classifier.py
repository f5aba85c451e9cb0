"""Looking at pictures in a process apart: the model of the wheel, an operator's own, and what is no score."""

import math
import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from engine.pictures.intake import encode_png
from engine.safety import picture_classifier
from engine.safety.not_scored import NotScored
from engine.safety.onnx_card import BadCard, OnnxCard, read_card
from engine.safety.onnx_scores import share
from engine.safety.picture_classifier import ClassifierApart, found_classifier, missing

WHITE = encode_png(Image.new("RGB", (96, 64), "white"))
GROUND = (156, 100, 65)
ELLIPSES = (
    (28, 218, 43, 3, (173, 111, 86)), (199, 197, 103, 16, (239, 170, 143)), (106, 156, 68, 30, (176, 100, 93)),
    (37, 190, 60, 61, (247, 203, 142)), (126, 55, 31, 80, (204, 115, 110)), (63, 81, 96, 97, (92, 67, 17)),
    (45, 140, 110, 112, (189, 175, 127)), (112, 8, 94, 65, (189, 158, 123)), (205, 3, 19, 41, (212, 155, 131)),
    (88, 53, 15, 7, (220, 185, 161)), (222, 231, 73, 87, (225, 156, 132)),
)  # fmt: skip
"""Middle, half axes and colour: a picture of nothing that the model in the wheel takes for sexual, at 0.91."""
CARD = """side = 8
mean = [0, 0, 0]
std = [1, 1, 1]
sexual = [1, 2]
ends = "none"
"""


def ellipses() -> bytes:
    """The picture of `ELLIPSES`, blurred, as PNG."""
    picture = Image.new("RGB", (256, 256), GROUND)
    pen = ImageDraw.Draw(picture)
    for x, y, across, down, colour in ELLIPSES:
        pen.ellipse((x - across, y - down, x + across, y + down), fill=colour)
    return encode_png(picture.filter(ImageFilter.GaussianBlur(3)))


@pytest.mark.skipif(bool(missing()) and os.environ.get("CI") != "true", reason=f"the model in the wheel: {missing()}")
def test_the_model_of_the_wheel_scores_in_a_process_apart() -> None:
    classifier = found_classifier()
    assert classifier is not None
    assert 0 <= classifier.score(WHITE) < 0.2
    assert classifier.score(ellipses()) > 0.7
    with pytest.raises(NotScored, match="no score"):
        classifier.score(b"no picture")
    assert picture_classifier._apart().pid is not None


def test_a_file_that_is_damaged_gives_no_score(tmp_path: Path) -> None:
    """Whatever is missing of it, too: the packages, or the model in the file."""
    (tmp_path / "own.onnx").write_bytes(b"damaged")
    (tmp_path / "own.toml").write_text(CARD)
    with pytest.raises(NotScored, match="no score"):
        ClassifierApart(str(tmp_path / "own.onnx")).score(WHITE)


@pytest.mark.parametrize(
    ("card", "wrong"),
    [
        ("side = 0", "side"),
        ("side = 8.5", "side"),
        ("mean = [1, 2]", "mean"),
        ("std = [1, 0, 1]", "std"),
        ("sexual = []", "sexual"),
        ("sexual = [-1]", "sexual"),
        ('ends = "max"', "ends"),
        ("code = 1", "code"),
        ("side = ", "cannot be read"),
    ],
)
def test_a_card_that_says_nonsense_is_refused(tmp_path: Path, card: str, wrong: str) -> None:
    (tmp_path / "own.onnx").write_bytes(b"")
    (tmp_path / "own.toml").write_text(card)
    with pytest.raises(BadCard, match=wrong):
        read_card(tmp_path / "own.onnx")


def test_only_an_onnx_file_with_a_card_is_run(tmp_path: Path) -> None:
    for name, why in (("own.pt", "no ONNX file"), ("own.onnx", "there is no file")):
        with pytest.raises(BadCard, match=why):
            read_card(tmp_path / name)
    (tmp_path / "own.onnx").write_bytes(b"")
    with pytest.raises(BadCard, match=r"own\.toml"):
        read_card(tmp_path / "own.onnx")
    (tmp_path / "own.toml").write_text(CARD)
    assert read_card(tmp_path / "own.onnx").sexual == (1, 2)


def test_what_the_sexual_ones_say_together_is_the_score() -> None:
    assert share([0.5, 0.25, 0.125], OnnxCard(sexual=(1, 2), ends="none")) == 0.375
    assert share([0.0, 0.0], OnnxCard()) == 0.5
    assert share([100.0, 0.0, 3.0], OnnxCard(sexual=(1, 2), ends="sigmoid")) == pytest.approx(1 / (1 + math.exp(-3)))
    with pytest.raises(ValueError, match="no numbers"):
        share([math.nan, 0.0], OnnxCard())
