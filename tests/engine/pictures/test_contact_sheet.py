"""A contact sheet shows every frame in its shape, what differs in it, and how the series holds."""

import io

import pytest
from PIL import Image

from engine.pictures.contact_sheet import CELL_PX, CURVE_PX, Cell, Likenesses, likenesses, sheet
from tests.engine.providers.standin import picture


def cells(count: int, size: tuple[int, int] = (128, 192)) -> list[Cell]:
    """Frames in plain colours, the second of which was not made."""
    return [
        Cell(
            number=number,
            label="a place with a name that is longer than the frame is wide" if number == 1 else f"place {number}",
            picture=None if number == 2 else picture(size, 40 * number),
            missing="cancelled" if number == 2 else "",
            likeness=None if number == 2 else 50 + number,
        )
        for number in range(1, count + 1)
    ]


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


@pytest.mark.parametrize("count", [2, 5, 12, 24])
@pytest.mark.parametrize("size", [(128, 192), (192, 108)])
def test_a_sheet_of_any_length_is_of_a_sensible_shape(count: int, size: tuple[int, int]) -> None:
    made = opened(sheet("@ana, place varies", cells(count, size)))
    assert 0.4 < made.width / made.height < 2.6


def test_pictures_are_shown_in_their_colours_and_a_missing_one_in_none() -> None:
    made = opened(sheet("@ana", cells(3)))
    middles = [made.getpixel((14 + column * (CELL_PX * 2 // 3 + 14) + 100, 72 + 60)) for column in range(3)]
    assert [isinstance(middle, tuple) and middle[2] == pytest.approx(128, abs=4) for middle in middles] == [
        True,
        False,
        True,
    ]


def test_median_and_worst_are_of_the_frames_that_were_measured() -> None:
    assert likenesses(cells(5)) == Likenesses(54, 51, 1)
    assert likenesses([Cell(number=1, label="a", picture=None)]) is None


def test_frames_of_different_shapes_share_a_sheet() -> None:
    """As when the model varies: each keeps its own shape."""
    mixed = [Cell(number=1, label="one", picture=picture((128, 192), 1))]
    mixed.append(Cell(number=2, label="two", picture=picture((400, 200), 2)))
    assert opened(sheet("models", mixed)).width > CELL_PX


def test_a_curve_tells_how_a_series_held_where_two_frames_were_measured() -> None:
    shorter, longer = opened(sheet("@ana", cells(2))), opened(sheet("@ana", cells(3), columns=3))
    assert longer.height - shorter.height == CURVE_PX
    below = longer.crop((0, longer.height - CURVE_PX, longer.width, longer.height))
    reddish = [pixel for _, pixel in below.getcolors(2**18) or () if pixel[0] > 180 and pixel[2] < 90]  # type: ignore[index]
    assert reddish, "the worst is a dot in a colour of its own"
