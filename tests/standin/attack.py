"""`python -m tests.standin.attack [--json]`: what everybody else notices while eight members attack the studio.

The bot is a process of its own, Discord is the stand-in, every figure is real time. The eight send the worst prompts
and pictures that are known, each again as soon as the last was answered, as recipes, references and faces; one
more member, whose portrait is ordered meanwhile, uses the studio as anybody does.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests import hostile as texts
from tests.engine import hostile as pictures
from tests.standin import File, Interaction, Message, Options, Person, StandIn
from tests.standin.bench import Bench, Say
from tests.standin.compose import picture_size

ATTACKERS = 8
SECONDS = 40.0
ACKNOWLEDGED_WITHIN_S = 1.5
HEARTBEAT_LATE_AT_MOST_S = 2.0
MEMORY_AT_MOST_MIB = 1536
STOPPED_WITHIN_S = 10.0
DELIVERED_WITHIN_S = 300.0
"""Nine people take turns at one studio, which takes one picture at a time on a machine that all of this runs on."""
GIVEN_UP_S = 10.0
MIB = 2**20
Command = Callable[[], tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured; seconds and MiB. `memory_mib` is the bot with all its processes, at the most."""

    attacks: int
    commands: int
    slowest_acknowledged_s: float
    portraits: int
    slowest_portrait_s: float
    latest_heartbeat_s: float
    memory_mib: int
    stopped_after_s: float

    @property
    def missed(self) -> list[str]:
        """The aims that were missed, as sentences; empty when all is well."""
        aims = {
            f"a command was acknowledged later than {ACKNOWLEDGED_WITHIN_S} s": self.slowest_acknowledged_s
            >= ACKNOWLEDGED_WITHIN_S,
            f"no portrait was delivered within {DELIVERED_WITHIN_S:.0f} s": not self.portraits
            or self.slowest_portrait_s > DELIVERED_WITHIN_S,
            f"a heartbeat was late by more than {HEARTBEAT_LATE_AT_MOST_S} s": self.latest_heartbeat_s
            > HEARTBEAT_LATE_AT_MOST_S,
            f"the bot took more than {MEMORY_AT_MOST_MIB} MiB": self.memory_mib > MEMORY_AT_MOST_MIB,
            f"the bot took longer than {STOPPED_WITHIN_S:.0f} s to stop": self.stopped_after_s > STOPPED_WITHIN_S,
        }
        return [words for words, missed in aims.items() if missed]


class Attack:
    """One run on a bench's server."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._over = False
        self.sent = 0
        self.memory = 0
        self._pictures = [make() for make in pictures.all_of_them().values()]
        for picture in self._pictures:
            picture_size(picture)  # the stand-in must not stand still over it meanwhile
        self._texts = [text for text in texts.texts(4000) if text.strip()]

    async def measure(self, say: Say) -> Figures:
        bench = self._bench
        attackers, person = bench.people[:ATTACKERS], bench.people[ATTACKERS]
        say("starting the bot")
        await bench.bot.start()
        for attacker in attackers:
            await self._agree(attacker)
        await self._portrait(person)
        beats = len(bench.standin.heartbeats)
        say(f"{ATTACKERS} members attack for {SECONDS:.0f} s")
        watching = asyncio.create_task(self._watch())
        attacks = [asyncio.create_task(self._attack(one, at)) for at, one in enumerate(attackers)]
        acknowledged, portraits = await self._use(person)
        self._over = True
        heard = bench.standin.heartbeats[beats:]
        _, stopped_s = await bench.bot.terminate(60)
        for task in (watching, *attacks):
            task.cancel()
        await asyncio.gather(watching, *attacks, return_exceptions=True)
        return Figures(
            attacks=self.sent,
            commands=len(acknowledged),
            slowest_acknowledged_s=round(max(acknowledged), 3),
            portraits=len(portraits),
            slowest_portrait_s=round(max(portraits, default=0.0), 1),
            latest_heartbeat_s=round(max(beat.late_s for beat in heard), 3),
            memory_mib=self.memory // MIB,
            stopped_after_s=round(stopped_s, 2),
        )

    async def _agree(self, who: Person) -> None:
        """Say once that one has the right to one's pictures, so that they get as far as they can."""
        asked = await who.slash(self._bench.channel, "character save", name="me", attachment=_file(pictures.photo()))
        question = await asked.shown()
        await (await who.press_id(question, question.buttons[0].custom_id)).wait_acked(30)

    async def _attack(self, who: Person, turn: int) -> None:
        words = itertools.cycle(self._texts[turn::ATTACKERS])
        files = itertools.cycle(self._pictures[turn::ATTACKERS])
        for command in itertools.cycle(_commands(words, files)):
            if self._over:
                return
            name, options = command()
            try:
                sent = await who.slash(self._bench.channel, name, options)
                self.sent += 1
                await sent.wait_acked(30)
                await sent.shown(timeout_s=60)
            except AssertionError:
                continue  # an attacker who gets no answer goes on

    async def _use(self, person: Person) -> tuple[list[float], list[float]]:
        """Commands of everyday use, one a second, and portraits one after another: seconds of each."""
        loop = asyncio.get_running_loop()
        began, acknowledged, portraits = loop.time(), list[float](), list[float]()
        making: asyncio.Task[float] | None = None
        for words in itertools.cycle(["help", "credits show", "portraits", "character list"]):
            sent = await person.slash(self._bench.channel, words)
            acknowledged.append(await _acknowledged(sent))
            if making is None or making.done():
                portraits += [making.result()] if making is not None else []
                making = asyncio.create_task(self._portrait(person))
            if loop.time() - began > SECONDS:
                break
            await asyncio.sleep(1.0)
        if making is not None:
            portraits.append(await making)
        return acknowledged, portraits

    async def _portrait(self, person: Person) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        order = await person.slash(self._bench.channel, "portrait", prompt="a woman in a red coat, on a beach")
        await self._bench.standin.until(lambda: _is_finished(order), 300, "a finished portrait")
        return loop.time() - began

    async def _watch(self) -> None:
        while not self._over:
            self.memory = max(self.memory, sum(_resident(pid) for pid in _family(self._bench.bot.pid)))
            await asyncio.sleep(0.2)


