"""`python -m tests.standin.bench [--json]`: how fast commands are acknowledged while the model runs.

The bot is a process of its own, Discord is the stand-in, every figure is real time. A model renders all the while:
orders keep its queue full. Heartbeats are expected every second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.standin import Channel, Guild, Interaction, Options, Person, StandIn
from tests.standin.measured import EVERY_S
from tests.standin.process import BotProcess

QUIET_S = 3.0
CREDITS = 100_000
ACKNOWLEDGED_WITHIN_S = 1.5
HEARTBEAT_LATE_AT_MOST_S = 1.0
LOOP_LAG_AT_MOST_MS = 50.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Burst:
    """What became of the commands of one burst. Times in seconds."""

    commands: int
    sent_within_s: float
    acknowledged: int
    slowest_s: float
    median_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything measured. Lags are of the bot's event loop, in milliseconds.

    `portraits_to_go` is how many were still waiting or being made when the last burst was over: the model ran all
    the while.
    """

    fifty_in_a_second: Burst
    two_hundred_at_once: Burst
    heartbeats: int
    latest_heartbeat_s: float
    loop_lag_idle_p99_ms: float
    loop_lag_running_p99_ms: float
    loop_lag_bursts_p99_ms: float
    portraits_to_go: int

    @property
    def missed(self) -> list[str]:
        """The aims that were missed, as sentences; empty when all is well."""
        found = [
            f"not every one of {burst.commands} was acknowledged within {ACKNOWLEDGED_WITHIN_S} s"
            for burst in (self.fifty_in_a_second, self.two_hundred_at_once)
            if burst.acknowledged < burst.commands or burst.slowest_s >= ACKNOWLEDGED_WITHIN_S
        ]
        if self.latest_heartbeat_s > HEARTBEAT_LATE_AT_MOST_S:
            found.append(f"a heartbeat was late by more than {HEARTBEAT_LATE_AT_MOST_S} s")
        if self.loop_lag_running_p99_ms > LOOP_LAG_AT_MOST_MS:
            found.append(f"the loop lags by more than {LOOP_LAG_AT_MOST_MS} ms while the model runs")
        if not self.portraits_to_go:
            found.append("the model had nothing left to do before the last burst was over, so little was shown")
        return found


class Bench:
    """One run: a server, its members, and the bot on a folder that goes away afterwards."""

    def __init__(self, standin: StandIn, folder: Path, settings: dict[str, str]) -> None:
        self.standin = standin
        self.guild: Guild = standin.add_guild("Bench")
        self.channel: Channel = standin.add_channel(self.guild)
        self.people: list[Person] = [standin.add_member(self.guild, f"member{n}") for n in range(200)]
        servers = {"DISCORD_SERVERS": json.dumps([self.guild.id]), "CREDITS_DAILY": str(CREDITS)}
        limits = {"QUEUE_WAITING": "1000", "QUEUE_WAITING_PER_USER": "100"}
        self.bot = BotProcess(standin, folder, {**servers, **limits, **settings})
        self.bot.module = "tests.standin.measured"

    async def lags_ms(self) -> list[float]:
        """The lags since the call before."""
        before = len(self.bot.log)
        self.bot.ask(signal.SIGUSR1)
        line = await self.standin.until(
            lambda: next((text for text in self.bot.log[before:] if text.startswith("LAG ")), None), 30
        )
        return [lag * 1000 for lag in json.loads(line.removeprefix("LAG "))]

    async def keep_busy(self, orders: int) -> None:
        """Fill the queue and return once a picture is being made."""
        sent = [await self._portrait(who) for who in self.people[:orders]]
        await asyncio.gather(*(one.wait_acked(30) for one in sent))
        await self.standin.until(lambda: any("step" in m.text for m in self.channel.history), 300, "a first step")

    async def _portrait(self, who: Person) -> Interaction:
        return await who.slash(self.channel, "portrait", prompt="a man with a grey beard, in a library")

    async def burst(self, count: int, spread_s: float) -> Burst:
        """`count` commands of five kinds, spread over `spread_s`, from as many members."""
        words: list[tuple[str, dict[str, object]]] = [
            ("portrait", {"prompt": "a woman in a red coat, on a beach"}),
            ("help", {}),
            ("credits show", {}),
            ("character list", {}),
            ("portraits", {}),
        ]

        async def send(n: int) -> Interaction:
            await asyncio.sleep(spread_s * n / count)
            return await self.people[n].slash(self.channel, *words[n % len(words)])

        sent = await asyncio.gather(*(send(n) for n in range(count)))
        callbacks = [str(one.id) for one in sent]
        await self.standin.until(lambda: self._answered(callbacks), 30, "a callback for every command")
        return _burst(sent)

    def _answered(self, interactions: list[str]) -> bool:
        """Whether a callback came for each, accepted or (when too late) refused."""
        called = {request.path.split("/")[2] for request in self.standin.requests if request.name == "callback"}
        return called.issuperset(interactions)

    async def measure(self, say: Say) -> Figures:
        """Start the bot and take every figure; `say` hears what is going on."""
        say("starting the bot")
        await self.bot.start()
        await self.lags_ms()
        await asyncio.sleep(QUIET_S)
        idle = await self.lags_ms()
        say("loading the model and filling its queue")
        await self.keep_busy(40)
        await self.lags_ms()
        beats = len(self.standin.heartbeats)
        await asyncio.sleep(QUIET_S * 2)
        running = await self.lags_ms()
        say("50 commands within a second")
        fifty = await self.burst(50, 0.98)
        say("200 commands at once")
        two_hundred = await self.burst(200, 0.0)
        to_go = sum(1 for m in self.channel.history if any(b.label == "Cancel" for b in m.buttons))
        bursts = await self.lags_ms()
        heard = self.standin.heartbeats[beats:]
        return Figures(
            fifty_in_a_second=fifty,
            two_hundred_at_once=two_hundred,
            heartbeats=len(heard),
            latest_heartbeat_s=round(max(beat.late_s for beat in heard), 3),
            loop_lag_idle_p99_ms=p99(idle),
            loop_lag_running_p99_ms=p99(running),
            loop_lag_bursts_p99_ms=p99(bursts),
            portraits_to_go=to_go,
        )


