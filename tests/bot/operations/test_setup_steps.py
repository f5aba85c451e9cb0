"""A newcomer's setup: from an empty folder to the first portrait, and every way in which it stops on the way."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import pty
import select
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.client import StudioBot
from bot.core.errors import BotError, DiscordUnreachable, SettingsError
from bot.core.settings import Settings
from bot.operations import setup_steps
from bot.operations.connection import open_bot
from bot.operations.console import Console
from bot.operations.endpoints import point_discord_at
from bot.operations.env_file import with_settings, write_settings
from tests.e2e.stage import DISCORD, is_portrait
from tests.standin import Options, Permission, StandIn, payloads
from tests.standin.process import BotProcess

PATIENCE_S = 120


class Lines(io.StringIO):
    """What was said; rings the stand-in's bell, so that a test can wait for it."""

    def __init__(self, standin: StandIn) -> None:
        super().__init__()
        self._standin, self._loop = standin, asyncio.get_running_loop()

    def write(self, text: str) -> int:
        self._loop.call_soon_threadsafe(self._standin.world.pulse.ring)
        return super().write(text)


@dataclass
class Newcomer:
    """Somebody with an empty folder, in front of a Discord of their own."""

    standin: StandIn
    folder: Path
    settings: Settings
    said: Lines = field(init=False)

    @property
    def file(self) -> Path:
        return self.folder / ".env"

    async def types(self, *lines: str, **changes: object) -> int:
        """Run setup on these answers; the exit code."""
        self.said = Lines(self.standin)
        console = Console(io.StringIO("".join(f"{line}\n" for line in lines)), self.said)
        settings = self.settings.model_copy(update={"discord_api_url": self.standin.api_url, **changes})
        known, account = await asyncio.to_thread(setup_steps.with_token, settings, console, self.file)
        return await setup_steps.connected(known, account, console)

    async def stopped(self, *lines: str, **changes: object) -> str:
        """The sentence that setup ended with."""
        with pytest.raises(BotError) as caught:
            await self.types(*lines, **changes)
        assert self.standin.token not in self.said.getvalue() + str(caught.value)
        return str(caught.value)


async def opened(settings: Settings) -> StudioBot:
    """discord.py waits two seconds for more servers before it says that it is ready; here there are no more."""
    bot = await open_bot(settings)
    bot._connection.guild_ready_timeout = 0.02
    return bot


@pytest.fixture
async def newcomer(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Newcomer]:
    monkeypatch.setattr(setup_steps, "open_bot", opened)
    async with StandIn(Options()) as standin:
        known = settings.model_copy(
            update={"discord_servers": (), "discord_owner_ids": (), "discord_gateway_url": standin.gateway_url}
        )
        folder = tmp_path / "new"
        folder.mkdir()
        yield Newcomer(standin, folder, known)
        assert standin.unknown_requests == []
    point_discord_at(*DISCORD)


async def test_from_an_empty_folder_to_the_first_portrait(newcomer: Newcomer) -> None:
    standin = newcomer.standin
    running = asyncio.create_task(newcomer.types(f'DISCORD_TOKEN="{standin.token}"'))
    await standin.until(lambda: hasattr(newcomer, "said") and "Waiting until" in newcomer.said.getvalue(), 30)
    assert f"client_id={standin.bot.id}&scope=bot+applications.commands&permissions=274878024704" in (
        newcomer.said.getvalue()
    )
    guild = standin.world.add_guild("Home", standin.world.developer)
    channel = standin.add_channel(guild, "studio")
    assert await running == 0
    (portrait,) = [message for message in channel.history if is_portrait(message)]
    said = newcomer.said.getvalue()
    assert f"channels/{guild.id}/{channel.id}/{portrait.id}" in said
    assert standin.token not in said
    assert newcomer.file.read_text().endswith(f"\nDISCORD_TOKEN={standin.token}\n")
    assert newcomer.file.stat().st_mode & 0o777 == 0o600
    assert "portrait" in standin.syncs[-1].names
    known = SecretStr(standin.token)
    assert await newcomer.types(discord_token=known) == 0
    assert "There is a portrait already" in newcomer.said.getvalue()
    assert len([message for message in channel.history if is_portrait(message)]) == 1
    assert len(standin.syncs) == 1


async def test_a_bot_of_another_program_is_left_alone_unless_it_is_meant(newcomer: Newcomer) -> None:
    newcomer.standin.world.commands[None] = [{"name": "play"}, {"name": "skip"}, {"name": "help"}]
    sentence = await newcomer.stopped(newcomer.standin.token)
    assert "Make an application of its own" in sentence
    assert "/play and /skip" in newcomer.said.getvalue()
    assert newcomer.standin.syncs == []


