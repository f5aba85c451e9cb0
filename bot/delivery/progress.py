"""The status message of an order, while that waits and runs."""

import asyncio
import logging
import time
from typing import Final, Protocol

import aiohttp
import discord

from bot.components import portrait_buttons, series_menus
from bot.core.studio_watcher import StudioWatcher
from bot.delivery.payloads import ChannelClosed, MessageGone, Payload
from bot.messages import alt_text, cards, series_sheet
from bot.messages.alt_text import DescribedPicture
from data.orders.jobs import Order
from engine.jobs.job import Downloading, Event, Progress, Queued
from engine.prompt import from_json

log = logging.getLogger(__name__)

RUNNING_EDIT_S: Final = 1.3
WAITING_EDIT_S: Final = 10.0


class Pace(Protocol):
    """Bounds how many edits go out a second, over all messages."""

    def admit(self) -> bool: ...


class Eyes(Protocol):
    """Looks at a preview before anybody sees it."""

    async def may_preview(self, picture: bytes) -> bool: ...


class Editor(Protocol):
    """What edits a status message."""

    @property
    def pace(self) -> Pace: ...
    @property
    def safety(self) -> Eyes: ...
    @property
    def watcher(self) -> StudioWatcher: ...
    async def edit(self, order: Order, payload: Payload) -> None: ...
    async def sheet_so_far(self, order: Order) -> series_sheet.Sheet | None: ...


class DiscordProgressMessage:
    """The status message of one order. Updates are coalesced; the result waits for the edit in flight and is last."""

    def __init__(self, messenger: Editor, order: Order) -> None:
        self._messenger = messenger
        self._order = order
        self._prompt = from_json(order.prompt)
        self._stages = {row.id: cards.Stage(done=row.portrait_id is not None) for row in order.jobs}
        self._again: set[str] = set()
        self._unseen: tuple[str, bytes] | None = None
        self._preview: bytes | None = None
        self._sheet: series_sheet.Sheet | None = None
        self._on_sheet = 0
        self._last_edit = 0.0
        self._busy = asyncio.Lock()
        self._wake: asyncio.Task[None] | None = None
        self._closed = False

    def update(self, job_id: str, event: Event) -> None:
        """Note where a portrait is; the message is edited when its turn comes."""
        if isinstance(event, Progress) and event.preview is not None:
            self._unseen = (job_id, event.preview)
        self._stages[job_id] = cards.Stage(event=event, again=job_id in self._again)
        self._schedule()

    def again(self, job_id: str) -> None:
        """A portrait is made once more; nothing is wrong."""
        self._again.add(job_id)

    def ended(self, job_id: str, sentence: str = "") -> None:
        self._stages[job_id] = cards.Stage(ended=sentence, done=not sentence)
        self._schedule()

    async def close(self) -> None:
        """No progress is shown after this returns."""
        self._closed = True
        async with self._busy:
            pass
        if self._wake is not None and not self._wake.done():
            self._wake.cancel()
            await asyncio.gather(self._wake, return_exceptions=True)

    def _schedule(self) -> None:
        if not self._closed and (self._wake is None or self._wake.done()):
            self._wake = asyncio.create_task(self._edit_soon(), name=f"status-{self._order.id}")

    async def _edit_soon(self) -> None:
        shown: dict[str, cards.Stage] = {}
        while not self._closed and shown != self._stages:
            wait_s = self._last_edit + self._interval() - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, RUNNING_EDIT_S))
                continue
            if not self._messenger.pace.admit():
                await asyncio.sleep(0.2)
                continue
            async with self._busy:
                shown = dict(self._stages)
                await self._edit()

    def _interval(self) -> float:
        waiting = all(isinstance(stage.event, Queued | Downloading) for stage in self._stages.values())
        return WAITING_EDIT_S if waiting else RUNNING_EDIT_S

    async def _edit(self) -> None:
        if self._closed:
            return
        self._last_edit = time.perf_counter()
        await self._look()
        await self._draw_sheet()
        picture = self._picture()
        labels = [row.label for row in self._order.jobs if row.label]
        embed = cards.status(self._prompt, list(self._stages.values()), has_preview=picture is not None, labels=labels)
        payload = Payload([embed], (picture,) if picture is not None else (), self._view())
        try:
            await self._messenger.edit(self._order, payload)
        except (MessageGone, ChannelClosed):
            self._closed = True
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("a progress edit failed: %s", type(error).__name__, extra={"job": self._order.id})

    async def _look(self) -> None:
        """Only what was looked at is shown; what may not be takes away what was shown before it."""
        unseen, self._unseen = self._unseen, None
        if unseen is not None:
            job_id, preview = unseen
            self._preview = preview if await self._messenger.safety.may_preview(preview) else None
            self._messenger.watcher.preview_looked_at(job_id, self._preview)

    def _picture(self) -> DescribedPicture | None:
        """What can be shown of it by now: the newest preview, of a series the sheet."""
        if self._sheet is None:
            alt = alt_text.of_preview(self._prompt)
            return DescribedPicture(cards.PREVIEW_NAME, self._preview, alt) if self._preview else None
        alt = alt_text.of_sheet(self._sheet.title, self._sheet.cells)
        return DescribedPicture(cards.PREVIEW_NAME, self._sheet.open_jpeg, alt) if self._sheet.open_jpeg else None

    async def _draw_sheet(self) -> None:
        """A series shows its pictures as they come."""
        done = sum(stage.done for stage in self._stages.values())
        if done > self._on_sheet:
            self._on_sheet = done
            self._sheet = await self._messenger.sheet_so_far(self._order)

    def _view(self) -> discord.ui.View:
        if self._sheet is None:
            return portrait_buttons.running(self._order.id)
        return series_menus.running(self._order.id, self._order.id, self._sheet.finished)
