"""`python -m tests.standin.viewers_bench [--json]`: how late the bot is while many look at its status page.

The bot is a process of its own, its queue is full and its model runs; the lag of its event loop is measured without
anybody looking, then with `VIEWERS` pages open, each of which reads every state that it is sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.standin import Options, StandIn
from tests.standin.bench import LOOP_LAG_AT_MOST_MS, Bench, Say, p99

VIEWERS: Final = 200
ORDERS: Final = 200
WATCHED_S: Final = 10.0
TOKEN: Final = "a-token-for-the-bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Lags of the bot's event loop, in milliseconds. `states` were sent to all pages together, in `sent_mib`."""

    orders: int
    viewers: int
    alone_p99_ms: float
    watched_p99_ms: float
    watched_worst_ms: float
    states: int
    sent_mib: float
    metrics_ms: float = field(default=0.0)

    @property
    def missed(self) -> list[str]:
        """The aims that were missed, as sentences; empty when all is well."""
        found = []
        if self.watched_p99_ms > LOOP_LAG_AT_MOST_MS:
            found.append(f"the loop lags by more than {LOOP_LAG_AT_MOST_MS} ms with {self.viewers} viewers")
        if self.states < self.viewers * 2:
            found.append("not every page was kept up to date")
        return found


class _Page:
    """One open page, which counts what it is sent."""

    def __init__(self) -> None:
        self.states = 0
        self.bytes = 0
        self.opened = asyncio.Event()

    async def read(self, session: aiohttp.ClientSession, address: str) -> None:
        async with session.get(f"{address}/events") as answer:
            answer.raise_for_status()
            async for chunk in answer.content.iter_any():
                self.states += chunk.count(b"data: ")
                self.bytes += len(chunk)
                self.opened.set()


async def measure(viewers: int, orders: int, say: Say) -> Watched:
    """The bot with the photo studio, on a folder that goes away afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    page = {"STATUS_LISTEN": where, "STATUS_TOKEN": TOKEN}
    with tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder:
        async with StandIn(Options()) as standin:
            bench = Bench(standin, Path(folder), page)
            try:
                return await _measure(bench, f"http://{where}", viewers, orders, say)
            finally:
                await bench.bot.close()


async def _measure(bench: Bench, address: str, viewers: int, orders: int, say: Say) -> Watched:
    say("starting the bot")
    await bench.bot.start()
    say(f"filling the queue with {orders} orders")
    await bench.keep_busy(orders)
    await bench.lags_ms()
    await asyncio.sleep(WATCHED_S)
    alone = await bench.lags_ms()
    say(f"{viewers} pages look")
    pages = [_Page() for _ in range(viewers)]
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, headers=headers))
        looking = [asyncio.create_task(one.read(session, address)) for one in pages]
        await asyncio.gather(*(one.opened.wait() for one in pages))
        await bench.lags_ms()  # that all of them open at once is not what is measured
        await asyncio.sleep(WATCHED_S)
        lags = await bench.lags_ms()
        began_s = asyncio.get_running_loop().time()
        async with session.get(f"{address}/metrics") as answer:
            await answer.read()
        took_s = asyncio.get_running_loop().time() - began_s
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
    return Watched(
        orders=orders,
        viewers=viewers,
        alone_p99_ms=p99(alone),
        watched_p99_ms=p99(lags),
        watched_worst_ms=round(max(lags), 2),
        states=sum(one.states for one in pages),
        sent_mib=round(sum(one.bytes for one in pages) / 2**20, 2),
        metrics_ms=round(took_s * 1000, 1),
    )


def table(figures: Watched) -> str:
    """The figures for people."""
    lines = [
        f"{figures.viewers} status pages open, {figures.orders} orders in the queue",
        f"loop lag, 99th percentile: {figures.alone_p99_ms} ms with nobody looking, {figures.watched_p99_ms} ms with "
        f"all of them (worst {figures.watched_worst_ms} ms)",
        f"states sent: {figures.states} ({figures.sent_mib} MiB) in {WATCHED_S:.0f} s; /metrics took "
        f"{figures.metrics_ms} ms",
    ]
    return "\n".join(lines + [f"MISSED: {one}" for one in figures.missed])


def main() -> int:
    """Print the figures as a table, or as JSON with --json; the exit code is 1 when an aim was missed."""
    parser = argparse.ArgumentParser(description="The bot's event loop while many look at its status page.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--viewers", type=int, default=VIEWERS)
    parser.add_argument("--orders", type=int, default=ORDERS)
    options = parser.parse_args()
    say: Say = (lambda words: None) if options.json else print
    figures = asyncio.run(measure(options.viewers, options.orders, say))
    print(json.dumps(asdict(figures)) if options.json else table(figures))
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
