"""A studio on the stand-in Discord: people, a channel, the bot in this process or in one of its own, and its books."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.client import StudioBot
from bot.core.settings import Settings
from bot.operations.callbacks import repeat_lost_callbacks
from bot.operations.endpoints import point_discord_at
from data.core.database import Database
from data.credits import ledger
from tests.engine.tiny_models import entry, models_file
from tests.standin import Channel, Guild, Interaction, Message, Person, StandIn
from tests.standin.process import BotProcess
from tests.standin.warm import WarmBotProcess

MODEL = "tiny"
PROMPT = "a woman in a red coat, on a beach at dawn"
DISCORD = ("https://discord.com/api/v10", "wss://gateway.discord.gg/")


@dataclass(slots=True)
class Stage:
    """The stand-in with one server, one channel, two members and a moderator."""

    standin: StandIn
    guild: Guild
    channel: Channel
    ana: Person
    ben: Person
    mod: Person
    folder: Path
    models: str
    processes: list[BotProcess] = field(default_factory=list)

    @classmethod
    def build(cls, standin: StandIn, folder: Path, checkpoint: Path) -> Stage:
        guild = standin.add_guild("Studio")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(
            standin=standin,
            guild=guild,
            channel=standin.add_channel(guild, "portraits"),
            ana=standin.add_member(guild, "ana"),
            ben=standin.add_member(guild, "ben"),
            mod=standin.add_moderator(guild, "mod"),
            folder=folder,
            models=models_file(folder, entry(checkpoint, MODEL)),
        )

    @property
    def var(self) -> Path:
        """The bot's data folder."""
        return self.folder / "var"

    def process(self, **settings: str) -> BotProcess:
        """The bot as a process of its own, on this stage's folder: `python -m bot`."""
        return self._kept(BotProcess(self.standin, self.folder, {**self.environment(), **settings}))

    def warm_process(self, **settings: str) -> BotProcess:
        """The same, forked from a process that has imported everything: for tests that start it again and again."""
        return self._kept(WarmBotProcess(self.standin, self.folder, {**self.environment(), **settings}))

    def _kept(self, bot: BotProcess) -> BotProcess:
        self.processes.append(bot)
        return bot

    def environment(self) -> dict[str, str]:
        return {
            "MODEL_BUILTIN": "false",
            "MODEL_FILE": self.models,
            "MODEL_DEFAULT": MODEL,
            "DISCORD_SERVERS": json.dumps([self.guild.id]),
            "DISCORD_DIRECT_MESSAGES": "true",
            "DISCORD_SERVERS_PAUSE_S": "0.2",  # there is one
            "REVIEW_SHOWN": "false",
        }

    def live(self, **settings: object) -> LiveBot:
        """The bot in this process, on real sockets all the same."""
        values: dict[str, object] = {
            "data_folder": self.var,
            "data_free_mib": 0,
            "model_builtin": False,
            "model_file": self.models,
            "model_default": MODEL,
            "discord_servers": (self.guild.id,),
            "discord_direct_messages": True,
            "discord_servers_pause_s": 0.02,
        }
        return LiveBot(self.standin, {**values, **settings})

    async def order(self, who: Person | None = None, prompt: str = PROMPT, **options: object) -> Interaction:
        """Send `/portrait` and wait till it is acknowledged."""
        sent = await (who or self.ana).slash(self.channel, "portrait", {"prompt": prompt, **options})
        return await sent.wait_acked()

    async def accepted(self, who: Person | None = None) -> Interaction:
        """An order that is written down: its message shows where it stands."""
        order = await self.order(who)
        await order.shown()
        return order

    async def portrait(self, who: Person | None = None, timeout_s: float = 240) -> Message:
        """A finished portrait's message."""
        return await finished(await self.order(who), timeout_s)

    def shown(self) -> list[Message]:
        """The messages of all channels that show a finished portrait."""
        channels = list(self.standin.world.channels.values())
        return [m for c in channels for m in c.history if is_portrait(m)]


