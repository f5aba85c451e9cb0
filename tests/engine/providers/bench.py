"""100 hosted orders at once against a stand-in that takes 2 s a picture: `python -m tests.engine.providers.bench`.

The stand-in runs in a process of its own, so that the lag measured is that of the studio's event loop.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter

from engine.catalogue import Provider
from tests.engine.providers.stage import STANDINS, Stage
from tests.engine.providers.standin import StandIn
from tests.engine.stage import picture

ORDERS = 100
PICTURE_S = 2.0
SLOTS: dict[Provider, int] = {"mage": 20, "bfl": 24, "openai": 20, "google": 20}
SIZE = (1024, 1536)


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, and how often the ideal that is."""

    provider: str
    slots: int
    took_s: float
    ideal_s: float
    times_ideal: float
    lag_p99_ms: float
    lag_longest_ms: float


def serve(provider: Provider, end: Connection) -> None:
    """The stand-in's process."""

    async def run() -> None:
        async with STANDINS[provider](delay_s=PICTURE_S, size=SIZE) as standin:
            end.send(standin.url)
            await asyncio.to_thread(end.recv)
            end.send((len(standin.bought), standin.invalid, standin.most_under_way))

    asyncio.run(run())


async def measure(provider: Provider) -> Figures:
    """Raises AssertionError when the stand-in found fault with a request."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(provider, there), daemon=True)
    process.start()
    remote = STANDINS[provider]()
    remote.url = await asyncio.to_thread(here.recv)
    took_s, lags = await _orders(remote, SLOTS[provider])
    here.send("end")
    bought, invalid, most = await asyncio.to_thread(here.recv)
    process.join(10)
    if (bought, invalid) != (ORDERS + 1, []) or most > SLOTS[provider]:
        raise AssertionError(f"{bought} bought, {most} at once, {invalid}")
    ideal_s = -(-ORDERS // SLOTS[provider]) * PICTURE_S
    lags.sort()
    return Figures(
        provider,
        SLOTS[provider],
        round(took_s, 2),
        ideal_s,
        round(took_s / ideal_s, 2),
        round(lags[int(len(lags) * 0.99)] * 1000, 1),
        round(lags[-1] * 1000, 1),
    )


async def _orders(standin: StandIn, slots: int) -> tuple[float, list[float]]:
    stage = Stage(standin, unit_s=1.0, slots=slots)
    await picture(stage.engine, stage.job("warm.0"))
    lags: list[float] = []
    pulse = asyncio.create_task(_pulse(lags))
    began_s = perf_counter()
    jobs = [stage.job(f"u{number}.0", arrival=number + 1) for number in range(ORDERS)]
    await asyncio.gather(*(picture(stage.engine, job) for job in jobs))
    took_s = perf_counter() - began_s
    pulse.cancel()
    await stage.engine.stop(5.0)
    return took_s, lags


async def _pulse(lags: list[float]) -> None:
    while True:
        before_s = perf_counter()
        await asyncio.sleep(0.01)
        lags.append(max(0.0, perf_counter() - before_s - 0.01))


def main() -> None:
    for name in SLOTS:
        figures = asyncio.run(measure(name))
        print(json.dumps({field: getattr(figures, field) for field in Figures.__dataclass_fields__}))
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
