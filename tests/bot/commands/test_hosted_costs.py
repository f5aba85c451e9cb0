"""What hosted portraits cost the operator, where moderators and the bot's owner see it."""

import time
from collections.abc import Iterator

from data.orders.jobs import NewJob, NewOrder
from tests.bot.conftest import World
from tests.bot.reading import answer, fields

_ids = iter(range(10**6))


def bought(guild_id: int, user_id: int) -> Iterator[NewOrder]:
    """A portrait at each of two providers, for 50 cents and for 6."""
    for provider, model, cost in (("mage", "mango-2", 500_000), ("bfl", "flux", 60_000)):
        job = NewJob(
            model=model,
            lane="standard",
            seed=1,
            width=8,
            height=12,
            steps=1,
            guidance=0.0,
            price=0,
            provider=provider,
            cost_usd_micros=cost,
        )
        name = f"{next(_ids):016x}"
        yield NewOrder(id=name, source=name, guild_id=guild_id, channel_id=1, user_id=user_id, prompt="{}", jobs=(job,))


async def test_a_moderator_sees_what_the_providers_charged_in_this_server(world: World) -> None:
    for guild in (world.guild.id, world.guild.id + 1):
        for order in bought(guild, world.sam.id):
            await world.stores.orders.place(order, now=time.time())
    shown = fields(answer(await world.mira.slash(world.channel, "stats")))["What the providers charged for it"]
    assert shown.splitlines() == [
        "Mage, mango\\-2: $0.50 for 0",
        "Black Forest Labs, flux: $0.06 for 0",
        "In all $0.56; today $0.56, this month $0.56",
    ]


async def test_where_nothing_cost_money_nothing_is_said_of_it(world: World) -> None:
    await world.portrait(world.sam)
    assert "What the providers charged for it" not in fields(answer(await world.mira.slash(world.channel, "stats")))
