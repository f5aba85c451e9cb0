"""Where the bot is no member it answers a person as their own app; and faults of a place are told by their names."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.stage import LiveBot, Stage, finished, is_portrait
from tests.standin import Channel, Message, Permission, payloads


@pytest.fixture
async def live(stage: Stage) -> AsyncIterator[LiveBot]:
    live = stage.live(discord_direct_messages=False, discord_user_installs=True, credits_daily=100)
    await live.start()
    yield live
    await live.close()


def places(stage: Stage) -> list[Channel]:
    """A group, and a server that the bot is no member of; ana owns that one."""
    return [stage.standin.world.add_group("friends"), stage.standin.world.add_foreign_channel(stage.ana.user)]


async def test_away_a_portrait_is_the_persons_own(stage: Stage, live: LiveBot) -> None:
    """Their own account pays, adult content is off even where a server's owner asks, and others cannot act on it."""
    assert live.bot is not None
    for number, channel in enumerate(places(stage), start=1):
        order = await stage.ana.slash(channel, "portrait", {"prompt": "a woman in a red coat"})
        message = await finished(order)
        assert {revision.via for revision in message.revisions} == {"callback", "token"}
        (portrait, *_) = await live.bot.stores.portraits.of_user(0, stage.ana.id)
        assert (portrait.guild_id, portrait.channel_id) == (0, 0)
        account = await live.bot.stores.accounts.find(0, stage.ana.id, now=portrait.created_at)
        assert account is not None
        assert account.balance == 100 - 10 * number
        if channel.guild is None:
            other = await stage.ben.press(message, "Save as character")
            await other.shown("belongs to someone else")
        again = await stage.ana.slash(channel, "portrait", {"prompt": "a naked woman of 30"})
        await again.shown("no adult content")
        with pytest.raises(AssertionError, match="not offered"):
            await stage.ana.slash(channel, "account", {"user": stage.ben})
        gone = await stage.ana.press(message, "Delete")
        await gone.until(lambda i: "Deleted" in i.text, 30)
        assert message.deleted
    assert await live.bot.stores.accounts.find(stage.guild.id, stage.ana.id, now=1e10) is None


async def sent(stage: Stage, count: int) -> Message:
    """The latest of so many portraits in ana's direct messages, once it is there."""
    await stage.standin.until(lambda: sum(map(is_portrait, stage.ana.dm.history)) >= count, 60, "a direct message")
    shown = [message for message in stage.ana.dm.history if is_portrait(message)]
    assert len(shown) == count
    return shown[-1]


async def test_what_comes_too_late_for_a_group_goes_to_the_person_and_nothing_is_tried_there(
    stage: Stage, live: LiveBot
) -> None:
    for number, channel in enumerate(places(stage), start=1):
        fault = stage.standin.faults.hold_before("edit_*")
        order = await stage.ana.slash(channel, "portrait", {"prompt": "a woman in a red coat"})
        await fault.wait_hit(60)
        order.expire()
        fault.release()
        assert "quarter of an hour" in (await sent(stage, number)).text
        stage.standin.faults.clear()
    tried = [one.path for one in stage.standin.requests if one.path.startswith("/channels/") and one.status == 403]
    assert tried == []


async def test_it_is_refused_where_the_owner_does_not_allow_it(stage: Stage) -> None:
    """As with commands that were registered before the setting was turned off again."""
    live = stage.live(discord_user_installs=True)
    bot = await live.start()
    bot.settings = bot.settings.model_copy(update={"discord_user_installs": False})
    for channel in places(stage):
        order = await stage.ana.slash(channel, "portrait", {"prompt": "a woman"})
        await order.shown("not by the app of a single person")
    await live.close()


def closed(stage: Stage) -> list[tuple[Channel, str]]:
    """Places of every kind in which something is wrong, and what is said of it."""
    standin, world = stage.standin, stage.standin.world
    told = list[tuple[Channel, str]]()
    for kind, name in ((2, "voice"), (13, "stage"), (0, "text")):
        channel = standin.add_channel(stage.guild, name)
        channel.kind = kind
        world.emit("CHANNEL_UPDATE", payloads.channel(channel), 1)
        standin.deny(channel, standin.bot, Permission.SEND_MESSAGES if kind else Permission.EMBED_LINKS)
        told.append((channel, f"I lack {'Send Messages' if kind else 'Embed Links'}. A moderator"))
    parent = standin.add_channel(stage.guild, "parent")
    standin.deny(parent, standin.bot, Permission.ATTACH_FILES, Permission.EMBED_LINKS)
    told.append((world.add_thread(parent, "thread"), "I lack Embed Links and Attach Files. A moderator"))
    forum = standin.add_channel(stage.guild, "forum")
    forum.kind = 15
    world.emit("CHANNEL_UPDATE", payloads.channel(forum), 1)
    post = world.add_thread(forum, "post")
    standin.deny(forum, standin.bot, Permission.SEND_MESSAGES_IN_THREADS)
    told.append((post, "I lack Send Messages in Threads."))
    return told


async def test_a_place_that_takes_nothing_is_named_with_what_is_missing(stage: Stage, live: LiveBot) -> None:
    """Text, voice and stage channels, threads, posts in a forum, a closed thread, a hidden and a lost channel."""
    kinds = closed(stage)
    shut = stage.standin.world.add_thread(stage.channel, "shut")
    hidden, lost = (stage.standin.add_channel(stage.guild, name) for name in ("hidden", "lost"))
    kinds += [(shut, "is closed and locked"), (hidden, "I lack View Channels"), (lost, "is gone")]
    for number, (channel, words) in enumerate(kinds, start=1):
        fault = stage.standin.faults.hold_before("edit_*")
        order = await stage.ana.slash(channel, "portrait", {"prompt": "a woman in a red coat"})
        await fault.wait_hit(60)
        order.expire()
        for route in ("edit", f"POST /channels/{channel.id}/messages"):
            stage.standin.faults.refuse(route, 403, 50013, times=100)
        if channel is shut:
            stage.standin.world.close_thread(shut, locked=True)
        elif channel is hidden:
            stage.standin.hide(hidden, stage.standin.bot)
        elif channel is lost:
            stage.standin.delete_channel(lost)
        fault.release()
        text = (await sent(stage, number)).text
        assert words in text, (channel.name, text)
        stage.standin.faults.clear()
