"""One studio per test, on a stand-in Discord of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage
from tests.standin import Options, StandIn


@pytest.fixture
async def stage(tmp_path: Path, tiny_checkpoint: Path) -> AsyncIterator[Stage]:
    async with StandIn(Options()) as standin:
        stage = Stage.build(standin, tmp_path / "studio", tiny_checkpoint)
        yield stage
        for bot in stage.processes:
            print(bot.text)  # shown by pytest when the test fails
            await bot.close()
        assert standin.unknown_requests == []