def _burst(sent: list[Interaction]) -> Burst:
    started = [one.sent_at for one in sent if one.sent_at is not None]
    times = [one.acked_after_s for one in sent if one.acked_after_s is not None]
    return Burst(
        commands=len(sent),
        sent_within_s=round(max(started) - min(started), 3),
        acknowledged=len(times),
        slowest_s=round(max(times), 3),
        median_s=round(statistics.median(times), 3),
    )


def p99(lags_ms: list[float]) -> float:
    return round(statistics.quantiles(lags_ms, n=100)[98], 2)


async def measure(settings: dict[str, str] | None = None, say: Say = lambda words: None) -> Figures:
    """All figures, with the photo studio unless `settings` (environment variables of the bot) say otherwise."""
    with tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder:
        async with StandIn(Options(heartbeat_interval_s=1.0)) as standin:
            bench = Bench(standin, Path(folder), settings or {})
            try:
                return await bench.measure(say)
            finally:
                await bench.bot.close()


def table(figures: Figures) -> str:
    """The figures for people."""
    lines = [f"Loop lag is measured every {EVERY_S * 1000:.0f} ms in the bot's process."]
    for name, burst in (
        ("50 commands within a second", figures.fifty_in_a_second),
        ("200 commands at once", figures.two_hundred_at_once),
    ):
        lines.append(
            f"{name}: {burst.acknowledged} acknowledged, slowest {burst.slowest_s:.3f} s, "
            f"median {burst.median_s:.3f} s (sent within {burst.sent_within_s:.3f} s)"
        )
    lines.append(f"heartbeats: {figures.heartbeats}, the latest {figures.latest_heartbeat_s:.3f} s late")
    lines.append(
        f"loop lag, 99th percentile: idle {figures.loop_lag_idle_p99_ms} ms, model running "
        f"{figures.loop_lag_running_p99_ms} ms, during the bursts {figures.loop_lag_bursts_p99_ms} ms"
    )
    lines.append(f"portraits still to be made at the end: {figures.portraits_to_go}")
    lines += [f"MISSED: {one}" for one in figures.missed]
    return "\n".join(lines)


def main() -> int:
    """Print the figures as a table, or as JSON with --json; the exit code is 1 when an aim was missed."""
    parser = argparse.ArgumentParser(
        description="Acknowledgement and heartbeat times of the bot on a stand-in Discord."
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    figures = asyncio.run(measure(say=(lambda words: None) if options.json else print))
    print(json.dumps(asdict(figures)) if options.json else table(figures))
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
