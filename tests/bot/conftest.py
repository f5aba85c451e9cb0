"""A whole bot on SimCord's Discord, with a real data folder and a tiny real checkpoint."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from bot.client import StudioBot
from bot.core import picture_rights
from bot.core.reviewing import Judge
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.messages.replies import sentence_for
from tests.engine.safety.by_colour import ByColour
from tests.engine.tiny_models import entry, models_file

MODEL = "tiny"


@dataclass
class World:
    """A server with a studio channel: sam and lena order, mira moderates."""

    env: simcord.Env
    settings: Settings
    bot: StudioBot
    guild: Any
    channel: Any
    sam: Any
    lena: Any
    mira: Any
    classifier: ByColour
    judge: Judge | None = None

    @property
    def stores(self) -> Stores:
        return self.bot.stores

    @property
    def mention(self) -> str:
        """What a person types to mention the bot."""
        assert self.bot.user is not None
        return self.bot.user.mention

    async def restart(self) -> None:
        """The bot ends and starts again on the same folder, as after an update."""
        await self.env.restart_bot(await self._closed_then_new())

    async def _closed_then_new(self) -> StudioBot:
        await self.bot.close()
        self.bot = await make_bot(self.settings, self.classifier, self.judge)
        return self.bot

    async def portrait(self, who: Any, prompt: str = "a woman in a red coat, on a beach", **options: Any) -> Any:
        """Order a portrait and return the message that shows it."""
        await who.slash(self.channel, "portrait", prompt=prompt, **options)
        return self.channel.last_message

    async def agree(self, who: Any) -> None:
        """This person has confirmed before that they have the right to the pictures they hand in."""
        question = await self.stores.questions.ask(
            who.id, picture_rights.ABOUT, picture_rights.WORDING, now=time.time()
        )
        assert await self.stores.questions.answer(question.id, who.id, "yes", now=time.time())

    async def balance(self, who: Any) -> int:
        return (await self.bot.studio.account(self.guild.id, who.id)).balance

    async def reveal(self, command: str, *people: Any) -> None:
        """Show a hidden command to these people, as the server's Integrations page does."""
        with self.env._bot_scope():
            known = [*await self.bot.tree.fetch_commands(), *await self.bot.tree.fetch_commands(guild=self.guild)]
        (found,) = [one for one in known if one.name == command]
        self.guild.set_command_permissions(found, dict.fromkeys(people, True))

    async def button(self, custom_id: str, channel: Any = None) -> Any:
        """A message with a button "Forged" of any custom id, as an edited client or an old message would have it."""
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Forged", custom_id=custom_id))
        place = channel or self.channel
        with self.env._bot_scope():
            message = await self.bot.get_partial_messageable(place.id).send("old", view=view)
        view.stop()
        return message


async def make_bot(settings: Settings, classifier: ByColour | None = None, judge: Judge | None = None) -> StudioBot:
    """A bot whose pictures are looked at by a rule on their colours."""
    return await StudioBot.open(settings, sync="always", classifier=classifier or ByColour(), judge=judge)


@pytest.fixture
def classifier() -> ByColour:
    return ByColour()


@pytest.fixture
def judge() -> Judge | None:
    """What reviews portraits; None is the review itself, which tests are spared by their settings."""
    return None


@pytest.fixture
def settings(tmp_path: Path, tiny_checkpoint: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=tmp_path / "var",
        data_free_mib=0,
        model_builtin=False,
        model_file=models_file(tmp_path, entry(tiny_checkpoint, MODEL)),
        model_default=MODEL,
        discord_servers=(GUILD_ID,),
        discord_owner_ids=(OWNER_ID,),
    )


GUILD_ID = 1_300_000_000_000_000_000
OWNER_ID = 1


@pytest.fixture
async def env(
    settings: Settings, classifier: ByColour, judge: Judge | None, lay_books: Callable[[Path], object]
) -> AsyncIterator[simcord.Env]:
    """A Discord in memory with the bot in it. SimCord's pytest plugin keeps its clock for the test."""
    lay_books(settings.data_folder)
    env = simcord.Env(await make_bot(settings, classifier, judge), settle_timeout=240.0, shard_count=1)
    await env.start()
    yield env
    await env.bot.close()
    await env.shutdown()
    unplanned = [error for error in env.errors if sentence_for(error) is None]
    assert not unplanned


@pytest.fixture
def world(env: simcord.Env, settings: Settings, classifier: ByColour, judge: Judge | None) -> World:
    return make_world(env, settings, classifier, judge)


def make_world(
    env: simcord.Env, settings: Settings, classifier: ByColour | None = None, judge: Judge | None = None
) -> World:
    """The server with its channel and its people."""
    guild = env.create_guild("Studio", id=GUILD_ID)
    moderators = guild.create_role("moderators", permissions=discord.Permissions(manage_guild=True))
    assert isinstance(env.bot, StudioBot)
    return World(
        env=env,
        settings=settings,
        bot=env.bot,
        guild=guild,
        channel=guild.create_text_channel("studio"),
        sam=guild.add_member(env.create_user("sam")),
        lena=guild.add_member(env.create_user("lena")),
        mira=guild.add_member(env.create_user("mira"), roles=[moderators]),
        classifier=classifier or ByColour(),
        judge=judge,
    )
