"""One studio per test, on a stand-in Discord of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.stage import Stage
from tests.standin import Options, StandIn


@pytest.fixture
async def stage(tmp_path: Path, tiny_checkpoint: Path) -> AsyncIterator[Stage]:
    async with staged(Options(), tmp_path, tiny_checkpoint) as stage:
        yield stage


@pytest.fixture
async def patient_stage(tmp_path: Path, tiny_checkpoint: Path) -> AsyncIterator[Stage]:
    """A Discord that waits for its answers: what is counted there does not depend on how busy the machine is."""
    async with staged(Options(acknowledge_within_s=3600.0), tmp_path, tiny_checkpoint) as stage:
        yield stage


@asynccontextmanager
async def staged(options: Options, folder: Path, checkpoint: Path) -> AsyncIterator[Stage]:
    async with StandIn(options) as standin:
        stage = Stage.build(standin, folder / "studio", checkpoint)
        yield stage
        for bot in stage.processes:
            print(bot.text)  # shown by pytest when the test fails
            await bot.close()
        assert standin.unknown_requests == []
        assert standin.undescribed == []