async def _acknowledged(sent: Interaction) -> float:
    """Seconds until the command was acknowledged; `GIVEN_UP_S` when Discord had given it up by then."""
    try:
        return (await sent.wait_acked(GIVEN_UP_S)).acked_after_s or 0.0
    except AssertionError:
        return GIVEN_UP_S


def _commands(words: Iterator[str], files: Iterator[bytes]) -> list[Command]:
    return [
        lambda: ("portrait", {"prompt": next(words)}),
        lambda: ("portrait", {"from_image": _file(next(files))}),
        lambda: ("character save", {"name": "me", "attachment": _file(next(files))}),
        lambda: ("edit", {"picture": _file(next(files)), "change": next(words)[:900]}),
        lambda: ("reference save", {"name": "coat", "use": "outfit", "picture": _file(next(files))}),
    ]


def _file(content: bytes) -> File:
    return File("picture.png", content)


def _is_finished(order: Interaction) -> bool:
    message: Message | None = order.original
    return message is not None and any(button.label == "Reroll" for button in message.buttons)


def _family(pid: int) -> list[int]:
    """The process and all that came of it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _resident(pid: int) -> int:
    """Bytes of memory of its own that the process holds."""
    try:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        return int(fields["Pss"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 0


async def measure(say: Say) -> Figures:
    """All figures, with the model that ships with the bot."""
    with tempfile.TemporaryDirectory(prefix="likeness-attack-") as folder:
        async with StandIn(Options(heartbeat_interval_s=1.0)) as standin:
            bench = Bench(standin, Path(folder), {})
            try:
                return await Attack(bench).measure(say)
            finally:
                await bench.bot.close()


def table(figures: Figures) -> str:
    """The figures for people."""
    lines = [
        f"{figures.attacks} attacks of {ATTACKERS} members; meanwhile of somebody else:",
        f"{figures.commands} commands acknowledged, the slowest after {figures.slowest_acknowledged_s:.3f} s",
        f"{figures.portraits} portraits delivered, the slowest after {figures.slowest_portrait_s:.1f} s",
        f"the latest heartbeat {figures.latest_heartbeat_s:.3f} s late",
        f"memory of all the bot's processes at most {figures.memory_mib} MiB",
        f"stopped {figures.stopped_after_s:.2f} s after SIGTERM, in the midst of it",
    ]
    return "\n".join((*lines, *(f"MISSED: {one}" for one in figures.missed)))


def main() -> int:
    """Print the figures as a table, or as JSON with --json; the exit code is 1 when an aim was missed."""
    parser = argparse.ArgumentParser(description="What everybody else notices while eight members attack.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    figures = asyncio.run(measure((lambda words: None) if options.json else print))
    print(json.dumps(asdict(figures)) if options.json else table(figures))
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