class LiveBot:
    """A `StudioBot` that runs in the test's own loop."""

    def __init__(self, standin: StandIn, values: Mapping[str, object]) -> None:
        self.standin = standin
        self.values = dict(values)
        self.bot: StudioBot | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> StudioBot:
        """Connect; returns once it is ready."""
        settings = Settings(_env_file=None, **self.values)  # type: ignore[call-arg, arg-type]  # pydantic-settings
        point_discord_at(self.standin.api_url, self.standin.gateway_url)
        repeat_lost_callbacks()
        settings.data_folder.mkdir(parents=True, exist_ok=True)
        self.bot = await StudioBot.open(settings)
        before = self.standin.gateway.identifies
        self._running = asyncio.create_task(self.bot.start(self.standin.token))
        await self.standin.until(lambda: self.standin.ready and self.standin.gateway.identifies > before, 30)
        await asyncio.wait_for(self.bot.wait_until_ready(), 10)
        return self.bot

    async def close(self) -> None:
        """Stop it as SIGTERM does."""
        if self.bot is not None and self._running is not None:
            await self.bot.close()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(self._running, 10)
        self.bot = None
        point_discord_at(*DISCORD)


def is_portrait(message: Message) -> bool:
    """Whether a message shows a finished portrait: a picture and the buttons that act on it."""
    return bool(message.attachments) and "Reroll" in [b.label.split(" ")[0] for b in message.buttons]


async def finished(order: Interaction, timeout_s: float = 240) -> Message:
    """The message of an order once it shows the portrait."""
    await order.until(lambda i: i.message is not None and is_portrait(i.message), timeout_s, "a portrait")
    assert order.message is not None
    return order.message


@dataclass(frozen=True, slots=True)
class Books:
    """What a stopped bot's database says: job states by job id, and every complaint about the ledger."""

    jobs: Mapping[str, str]
    balances: Mapping[int, int]
    complaints: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether every job was delivered or refunded."""
        return set(self.jobs.values()) <= {"delivered", "failed", "cancelled"}


async def books(var: Path) -> Books:
    """Read the data folder of a bot that has ended."""
    database = await Database.open(var)
    try:
        complaints = tuple(await ledger.check(database))
        jobs = {row["id"]: row["state"] for row in await database.fetch_all("SELECT id, state FROM jobs")}
        rows = await database.fetch_all("SELECT user_id, balance FROM accounts")
    finally:
        await database.close()
    return Books(jobs, {row["user_id"]: row["balance"] for row in rows}, complaints + _unbalanced(var))


def _unbalanced(var: Path) -> tuple[str, ...]:
    """Jobs without exactly one hold, or that ended without exactly one settlement or refund; read independently."""
    with contextlib.closing(sqlite3.connect(next(var.glob("*.sqlite*")))) as connection:
        rows = connection.execute(
            """SELECT j.id, j.state, count(*) FILTER (WHERE l.kind = 'hold'),
                      count(*) FILTER (WHERE l.kind = 'settle'), count(*) FILTER (WHERE l.kind = 'refund')
               FROM jobs j LEFT JOIN ledger l ON l.job_id = j.id GROUP BY j.id"""
        ).fetchall()
        sums = connection.execute(
            """SELECT a.user_id, a.balance, coalesce(sum(l.amount), 0)
               FROM accounts a LEFT JOIN ledger l ON l.account_id = a.id GROUP BY a.id"""
        ).fetchall()
    ends = {"delivered": (1, 1, 0), "failed": (1, 0, 1), "cancelled": (1, 0, 1)}
    wrong = [
        f"job {job} is {state} with {entries}"
        for job, state, *entries in rows
        if tuple(entries) != ends.get(state, (1, 0, 0))
    ]
    return (*wrong, *(f"user {u} has {b}, the ledger says {s}" for u, b, s in sums if b != s))
