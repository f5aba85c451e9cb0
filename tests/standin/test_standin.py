"""The stand-in against real discord.py: what a bot may rely on there, it may rely on with Discord."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
from discord import app_commands

from bot.operations.endpoints import point_discord_at
from tests.standin import Channel, File, Interaction, Options, Permission, Person, StandIn
from tests.standin.errors import ApiError


class SizeModal(discord.ui.Modal, title="Size"):
    width: discord.ui.TextInput[SizeModal] = discord.ui.TextInput(label="Width", custom_id="width")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Width {self.width.value}", ephemeral=True)


class Buttons(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction: discord.Interaction, _: discord.ui.Button[Buttons]) -> None:
        await interaction.response.edit_message(content="pressed")

    @discord.ui.button(label="Resize", custom_id="resize")
    async def resize(self, interaction: discord.Interaction, _: discord.ui.Button[Buttons]) -> None:
        await interaction.response.send_modal(SizeModal())

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="One"), discord.SelectOption(label="Two")])
    async def pick(self, interaction: discord.Interaction, menu: discord.ui.Select[Buttons]) -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"picked {menu.values[0]}", ephemeral=True)


class TinyBot(discord.Client):
    """A bot with one command of each kind, whose handlers the tests drive."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.05,
        )
        self.tree = app_commands.CommandTree(self)
        self.last: discord.Interaction | None = None
        self.seen: list[discord.Message] = []
        self.errors: list[BaseException] = []
        self.add_commands()

    def add_commands(self) -> None:
        @self.tree.command()
        async def say(interaction: discord.Interaction, words: str) -> None:
            """Say something."""
            await interaction.response.send_message(words)

        @self.tree.command()
        @app_commands.describe(picture="A picture")
        async def draw(interaction: discord.Interaction, picture: discord.Attachment | None = None) -> None:
            """Think, then show a file."""
            self.last = interaction
            await interaction.response.defer()
            content = await picture.read() if picture else b"picture"
            await interaction.edit_original_response(
                content="done", attachments=[discord.File(io.BytesIO(content), "a.png")], view=Buttons()
            )

        @self.tree.command()
        async def think(interaction: discord.Interaction) -> None:
            """Think for ever."""
            self.last = interaction
            await interaction.response.defer(thinking=True)

        @self.tree.command()
        async def sleep(interaction: discord.Interaction) -> None:
            """Never answer."""
            self.last = interaction

        @self.tree.context_menu(name="Save as character")
        async def save(interaction: discord.Interaction, message: discord.Message) -> None:
            await interaction.response.send_message(f"saved {message.content}", ephemeral=True)

        group = app_commands.Group(name="character", description="Characters")

        @group.command(name="show")
        async def show(interaction: discord.Interaction, name: str, size: int = 1) -> None:
            """Show a character."""
            await interaction.response.send_message(f"{name} at {size}", ephemeral=True)

        @show.autocomplete("name")
        async def names(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=n, value=n) for n in ("ana", "anton") if n.startswith(typed)]

        self.tree.add_command(group)

    async def setup_hook(self) -> None:
        self.tree.on_error = self.remember  # type: ignore[method-assign]
        self.add_view(Buttons())
        await self.tree.sync()

    async def remember(self, _: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.errors.append(error)

    async def on_message(self, message: discord.Message) -> None:
        self.seen.append(message)


class Stage:
    """A stand-in with the tiny bot connected to it, one channel and one member."""

    def __init__(self, standin: StandIn, bot: TinyBot) -> None:
        self.standin, self.bot = standin, bot
        self.guild = standin.add_guild()
        self.channel: Channel = standin.add_channel(self.guild)
        self.ana: Person = standin.add_member(self.guild, "ana")

    def place(self, channel: Channel | None = None) -> discord.abc.Messageable:
        return self.bot.get_partial_messageable((channel or self.channel).id)


def point(standin: StandIn) -> None:
    point_discord_at(standin.api_url, standin.gateway_url)


async def connect(options: Options | None = None) -> AsyncIterator[Stage]:
    standin = await StandIn(options).start()
    bot = TinyBot()
    stage = Stage(standin, bot)
    point(standin)
    running = asyncio.create_task(bot.start(standin.token))
    try:
        await standin.wait_ready(10)
        yield stage
    finally:
        await bot.close()
        await asyncio.wait_for(running, 5)
        await standin.stop()
        point_discord_at("https://discord.com/api/v10", "wss://gateway.discord.gg/")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async for one in connect(Options(heartbeat_interval_s=0.1, window_s=0.2)):
        yield one


async def code_of(call: object) -> tuple[int, int]:
    """Status and code of the refusal that awaiting `call` raises."""
    with pytest.raises(discord.HTTPException) as caught:
        await call  # type: ignore[misc]
    return caught.value.status, caught.value.code


async def drawn(stage: Stage) -> Interaction:
    drawing = await stage.ana.slash(stage.channel, "draw")
    await drawing.shown("done")
    return drawing


async def test_a_command_is_answered_and_its_time_is_real(stage: Stage) -> None:
    said = await stage.ana.slash(stage.channel, "say", words="hello")
    message = await said.shown("hello")
    assert said.acked_after_s is not None
    assert 0 < said.acked_after_s < 3
    assert message in stage.channel.history
    assert message.link.startswith("https://discord.com/channels/")


async def test_a_deferred_answer_is_edited_with_the_very_file_that_came_in(stage: Stage) -> None:
    drawing = await stage.ana.slash(stage.channel, "draw", picture=File("in.png", b"\x89PNG 123"))
    message = await drawing.shown("done")
    assert [a.content for a in message.attachments] == [b"\x89PNG 123"]
    assert [revision.via for revision in message.revisions] == ["callback", "token"]
    assert [b.label for b in message.buttons] == ["Again", "Resize"]


async def test_groups_autocomplete_and_menus_reach_the_bot(stage: Stage) -> None:
    shown = await stage.ana.slash(stage.channel, "character show", name="ana", size=3)
    message = await shown.shown("ana at 3")
    assert message.ephemeral_to is stage.ana.user
    assert message not in stage.channel.history
    typed = await stage.ana.autocomplete(stage.channel, "character show", "name", "ant")
    assert (await typed.wait_acked()).choices == [("anton", "anton")]
    written = await stage.ana.send(stage.channel, "a face")
    saved = await stage.ana.context_menu("Save as character", written)
    await saved.shown("saved a face")


async def test_buttons_forms_and_menus_work(stage: Stage) -> None:
    message = (await drawn(stage)).message
    assert message is not None
    pressed = await stage.ana.press(message, "Again")
    await pressed.shown("pressed")
    assert pressed.message is message
    opened = await (await stage.ana.press(message, "Resize")).wait_acked()
    assert opened.modal is not None
    submitted = await stage.ana.submit_modal(opened, {"Width": "640"})
    await submitted.shown("Width 640")
    picked = await stage.ana.select(message, ["Two"])
    await picked.until(lambda i: i.followups)
    assert picked.text == "picked Two"


async def test_a_second_callback_a_late_one_and_an_unknown_one_are_refused(stage: Stage) -> None:
    await (await stage.ana.slash(stage.channel, "think")).wait_acked()
    first = stage.bot.last
    assert first is not None
    first.response._response_type = None
    assert await code_of(first.response.send_message("again")) == (400, 40060)
    sleeping = await stage.ana.slash(stage.channel, "sleep")
    await stage.standin.until(lambda: stage.bot.last is not first, 5)
    assert sleeping.sent_at is not None
    sleeping.sent_at -= 3.1
    assert stage.bot.last is not None
    assert await code_of(stage.bot.last.response.send_message("late")) == (404, 10062)


async def test_a_dead_token_is_401_and_the_channel_endpoint_still_edits(stage: Stage) -> None:
    drawing = await drawn(stage)
    drawing.expire()
    assert stage.bot.last is not None
    assert await code_of(stage.bot.last.edit_original_response(content="x")) == (401, 50027)
    assert drawing.message is not None
    await stage.bot.http.edit_message(
        stage.channel.id, drawing.message.id, params=discord.http.handle_message_parameters(content="by channel")
    )
    assert drawing.message.content == "by channel"
    assert [a.name for a in drawing.message.attachments] == ["a.png"]


async def test_a_token_dies_by_itself() -> None:
    async for stage in connect(Options(token_lifetime_s=0.2)):
        drawing = await stage.ana.slash(stage.channel, "think")
        await drawing.wait_acked()
        assert drawing.sent_at is not None
        drawing.sent_at -= 0.2
        assert drawing.dead


async def test_an_enforced_nonce_gives_the_first_message_back(stage: Stage) -> None:
    first = await stage.place().send("one", nonce="0123456789abcdef")
    second = await stage.place().send("two", nonce="0123456789abcdef")
    assert (first.id, second.content) == (second.id, "one")
    assert [m.content for m in stage.channel.history] == ["one"]
    found = [m async for m in stage.place().history(limit=5)]
    assert found[0].nonce is None


async def test_uploads_and_lengths_have_limits(stage: Stage) -> None:
    stage.guild.upload_limit_bytes = 1000
    big = discord.File(io.BytesIO(b"x" * 1001), "big.png")
    assert await code_of(stage.place().send(file=big)) == (413, 40005)
    assert await code_of(stage.place().send("x" * 2001)) == (400, 50035)
    assert await code_of(stage.place().send("")) == (400, 50006)
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x", custom_id="a" * 100))
    await stage.place().send("fits", view=view)
    embed = discord.Embed(description="x" * 4096, title="y" * 257)
    assert await code_of(stage.place().send(embed=embed)) == (400, 50035)
    assert stage.channel.history[-1].content == "fits"


async def test_what_is_not_there_or_not_allowed_has_its_code(stage: Stage) -> None:
    assert await code_of(stage.bot.fetch_channel(1)) == (404, 10003)
    assert await code_of(stage.place().fetch_message(1)) == (404, 10008)
    shown = await stage.ana.slash(stage.channel, "character show", name="ana")
    secret = await shown.shown()
    assert await code_of(stage.place().fetch_message(secret.id)) == (404, 10008)
    stage.ana.user.accepts_dms = False
    dm = await (await stage.bot.fetch_user(stage.ana.id)).create_dm()
    assert await code_of(dm.send("hello")) == (403, 50007)
    stage.standin.deny(stage.channel, stage.standin.bot, Permission.SEND_MESSAGES)
    assert await code_of(stage.place().send("x")) == (403, 50013)
    stage.standin.hide(stage.channel, stage.standin.bot)
    assert await code_of(stage.place().send("x")) == (403, 50001)


async def test_direct_messages_come_and_go(stage: Stage) -> None:
    said = await stage.ana.slash(stage.ana.dm, "say", words="hello")
    await said.shown("hello")
    await stage.ana.send(stage.ana.dm, "a secret")
    await stage.standin.until(lambda: "a secret" in [m.content for m in stage.bot.seen], 5)


async def test_discord_py_waits_out_a_429_and_retries(stage: Stage) -> None:
    stage.standin.faults.rate_limit("send", 0.05)
    await stage.place().send("after all")
    assert [r.status for r in stage.standin.requests if r.name == "send"] == [429, 200]


async def test_edits_of_one_message_are_limited_and_discord_py_keeps_to_it() -> None:
    async for stage in connect(Options(window_s=0.3)):
        message = await stage.place().send("0")
        for n in range(7):
            await message.edit(content=str(n))
        edits = [r for r in stage.standin.requests if r.name == "edit"]
        assert [r.status for r in edits] == [200] * 7
        assert edits[-1].at - edits[0].at >= 0.25


async def test_heartbeats_are_recorded(stage: Stage) -> None:
    await stage.standin.until(lambda: len(stage.standin.heartbeats) > 4, 5)
    assert stage.standin.heartbeats[0].late_s == 0
    blocked = len(stage.standin.heartbeats)
    await stage.standin.until(lambda: len(stage.standin.heartbeats) > blocked, 5)


async def test_an_answer_dropped_after_applying_leaves_the_effect(stage: Stage) -> None:
    fault = stage.standin.faults.drop_after("send")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await stage.place().send("sent")
    await fault.wait_hit()
    assert [m.content for m in stage.channel.history] == ["sent"]
    stage.standin.faults.drop_before("POST /channels/*/messages", nth=2)
    await stage.place().send("second")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await stage.place().send("lost")
    assert [m.content for m in stage.channel.history] == ["sent", "second"]


async def test_a_held_request_goes_on_when_it_is_released(stage: Stage) -> None:
    fault = stage.standin.faults.hold_after("send")
    sending = asyncio.create_task(stage.place().send("slow"))
    await fault.wait_hit()
    assert not sending.done()
    fault.release()
    assert (await sending).content == "slow"


async def test_who_is_pinged_follows_allowed_mentions(stage: Stage) -> None:
    words = f"{stage.ana.mention} @everyone"
    await stage.place().send(words)
    assert stage.channel.history[-1].pings == frozenset()
    await stage.place().send(words, allowed_mentions=discord.AllowedMentions(users=True))
    assert stage.channel.history[-1].pings == {stage.ana.mention}
    written = await stage.ana.send(stage.channel, "hello")
    reference = discord.MessageReference(message_id=written.id, channel_id=stage.channel.id)
    await stage.place().send("hi", reference=reference, mention_author=True)
    assert stage.channel.history[-1].pings == {stage.ana.mention}


async def test_words_of_others_are_hidden_unless_they_mention_the_bot(stage: Stage) -> None:
    await stage.ana.send(stage.channel, "private")
    await stage.ana.send(stage.channel, f"{stage.standin.bot.mention} save ana")
    await stage.standin.until(lambda: len(stage.bot.seen) == 2, 5)
    assert [bool(m.content) for m in stage.bot.seen] == [False, True]


async def test_files_shown_by_an_embed_are_not_listed_as_attachments(stage: Stage) -> None:
    embed = discord.Embed().set_image(url="attachment://a.png")
    sent = await stage.place().send(embed=embed, file=discord.File(io.BytesIO(b"x"), "a.png"))
    assert sent.attachments == []
    assert sent.embeds[0].image.url == stage.channel.history[-1].attachments[0].url


async def test_a_broken_connection_is_resumed_and_nothing_is_missed(stage: Stage) -> None:
    await stage.standin.gateway.drop(4000)
    await stage.ana.send(stage.channel, f"{stage.standin.bot.mention} still there?")
    await stage.standin.until(lambda: stage.standin.gateway.resumes == 1, 10)
    await stage.standin.until(lambda: stage.bot.seen, 5)


async def test_a_wrong_token_is_refused() -> None:
    async with StandIn() as standin:
        point(standin)
        async with TinyBot() as bot:
            with pytest.raises(discord.LoginFailure):
                await bot.start("wrong")
        point_discord_at("https://discord.com/api/v10", "wss://gateway.discord.gg/")


async def test_a_privileged_intent_that_is_switched_off_is_refused() -> None:
    async with StandIn() as standin:
        point(standin)
        async with discord.Client(intents=discord.Intents(guilds=True, message_content=True)) as bot:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await bot.start(standin.token)
        point_discord_at("https://discord.com/api/v10", "wss://gateway.discord.gg/")


async def test_a_test_that_does_what_nobody_can_do_fails(stage: Stage) -> None:
    with pytest.raises(AssertionError, match="No command 'nothing'"):
        await stage.ana.slash(stage.channel, "nothing")
    with pytest.raises(AssertionError, match="without a subcommand"):
        await stage.ana.slash(stage.channel, "character")
    with pytest.raises(AssertionError, match="needs"):
        await stage.ana.slash(stage.channel, "say")
    with pytest.raises(ApiError, match="Invalid Form Body"):
        await stage.ana.send(stage.channel, "x" * 2001)
