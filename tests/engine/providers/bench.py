"""What hosted models cost the studio itself: `python -m tests.engine.providers.bench [--json] [NAME ...]`.

100 orders at once at each provider, whose stand-in takes 2 s a picture; the jobs a second of a cluster of 1, 2 and 4
servers; and the memory of a bot at rest. Stand-ins run in a process of their own, so that the event loop's lag and the
processor's time are those of the studio. Times are of a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from engine.backends.cluster import ClusterBackend
from engine.jobs.job import Job, Lane
from engine.models.catalogue import Catalogue
from engine.models.hosted_models import Access, Server, hosted_models
from engine.models.model import Provider
from engine.queue.engine import Engine, Limits
from tests.engine.providers.server import StandInServer
from tests.engine.providers.stage import STANDINS, WORDS, Stage
from tests.engine.providers.standin import StandIn
from tests.engine.stage import picture

ORDERS = 100
PICTURE_S = 2.0
SLOTS: dict[Provider, int] = {"mage": 20, "bfl": 24, "openai": 20, "google": 20}
SERVERS = (1, 2, 4)
EACH = 6
"""Pictures for each server of a cluster."""
SIZE = (1024, 1536)
KINDS: dict[str, type[StandIn]] = {**{str(name): kind for name, kind in STANDINS.items()}, "cluster": StandInServer}


@dataclass(frozen=True, slots=True)
class Figures:
    """`times_ideal` is the time taken over what the provider's own work takes; `processor_ms` is for one order."""

    name: str
    orders: int
    at_once: int
    took_s: float
    orders_a_second: float
    times_ideal: float
    processor_ms: float
    lag_p99_ms: float
    lag_longest_ms: float


def serve(kinds: Sequence[str], end: Connection) -> None:
    """The stand-ins' process."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            made = [KINDS[kind](delay_s=PICTURE_S, size=SIZE) for kind in kinds]
            standins = [await stack.enter_async_context(each) for each in made]
            end.send([standin.url for standin in standins])
            await asyncio.to_thread(end.recv)
            end.send([(len(standin.bought), standin.invalid, standin.most_under_way) for standin in standins])

    asyncio.run(run())


@asynccontextmanager
async def elsewhere(kinds: Sequence[str], most: int) -> AsyncIterator[list[str]]:
    """Addresses of such stand-ins in another process. Raises AssertionError when one found fault with a request."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(tuple(kinds), there), daemon=True)
    process.start()
    yield await asyncio.to_thread(here.recv)
    here.send("end")
    told = await asyncio.to_thread(here.recv)
    process.join(10)
    for bought, invalid, at_once in told:
        if invalid or at_once > most:
            raise AssertionError(f"{bought} bought, {at_once} at once, {invalid}")


async def provider(name: Provider) -> Figures:
    """100 people order at once."""
    slots = SLOTS[name]
    async with elsewhere([name], slots) as (url,):
        remote = STANDINS[name]()
        remote.url = url
        stage = Stage(remote, unit_s=1.0, slots=slots)
        jobs = [stage.job(f"u{number}.0", arrival=number + 1) for number in range(ORDERS)]
        return await _measured(name, stage.engine, stage.job("warm.0"), jobs, slots)


async def cluster(servers: int) -> Figures:
    """Servers that make one picture at a time, behind one queue."""
    async with elsewhere(["cluster"] * servers, 1) as urls:
        access = Access(
            key="",
            base_url="",
            models=("stabilityai/stable-diffusion-3.5-medium=Medium",),
            slots=0,
            servers=tuple(Server(url=f"{url}/v1") for url in urls),
        )
        models = tuple(hosted_models({"cluster": access}, {}))
        catalogue = Catalogue(models, models[0].id)
        backend = ClusterBackend(catalogue, access)
        engine = Engine(catalogue, {"cluster": lambda: backend}, limits=Limits(running_per_user=4))
        jobs = [_job(number) for number in range(EACH * servers)]
        return await _measured(f"cluster of {servers}", engine, _job(-1), jobs, servers)


def _job(number: int) -> Job:
    return Job(
        id=f"u{number}.0",
        user=f"u{number}",
        lane=Lane.STANDARD,
        model="medium",
        prompt=WORDS,
        width=SIZE[0],
        height=SIZE[1],
        steps=28,
        guidance=4.5,
        seed=number + 1,
        arrival=number + 1,
        previews=False,
    )


async def _measured(name: str, engine: Engine, warm: Job, jobs: Sequence[Job], at_once: int) -> Figures:
    await picture(engine, warm)
    lags: list[float] = []
    pulse = asyncio.create_task(_pulse(lags))
    processor_s, began_s = time.process_time(), perf_counter()
    await asyncio.gather(*(picture(engine, job) for job in jobs))
    took_s, processor_s = perf_counter() - began_s, time.process_time() - processor_s
    pulse.cancel()
    await engine.stop(5.0)
    lags.sort()
    return Figures(
        name=name,
        orders=len(jobs),
        at_once=at_once,
        took_s=round(took_s, 2),
        orders_a_second=round(len(jobs) / took_s, 2),
        times_ideal=round(took_s / (-(-len(jobs) // at_once) * PICTURE_S), 2),
        processor_ms=round(processor_s / len(jobs) * 1000, 1),
        lag_p99_ms=round(lags[int(len(lags) * 0.99)] * 1000, 1),
        lag_longest_ms=round(lags[-1] * 1000, 1),
    )


async def _pulse(lags: list[float]) -> None:
    while True:
        before_s = perf_counter()
        await asyncio.sleep(0.01)
        lags.append(max(0.0, perf_counter() - before_s - 0.01))


def memory() -> dict[str, Any]:
    """A bot with hosted models alone, at rest."""
    command = [sys.executable, "-m", "tests.engine.providers.memory"]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.engine.providers.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SLOTS)}, cluster, memory")
    options = parser.parse_args()
    names = options.names or [*SLOTS, "cluster", "memory"]
    found: dict[str, Any] = {}
    for name in SLOTS:
        if name in names:
            found[name] = asdict(asyncio.run(provider(name)))
    for servers in SERVERS if "cluster" in names else ():
        found[f"cluster of {servers}"] = asdict(asyncio.run(cluster(servers)))
    if "memory" in names:
        found["memory"] = memory()
    print(json.dumps(found, indent=2) if options.json else "\n".join(_lines(found)))


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [row for name, row in found.items() if name != "memory"]
    titles = ("orders", "at once", "seconds", "a second", "x ideal", "CPU ms", "lag p99", "longest")
    head = f"{'':14}" + "".join(f"{title:>10}" for title in titles)
    lines = [head] if rows else []
    for row in rows:
        name, *numbers = row.values()
        lines.append(f"{name:14}" + "".join(f"{number:>10}" for number in numbers))
    if memory_found := found.get("memory"):
        away = "torch and the SDKs are not imported" if not memory_found["imported"] else memory_found["imported"]
        lines.append(f"A bot with hosted models alone takes {memory_found['rest_mib']} MiB at rest; {away}.")
    return lines


if __name__ == "__main__":
    main()