async def test_somebody_elses_server_is_let_in_only_when_that_is_said(newcomer: Newcomer) -> None:
    """Nobody answers: it stays out, and the token is kept for the next time. Then the channel is closed to the bot."""
    standin, known = newcomer.standin, SecretStr(newcomer.standin.token)
    guild = standin.add_guild("Elsewhere")
    channel = standin.add_channel(guild, "general")
    standin.deny(channel, standin.bot, Permission.ATTACH_FILES)
    assert f"DISCORD_SERVERS=[{guild.id}]" in await newcomer.stopped(standin.token)
    assert standin.token in newcomer.file.read_text()
    running = asyncio.create_task(newcomer.types("yes", discord_token=known))
    await standin.until(lambda: "lacks Attach Files" in newcomer.said.getvalue(), 30)
    channel.overwrites.clear()
    standin.world.emit("CHANNEL_UPDATE", payloads.channel(channel), 1)
    assert await running == 0
    assert any(is_portrait(message) for message in channel.history)


async def test_what_is_no_token_is_told_in_words_and_changes_nothing(newcomer: Newcomer) -> None:
    for typed, sentence in (
        ("", "No token was given"),
        ("123456789012345678", "the application's id"),
        ("ab" * 32, "public key"),
        ("a b.c", "only letters"),
        ("clientsecret", "client secret"),
        ("Bot wrong.token", "Discord refused the token"),
    ):
        assert sentence in await newcomer.stopped(typed)
    with pytest.raises(DiscordUnreachable, match="could not be reached"):
        await newcomer.types("some.token", discord_api_url="http://127.0.0.1:9/api/v10")
    newcomer.standin.faults.answer("application", 502)
    with pytest.raises(DiscordUnreachable, match="answered 502"):
        await newcomer.types(newcomer.standin.token)
    assert not newcomer.file.exists()


async def test_a_refused_token_in_the_environment_is_named(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one in .env would not count beside it."""
    monkeypatch.setenv("DISCORD_TOKEN", "old.token")
    sentence = await newcomer.stopped(newcomer.standin.token, discord_token=SecretStr("old.token"))
    assert "environment variable DISCORD_TOKEN" in sentence
    monkeypatch.delenv("DISCORD_TOKEN")
    await newcomer.stopped("", discord_token=SecretStr("old.token"))
    assert "another one is needed" in newcomer.said.getvalue()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "DISCORD_TOKEN=new\n"),
        ("A=1", "A=1\nDISCORD_TOKEN=new\n"),
        ("# a\r\n\r\nDISCORD_TOKEN= # here\r\nA=1\r\n", "# a\r\n\r\nDISCORD_TOKEN=new # here\r\nA=1\r\n"),
        ("export discord_token='x # y'\nA=1\n", "export DISCORD_TOKEN=new\nA=1\n"),
        ("DISCORD_TOKEN=a\nDISCORD_TOKEN=b", "DISCORD_TOKEN=a\nDISCORD_TOKEN=new"),
        ('A="\nDISCORD_TOKEN=inside\n"\n???\n', 'A="\nDISCORD_TOKEN=inside\n"\n???\nDISCORD_TOKEN=new\n'),
    ],
)
def test_a_setting_is_written_and_every_other_line_stays(before: str, after: str) -> None:
    assert with_settings(before, {"DISCORD_TOKEN": "new"}) == after


def test_the_file_is_for_its_user_alone_and_stays_whole(tmp_path: Path) -> None:
    file, link = tmp_path / "real", tmp_path / ".env"
    file.write_text("A=1\n")
    file.chmod(0o644)
    link.symlink_to(file)
    write_settings(link, {"DISCORD_TOKEN": "new"})
    assert link.is_symlink()
    assert file.read_text() == "A=1\nDISCORD_TOKEN=new\n"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        write_settings(link, {"DISCORD_TOKEN": "new"})
    with pytest.raises(SettingsError, match="cannot be written"):
        write_settings(tmp_path, {"DISCORD_TOKEN": "new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "real"]


async def test_at_a_terminal_the_token_is_not_shown_and_ctrl_c_ends_the_waiting(newcomer: Newcomer) -> None:
    """The command itself, in an empty folder."""
    ours, theirs = pty.openpty()
    shown = b""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "setup"),
        cwd=newcomer.folder,
        env=BotProcess(newcomer.standin, newcomer.folder, {"DISCORD_TOKEN": ""}).environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    )
    os.close(theirs)
    try:
        shown = await asyncio.to_thread(_until, ours, b"(it is not shown): ")
        os.write(ours, f"{newcomer.standin.token}\n".encode())
        shown += await asyncio.to_thread(_until, ours, b"Ctrl+C is fine")
        process.send_signal(signal.SIGINT)
        shown += await asyncio.to_thread(_until, ours, b"goes on from here")
    finally:
        if b"goes on from here" not in shown:
            process.kill()
        code = await process.wait()
        os.close(ours)
    assert code == 0
    assert newcomer.standin.token.encode() not in shown
    assert b"Traceback" not in shown
    assert newcomer.standin.token in newcomer.file.read_text()


def _until(terminal: int, words: bytes) -> bytes:
    """What is shown up to these words, to the end of the process, or until nothing comes any more."""
    shown = b""
    with contextlib.suppress(OSError):
        while words not in shown and select.select([terminal], [], [], PATIENCE_S)[0]:
            shown += os.read(terminal, 4096)
    return shown
