"""The photo studio in a bot of its own process, where neither torch nor diffusers can be imported."""

from __future__ import annotations

import io
import os
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from tests.e2e.browser import DemoProcess
from tests.e2e.stage import Stage
from tests.standin.process import REPOSITORY

HEAVY = ("torch", "diffusers", "transformers", "peft", "accelerate", "anny")
PICTURE_S = 300


@pytest.fixture
def without_torch(tmp_path: Path) -> dict[str, str]:
    """Environment in which every Python, also one that another starts, is without them, as after `make demo`."""
    folder = tmp_path / "without"
    folder.mkdir()
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in HEAVY)]
    (folder / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(REPOSITORY)))}


async def test_the_demo_opens_without_torch(without_torch: dict[str, str], tmp_path: Path) -> None:
    demo = DemoProcess(tmp_path / "demo", environment=without_torch)
    await demo.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(demo.address) as page:
            assert page.status == 200
    finally:
        assert await demo.stop() == 0


async def test_a_portrait_is_taken_without_torch(stage: Stage, without_torch: dict[str, str]) -> None:
    studio = {"MODEL_BUILTIN": "true", "MODEL_DEFAULT": "built-in", "MODEL_STUDIO_QUALITY": "draft"}
    bot = stage.process(**studio, **without_torch)
    await bot.start()
    try:
        shown = await stage.portrait(timeout_s=PICTURE_S)
        with Image.open(io.BytesIO(shown.attachments[0].content)) as picture:
            assert picture.size == (512, 768)
    finally:
        await bot.terminate()
