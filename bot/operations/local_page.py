"""A local page that looks like Discord, for `make demo`: SimCord's preview, made to show work in progress.

Stock SimCord waits after every action until the bot has nothing left to do, so a long job shows nothing until it
ends. Here each action waits a moment only, and every change of a message refreshes the page. This reaches into
private parts of simcord 3.2.1, the exact version that `pyproject.toml` pins, and nothing else may import it: SimCord
patches the event loop, so a process that talks to the real Discord must never load this module.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import discord
import simcord
from simcord._clock import Clock

ACTION_WAIT_S: Final = 1.0
TIMER_WAIT_S: Final = 0.02
REFRESH_DELAY_S: Final = 0.25


class WallClock(Clock):
    """Real time, except while a moment is set, so that what is made then has the same id in every run."""

    def __init__(self) -> None:
        super().__init__()
        self.moment: datetime | None = None

    def now(self) -> datetime:
        return self.moment or datetime.now(UTC)


class LiveEnv(simcord.Env):
    """An environment whose actions return while the bot still works."""

    def __init__(self, bot: discord.Client) -> None:
        super().__init__(bot, check_errors=False, shard_count=1, settle_timeout=30.0)
        self.clock = WallClock()
        self.backend.clock = self.clock
        self.live = False

    async def _settle_internal(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is SimCord's
        idle: float = 0.05,
        dispatch: str | None = None,
        _deadline: float | None = None,
    ) -> None:
        if not self.live:
            await super()._settle_internal(timeout=timeout, idle=idle, dispatch=dispatch, _deadline=_deadline)
            return
        # A deadline comes with a timer of the bot that is due: it must not wait for the rest of the bot's work.
        wait_s = ACTION_WAIT_S if _deadline is None else TIMER_WAIT_S
        with suppress(TimeoutError):
            await super()._settle_internal(timeout=wait_s, idle=idle, dispatch=dispatch)


@asynccontextmanager
async def world(bot: discord.Client, *, bot_name: str) -> AsyncIterator[LiveEnv]:
    """The bot, connected to a Discord in memory and closed at the end."""
    env = LiveEnv(bot)
    env.backend.bot_user.name = bot_name
    try:
        await env.start()
        with env.time_context():
            yield env
    finally:
        env.live = False
        await bot.close()  # SimCord does not close a bot, it cancels what the bot still does
        await env.shutdown()


@asynccontextmanager
async def page(
    env: LiveEnv, channel: Any, viewers: Sequence[Any], *, port: int, time_zone: str = "UTC"
) -> AsyncIterator[Any]:
    """Serve the channel on 127.0.0.1; the address, in `.url`, carries the key that opens it."""
    env.live = True
    async with env.preview(channel, viewers=viewers, layout="channel", port=port, timezone=time_zone) as preview:
        refresher = _Refresher(preview)
        env.backend.subscribers.append(refresher.heard)
        try:
            yield preview
        finally:
            env.backend.subscribers.remove(refresher.heard)
            refresher.stop()


class _Refresher:
    """Redraws the open pages shortly after messages change, many changes at once."""

    def __init__(self, preview: Any) -> None:
        self._preview = preview
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def heard(self, event: str, payload: Mapping[str, Any]) -> None:
        if event.startswith("MESSAGE_") and self._handle is None:
            self._handle = self._loop.call_later(REFRESH_DELAY_S, self._refresh)

    def _refresh(self) -> None:
        self._handle = None
        self._preview._publish_message_pages(reason="refresh")

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
