"""What holds with more servers than one connection to Discord may carry."""

import simcord

from bot.client import StudioBot
from bot.core.settings import Settings
from tests.bot.conftest import make_bot
from tests.bot.reading import said


async def test_servers_of_every_connection_are_served_by_one_bot(settings: Settings) -> None:
    env = simcord.Env(await make_bot(settings), settle_timeout=60.0, shard_count=2)
    await env.start()
    bot = env.bot
    assert isinstance(bot, StudioBot)
    assert bot.is_ready()
    for shard in (0, 1):
        guild = env.create_guild(f"Studio {shard}", shard_id=shard)
        await bot.stores.servers.set_access(guild.id, allowed=True, actor_id=1, now=0.0)
        person = guild.add_member(env.create_user("sam"))
        assert "kept of you" in said(await person.slash(guild.create_text_channel("studio"), "privacy show"))
        found = bot.get_guild(guild.id)
        assert found is not None
        assert found.shard_id == shard
    await bot.close()
    await env.shutdown()
