"""What is done by itself. Once a minute: orders that nothing follows are taken up. Once an hour: people are told that
their tier ends, old portraits and the words of old refusals are deleted, erasures are finished, and a backup is made
where one is due. Once a night: the bot looks at itself (`self_check`)."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import discord
from discord.ext import tasks

from bot.core import words
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.languages import audience
from bot.languages.speech import speaking, worded
from bot.maintenance.self_check import MIB, SelfCheck, SelfCheckFault, backup_folder
from bot.messages.replies import NO_PINGS
from data.core.data_errors import BackupStopped, DataError, NoSpace
from data.credits.accounts import Account
from data.upkeep import scheduled_backups
from data.upkeep.retention import DAY_S, delete_older

log = logging.getLogger(__name__)

TELL_BEFORE_S: Final = 3 * 86_400.0
ALIVE: Final = "alive"
_NO_ROOM: Final = "its disk has no room for one beside DATA_FREE_MIB. Make room, or lower BACKUP_KEEP."
_EARLY_S: Final = 1800.0
"""Rounds are an hour apart: one that is this near to the time makes the backup, instead of the next."""


class Maintenance:
    """Begun once the bot is ready, and ended with it."""

    def __init__(
        self,
        client: discord.Client,
        settings: Settings,
        stores: Stores,
        keep_up: Callable[[float], Awaitable[None]] | None = None,
        look_after: Callable[[], Awaitable[int]] | None = None,
        owners: Callable[[], Collection[int]] = tuple,
    ) -> None:
        """`keep_up` is awaited at the end of each round, with the time that it is of; `look_after` each minute.

        `owners` are the ids of those who are told when something is wrong with the studio itself.
        """
        self._client = client
        self._settings = settings
        self._stores = stores
        self._keep_up = keep_up
        self._look_after = look_after
        self._reading: asyncio.Task[None] | None = None
        self._owners = owners
        self._check = SelfCheck(settings, stores, self._tell_owners)
        self._stopped = threading.Event()

    def start(self) -> None:
        """Make a round now and every hour, and look now and every minute.

        A second call changes nothing; nor does one after `stop`, as a bot may be told to stop while it gets ready.
        """
        if self._stopped.is_set():
            return
        for loop in (self._hourly, self._each_minute):
            if not loop.is_running():
                loop.start()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_people(), name="ages-in-old-orders")

    async def stop(self) -> None:
        """End all of it, and wait until nothing of it uses the database any more."""
        self._stopped.set()
        begun = [self._hourly.get_task(), self._each_minute.get_task(), self._reading]
        self._hourly.cancel()
        self._each_minute.cancel()
        if self._reading is not None:
            self._reading.cancel()
        await asyncio.gather(*filter(None, begun), return_exceptions=True)

    async def _read_people(self) -> None:
        """Read the ages in orders of an earlier version, at most half of the time: others wait for the database too.

        What is not read yet is read when something is made of it.
        """
        count = 0
        try:
            while True:
                began = time.perf_counter()
                read = await self._stores.asked_people.read_some()
                if not read:
                    break
                count += read
                await asyncio.sleep(time.perf_counter() - began)
        except DataError:
            log.exception("the ages in old orders were not all read; the next start goes on")
        if count:
            log.info("the ages in %d orders and saved pictures of an earlier version were read", count)

    @tasks.loop(minutes=1)
    async def _each_minute(self) -> None:
        try:
            taken_up = await self._look_after() if self._look_after is not None else 0
        except Exception:
            log.exception("open orders could not be looked after; that is tried again in a minute")
        else:
            if taken_up:
                log.info("took up %d orders that nothing followed", taken_up)
            await asyncio.to_thread(self._show_life)

    def _show_life(self) -> None:
        """A file whose time says when orders were last looked after; the image's health check looks at it."""
        with contextlib.suppress(OSError):  # a disk that is full or away is told elsewhere
            (self._settings.data_folder / ALIVE).touch(mode=0o600)

    @tasks.loop(hours=1)
    async def _hourly(self) -> None:
        try:
            await self.make(time.time())
        except Exception:
            log.exception("a round was not finished; the next one is in an hour")

    async def make(self, now: float) -> None:
        """One round, as of `now` (epoch seconds)."""
        for account in await self._stores.accounts.tiers_ending(before=now + TELL_BEFORE_S):
            if await self._tell(account, now):
                await self._stores.accounts.mark_notified(account)
        await self._stores.handed_in.drop_expired(now)
        await self._stores.refused_orders.forget_words(before=now - self._settings.moderation_words_days * DAY_S)
        # Who is in a portrait is read from its words, which go with it: not before.
        if self._settings.data_keep_days and not await self._stores.asked_people.unread():
            deleted = await delete_older(self._stores.portraits, days=self._settings.data_keep_days, now=now)
            if deleted:
                log.info("deleted %d portraits older than %d days", deleted, self._settings.data_keep_days)
        if self._keep_up is not None:
            await self._keep_up(now)
        await self._back_up(now)
        await self._check.nightly(now)

    async def _back_up(self, now: float) -> None:
        """A backup, where the newest is old enough; the owners are told when none could be made."""
        settings = self._settings
        if not settings.backup_every_hours:
            return
        folder = backup_folder(settings)
        try:
            if not await asyncio.to_thread(
                scheduled_backups.is_due, folder, settings.backup_every_hours * 3600 - _EARLY_S, now
            ):
                return
            made = await asyncio.to_thread(
                scheduled_backups.make,
                settings.data_folder,
                folder,
                keep=settings.backup_keep,
                now=now,
                leave_bytes=settings.data_free_mib * MIB,
                stopped=self._stopped.is_set,
            )
        except BackupStopped:
            log.info("a backup was given up, as the bot stops; the next start makes it")
        except (DataError, OSError) as error:
            # Its own words are for members.
            why = _NO_ROOM if isinstance(error, NoSpace) else error
            sentence = f"No backup could be made in {folder}: {why} It is tried again in an hour."
            await self._check.report(SelfCheckFault("backup", sentence), now)
        else:
            log.info("backed up to %s: %d pictures, %.1f MiB", made.folder, made.pictures, made.bytes / MIB)

    async def _tell_owners(self, sentence: str) -> None:
        for user_id in self._owners():
            try:
                user = self._client.get_user(user_id) or await self._client.fetch_user(user_id)
                await user.send(f"**Your studio:** {sentence}"[:2000], allowed_mentions=NO_PINGS)
            except (discord.HTTPException, OSError) as error:
                log.warning("an owner could not be told of a fault: %s", type(error).__name__)

    async def _tell(self, account: Account, now: float) -> bool:
        """Whether that is done with: also when the person takes no messages, since /credits show says it too."""
        try:
            user = self._client.get_user(account.user_id) or await self._client.fetch_user(account.user_id)
            await user.send(self._sentence(account, now), allowed_mentions=NO_PINGS)
        except (discord.Forbidden, discord.NotFound):
            log.info("somebody whose tier ends takes no direct messages")
        except (discord.HTTPException, OSError) as error:
            log.warning("the end of a tier could not be told, it is tried again: %s", type(error).__name__)
            return False
        return True

    def _sentence(self, account: Account, now: float) -> str:
        guild = self._client.get_guild(account.guild_id)
        until = int(account.tier_until or now)
        about = {"tier": account.tier, "server": words.plain(guild.name if guild else "Discord", 100), "until": until}
        with speaking(audience.of_guild(guild)):
            if until > now:
                return worded(
                    "Your {tier} tier in {server} ends <t:{until}:R> (<t:{until}:f>). After that portraits cost "
                    "credits again; a moderator can extend it.",
                    **about,
                )
            return worded(
                "Your {tier} tier in {server} ended <t:{until}:R> (<t:{until}:f>). Portraits cost credits again; a "
                "moderator can extend it.",
                **about,
            )
