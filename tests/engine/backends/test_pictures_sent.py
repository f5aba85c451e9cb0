"""A picture to change, faces, outfits, places and styles: each provider gets them in its own fields, in the order in
which the words count them, and is told what each is for."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.jobs.job import ImageToImage, Reference, Role
from engine.models.model import Provider
from engine.prompt import PortraitPrompt
from tests.engine.providers.stage import STANDINS, Stage
from tests.engine.providers.standin import picture as solid
from tests.engine.stage import picture

ABLE: list[tuple[Provider, str]] = [
    ("mage", "mango/mango-v2"),
    ("bfl", "flux-2-klein-9b"),
    ("openai", "gpt-image-2"),
    ("google", "gemini-3.1-flash-image"),
]
PORTRAIT, FACE, COAT, HALL = (300, 400), (200, 200), (100, 160), (160, 100)
PROMPT = PortraitPrompt(subject="@ana", clothing="wearing @coat", characters=("ana", "coat"))


@pytest.fixture(params=ABLE, ids=lambda able: able[0])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Each provider with a model that changes pictures; its stand-in must have found no fault with a request."""
    provider, source = request.param
    async with STANDINS[provider]() as standin:
        stage = Stage(standin, models=(source,))
        yield stage
        await stage.engine.stop(5.0)
        assert standin.invalid == []


def stored(folder: Path, size: tuple[int, int]) -> dict[str, Any]:
    """A stored picture of this size."""
    path = folder / f"{size[0]}x{size[1]}.png"
    path.write_bytes(solid(size, size[0]))
    return {"path": path, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def others(folder: Path) -> tuple[Reference, ...]:
    """An outfit and a place, before a face: the order in which somebody named them."""
    return (
        Reference(handle="coat", role=Role.OUTFIT, **stored(folder, COAT)),
        Reference(handle="", role=Role.PLACE, **stored(folder, HALL)),
        Reference(handle="ana", **stored(folder, FACE)),
    )


async def test_faces_come_first_and_every_picture_is_said_by_its_number(stage: Stage, tmp_path: Path) -> None:
    await picture(stage.engine, stage.job(prompt=PROMPT, references=others(tmp_path)))
    (sent,) = stage.standin.bought
    assert sent.sizes == (FACE, COAT, HALL)
    assert "picture 1" in sent.prompt
    assert "the outfit in" in sent.prompt
    assert "picture 2 shows the outfit" in sent.prompt
    assert "picture 3 shows the place" in sent.prompt
    assert "@" not in sent.prompt


async def test_the_picture_to_change_is_the_first_and_the_change_is_what_is_said(stage: Stage, tmp_path: Path) -> None:
    edit = ImageToImage(words="put @ana into @coat, at night", **stored(tmp_path, PORTRAIT))
    done = await picture(stage.engine, stage.job(prompt=PROMPT, references=others(tmp_path), edit=edit))
    (sent,) = stage.standin.bought
    assert sent.sizes == (PORTRAIT, FACE, COAT, HALL)
    assert "picture 1 like this: put the person in" in sent.prompt
    assert "at night" in sent.prompt
    assert "picture 3 shows the outfit" in sent.prompt
    assert "Keep the face" in sent.prompt
    assert "@" not in sent.prompt
    assert done.words.prompt == sent.prompt


async def test_an_edit_alone_sends_the_picture_alone(stage: Stage, tmp_path: Path) -> None:
    edit = ImageToImage(words="a navy suit", **stored(tmp_path, PORTRAIT))
    await picture(stage.engine, stage.job(edit=edit))
    (sent,) = stage.standin.bought
    assert sent.sizes == (PORTRAIT,)
    assert "red scarf" not in sent.prompt


async def test_what_there_is_no_room_for_is_left_out_from_the_end(stage: Stage, tmp_path: Path) -> None:
    many = tuple(
        Reference(handle=f"coat{number}", role=Role.OUTFIT, **stored(tmp_path, (100 + number, 90)))
        for number in range(20)
    )
    face = Reference(handle="ana", **stored(tmp_path, FACE))
    edit = ImageToImage(words="at night", **stored(tmp_path, PORTRAIT))
    await picture(stage.engine, stage.job(references=(*many, face), edit=edit))
    (sent,) = stage.standin.bought
    assert len(sent.sizes) == stage.model.references
    assert sent.sizes[:3] == (PORTRAIT, FACE, (100, 90))
