"""While a model runs, every command is acknowledged in time and the gateway hears the heart beat."""

from __future__ import annotations

import asyncio

from tests.e2e.stage import Stage, is_portrait
from tests.standin import Interaction

COMMANDS = 50


async def burst(stage: Stage, count: int) -> list[Interaction]:
    """`count` commands at once from as many members: orders, questions and lists, in turn."""
    people = [stage.standin.add_member(stage.guild, f"member{n}") for n in range(count)]
    words: list[tuple[str, dict[str, object]]] = [
        ("portrait", {"prompt": "a man with a grey beard, in a library"}),
        ("help", {}),
        ("credits show", {}),
        ("character list", {}),
        ("portraits", {}),
    ]
    sent = [who.slash(stage.channel, *words[n % len(words)]) for n, who in enumerate(people)]
    return await asyncio.gather(*sent)


async def test_fifty_commands_at_once_are_acknowledged_while_a_portrait_runs(stage: Stage) -> None:
    bot = stage.warm_process()
    await bot.start()
    try:
        first = await stage.order()
        await first.until(lambda i: "step" in i.text or (i.message is not None and is_portrait(i.message)), 60)
        sent = await burst(stage, COMMANDS)
        for one in sent:
            await one.wait_acked(10)
        refused = [r for r in stage.standin.requests if r.name == "callback" and r.status not in (200, 204)]
        assert refused == []
        assert all((one.acked_after_s or 9) < 3 for one in sent)
        beats = len(stage.standin.heartbeats)
        await stage.standin.until(lambda: len(stage.standin.heartbeats) > beats, 10)
        assert stage.standin.gateway.identifies == 1
        assert stage.standin.gateway.resumes == 0
    finally:
        await bot.close()
