"""Nothing waits for a disk on the event loop: files are looked at, read and written in threads."""

import asyncio
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from bot.core.settings import Settings
from tests import faces
from tests.bot.conftest import MODEL, World
from tests.bot.reading import answer, said
from tests.data.conftest import png
from tests.engine.loras import lora

_LOOKS: Final = ("stat", "lstat", "statvfs", "access")
"""Calls that wait for a disk and that Python's audit does not tell of."""
_TELLS: Final = frozenset({"open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.truncate"})


@dataclass
class Watch:
    """Where a file of `folder` was touched by a coroutine."""

    folder: Path | None = None
    found: set[str] = field(default_factory=set)

    def told(self, what: str, path: object) -> None:
        if self.folder is None or not isinstance(path, str | bytes | os.PathLike):
            return
        if not os.fsdecode(path).startswith(str(self.folder)) or asyncio._get_running_loop() is None:
            return
        ours = [frame for frame in traceback.extract_stack() if "/bot/" in frame.filename or "/data/" in frame.filename]
        at = [frame for frame in ours if "/tests/" not in frame.filename and "/engine/" not in frame.filename]
        if at:
            self.found.add(f"{what} of {Path(os.fsdecode(path)).name} in {at[-1].filename}:{at[-1].lineno}")


_WATCH: Final = Watch()
sys.addaudithook(lambda event, values: _WATCH.told(event, values[0]) if event in _TELLS else None)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Watch]:
    """Watches this test's folder until its end."""
    for name in _LOOKS:
        before = getattr(os, name)

        def asked(path: Any, *rest: Any, before: Any = before, name: str = name, **more: Any) -> Any:
            _WATCH.told(name, path)
            return before(path, *rest, **more)

        monkeypatch.setattr(os, name, asked)
    _WATCH.found.clear()
    _WATCH.folder = tmp_path
    yield _WATCH
    _WATCH.folder = None


@pytest.fixture
def settings(settings: Settings, tiny_checkpoint: Path, tmp_path: Path) -> Settings:
    """A disk that is asked how full it is, and a fine-tune whose header is read."""
    lora(tmp_path / "fine-tunes", "film", tiny_checkpoint, card=f'base = "{MODEL}"')
    return settings.model_copy(update={"model_fine_tunes": str(tmp_path / "fine-tunes"), "data_free_mib": 1})


async def rolled_back(world: World) -> None:
    """A picture is adopted, and its transaction fails."""
    staged = await world.stores.pictures.stage(png())
    async with world.stores.database.transaction() as tx:
        await world.stores.pictures.adopt(tx, staged)
        raise ZeroDivisionError


async def test_no_command_and_no_start_touches_a_file_on_the_event_loop(watch: Watch, world: World) -> None:
    assert not watch.found, "while it started"
    world.stores.pictures.path("0" * 64)
    assert watch.found, "a look at the disk is noticed"
    watch.found.clear()
    await world.agree(world.sam)
    face = {"attachment": ("x.png", faces.png("ana-1"))}
    assert "Saved" in said(await world.sam.slash(world.channel, "character save", name="ana", **face))
    assert (await world.portrait(world.sam, "@ana in a white shirt", finetune="film")).attachments
    assert answer(await world.sam.slash(world.channel, "edit", change="a red hat")) is not None
    assert answer(await world.sam.slash(world.channel, "character show", name="ana")).embeds
    assert "That was everything" in said(await world.sam.slash(world.channel, "privacy export"))
    assert await world.stores.portraits.delete(1, 0.0)
    with pytest.raises(ZeroDivisionError):
        await rolled_back(world)
    await world.restart()
    assert not watch.found
