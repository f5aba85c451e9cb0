"""The Discord client: opens the rooms, takes interactions in, and closes everything in order."""

import asyncio
import hashlib
import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import discord
from discord import app_commands

from bot import commands
from bot.app import App, Interaction, Waiting
from bot.components import consent, picking, review_queue
from bot.components.base import CONTROLS
from bot.core import needed_permissions, policy, review_items
from bot.core.engine_setup import make_catalogue, make_engine
from bot.core.errors import EXIT_FATAL, Forged, RightUnconfirmed, SettingsError
from bot.core.hosted_setup import OrderJournal
from bot.core.marking import Marker
from bot.core.picture_safety import PictureSafety, classifier_of
from bot.core.real_people import NO_REAL_PEOPLE, RealPeople, real_people_of
from bot.core.reviewing import Judge
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import Studio
from bot.core.studio_watcher import StudioWatcher
from bot.delivery.messenger import DiscordMessenger
from bot.guard import require_welcome
from bot.languages import audience, command_names
from bot.languages.command_words import CommandTranslator, fingerprint
from bot.languages.message_catalogues import read_all
from bot.maintenance import erasing
from bot.maintenance.schedule import Maintenance
from bot.messages import notices, refusals, replies
from bot.uploads import attachments, saving
from data.characters.saved_characters import Character
from data.core import presence
from data.core.files import write_over
from data.people.refused_orders import RefusedOrder
from engine.faces import identity
from engine.models.catalogue import Catalogue
from engine.pictures.decoding.decoder import Decoder
from engine.prompt import parse
from engine.queue.engine import Engine
from engine.safety.picture_classifier import PictureClassifier

if TYPE_CHECKING:
    from bot.web.figures import StudioFigures
    from bot.web.status_site import StatusSite

log = logging.getLogger(__name__)

STOP_GRACE_S = 8.0


class StudioTree(app_commands.CommandTree[App]):
    """Commands: who may is asked before each, and every error is told to the person by one handler."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        return await replies.admitted(interaction)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        await replies.tell_error(interaction, error)
        await notices.tell(interaction)


class StudioBot(App):
    """One running studio. `sync` is "always" where the commands of an earlier start cannot be trusted to be there."""

    messenger: DiscordMessenger

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        catalogue: Catalogue,
        classifier: PictureClassifier | None,
        real_people: RealPeople = NO_REAL_PEOPLE,
        *,
        sync: Literal["changed", "always"] = "changed",
        judge: Judge | None = None,
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=settings.answers_directly)
        figures = _figures(settings)
        trace: dict[str, Any] = {} if figures is None else {"http_trace": figures.discord_trace()}
        super().__init__(
            intents=intents,
            **trace,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=settings.discord_servers_pause_s,
        )
        self.settings = settings
        self.stores = stores
        self.watcher = figures or StudioWatcher()
        self.tree = StudioTree(self)
        self.safety = PictureSafety(settings, stores, classifier, self._tell_withheld)
        self.messenger = DiscordMessenger(
            self, stores, self.safety, Marker(settings), self.watcher, reviews=settings.review_shown
        )
        attachments.bound(self.http)
        self.decoder = Decoder()
        self.looking = asyncio.Semaphore()
        self.engine: Engine = make_engine(
            settings,
            catalogue,
            self._before_start,
            self._on_fatal,
            self._running_cap,
            OrderJournal(stores.orders),
            self.decoder,
            self.watcher,
        )
        self.studio = Studio(
            settings, stores, self.engine, self.messenger, self.safety, real_people, self.watcher, judge
        )
        self.maintenance = Maintenance(
            self, settings, stores, self._keep_up, self.studio.look_after, lambda: self._owners
        )
        self.status_site = _status_site(self, figures)
        self.waiting = Waiting()
        self.tidying = asyncio.Lock()
        self._sync = sync
        self._resumed = False
        self._ending: asyncio.Task[None] | None = None
        self.exit_code = 0
        self._closer: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._owners = frozenset(settings.discord_owner_ids)
        commands.add_all(
            self.tree,
            settings.discord_home_server,
            direct_messages=settings.discord_direct_messages,
            user_installs=settings.discord_user_installs,
            galleries=bool(settings.gallery_url),
        )
        command_names.know(commands.names(self.tree, settings.discord_home_server))

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        sync: Literal["changed", "always"] = "changed",
        classifier: PictureClassifier | None = None,
        judge: Judge | None = None,
    ) -> Self:
        """A bot on its data folder, with what its models' files say.

        `classifier` looks at pictures, in place of the one that the settings name, and `judge` reviews portraits in
        place of `engine.review`. Raises SettingsError, DataError.
        """
        classifier = classifier or classifier_of(settings)
        people = await asyncio.to_thread(real_people_of, settings)
        stores = await Stores.open(settings.data_folder)
        try:
            catalogue = await asyncio.to_thread(_read_once, settings)
            return cls(settings, stores, catalogue, classifier, people, sync=sync, judge=judge)
        except BaseException:
            # The database's threads would keep the process alive.
            await stores.close()
            raise

    async def _before_start(self, jobs: Any) -> None:
        await self.studio.before_start(jobs)

    async def _keep_up(self, now: float) -> None:
        await self.safety.forget_old(now)
        await erasing.keep_up(self, now=now)

    def _running_cap(self, turn: str) -> int:
        return self.studio.validator.running_cap(turn)

    def _on_fatal(self, reason: str) -> None:
        """Only a new process helps: leave, with the exit code that asks the supervisor for one."""
        log.critical("the studio must start anew: %s", reason)
        self.exit_code = EXIT_FATAL
        self._closer = asyncio.create_task(self.close(), name="close-after-fatal")

    async def start(self, token: str, *, reconnect: bool = True) -> None:
        """The status page is open before Discord is asked, so that it says what is wrong with that."""
        if self.status_site is not None:
            await self.status_site.open()
        await super().start(token, reconnect=reconnect)

    async def setup_hook(self) -> None:
        if why := identity.missing():
            log.warning("likeness is not measured and saved pictures are not checked for a face: %s", why)
        if self.settings.review_shown and (why := self.studio.reviewer.missing()):
            log.warning("portraits are not reviewed: %s", why)
        if not self.safety.looks:
            log.warning("pictures are not looked at before they are shown: `doctor` says what to install")
        if self.settings.warm_models:
            self._warming = asyncio.create_task(self.engine.warm(*self.settings.warm_models), name="warm")
        self.add_dynamic_items(*CONTROLS)
        await self.tree.set_translator(CommandTranslator())
        audience.choose_all(await self.stores.servers.languages())
        application = self.application
        if not self._owners and application is not None:
            team = application.team
            self._owners = frozenset(one.id for one in team.members) if team else frozenset({application.owner.id})
        await self._sync_commands()

    async def _sync_commands(self) -> None:
        """Commands are registered only when they changed: Discord limits how often that may be done."""
        mark = Path(self.settings.data_folder) / f"commands-{self.application_id}.sha256"
        home = discord.Object(self.settings.discord_home_server) if self.settings.discord_home_server else None
        commands_here = [*self.tree.get_commands(), *(self.tree.get_commands(guild=home) if home else ())]
        payload = [home and home.id, *(command.to_dict(self.tree) for command in commands_here)]
        digest = await asyncio.to_thread(lambda: _digest([*payload, fingerprint()]))
        known = await asyncio.to_thread(lambda: mark.read_text() if mark.exists() else "")
        if self._sync == "changed" and known == digest:
            return
        await asyncio.to_thread(read_all)
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            if self.settings.discord_user_installs and error.status == 400:
                raise SettingsError(needed_permissions.NO_USER_INSTALLS) from error
            raise
        if home is not None:
            await self.tree.sync(guild=home)
        await asyncio.to_thread(write_over, mark, digest.encode())
        log.info("commands registered")

    async def launch_shards(self) -> None:
        """As many as Discord asks for, at the gateway of the settings.

        Told no number, discord.py would also take the gateway's address from Discord, and DISCORD_GATEWAY_URL would
        have no effect.
        """
        if cast(int | None, self.shard_count) is None:  # discord.py calls it a number, and begins with none
            self.shard_count, _, _ = await self.http.get_bot_gateway()
        await super().launch_shards()

    async def on_ready(self) -> None:
        log.info("ready in %d servers", len(self.guilds))
        if not self._resumed:
            self._resumed = True
            # Beside everything else: the first sentence in a language would wait for its catalogue.
            threading.Thread(target=read_all, name="catalogues", daemon=True).start()
            try:
                await self._finish_earlier()
            finally:
                # The first look takes up what an earlier run left, also when something of it stands in the way.
                self.maintenance.start()

    async def _finish_earlier(self) -> None:
        await erasing.finish_earlier(self)
        await self.studio.stop_jobs(await self.stores.character_reports.stopped_jobs(), review_items.DISABLED)
        if taken_up := await self.studio.resume():
            log.info("took up %d orders of an earlier run", taken_up)

    async def on_app_command_completion(self, interaction: Interaction, command: object) -> None:
        """After each command a person is told of portraits that could be shown nowhere."""
        await notices.tell(interaction)

    async def on_interaction(self, interaction: Interaction) -> None:
        """A component that this bot never made is refused; all others have found their item by now."""
        if refusals.is_unknown(interaction, CONTROLS):
            await replies.tell_error(interaction, Forged())

    async def on_message(self, message: discord.Message) -> None:
        """A reply to a portrait that mentions the bot saves its face: "@bot save ana"."""
        presence.begin()
        me = self.user
        if me is None or message.author.bot or not any(user.id == me.id for user in message.mentions):
            return
        handle = saving.requested_handle(message.content, me)
        if handle is None:
            return
        await audience.for_readers(message)
        try:
            await self._save_from_reply(message, handle, me)
        except replies.USER_FACING as error:
            guild_id = message.guild.id if message.guild else 0
            refusals.count(self, error)
            refused = await refusals.keep(self, guild_id, message.author.id, error)
            parts = {} if refused is None else await self.refused(refused)
            await message.reply(replies.sentence_for(error), mention_author=False, **parts)

    async def _save_from_reply(self, message: discord.Message, handle: str, me: discord.ClientUser) -> None:
        guild_id = message.guild.id if message.guild else 0
        await require_welcome(self, guild_id, message.author.id)
        saver = saving.Saver(message.author.id, guild_id)
        source = await self._replied_to(message)

        async def keep(_: Any, saver: saving.Saver) -> Character:
            return await saving.from_message(self, saver, handle, source, me)

        async def confirmed(asked: Interaction) -> None:
            await picking.save(asked, saver, keep)

        try:
            await message.reply(saving.saved_line(await keep(None, saver)), mention_author=False)
        except RightUnconfirmed:
            await consent.ask_below(self, message, confirmed)
        except saving.SeveralFaces as several:
            await message.reply(**await picking.question(self, saver, keep, several), mention_author=False)

    async def _replied_to(self, message: discord.Message) -> discord.Message:
        """The message that this one replies to, else this one itself (it may carry a picture)."""
        reference = message.reference
        if reference is None or reference.message_id is None:
            return message
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        return await message.channel.fetch_message(reference.message_id)

    async def serves(self, guild_id: int) -> bool:
        """Whether the owner lets this server in: by settings, by /studio-admin, or because it is the owner's own."""
        if guild_id in self.settings.discord_servers:
            return True
        allowed = await self.stores.servers.access(guild_id)
        if allowed is not None:
            return allowed
        guild = self.get_guild(guild_id)
        return guild is not None and guild.owner_id in self._owners

    def is_owner(self, user_id: int) -> bool:
        return user_id in self._owners

    @property
    def an_owner(self) -> int:
        """The id of the owner in whose name setup orders; known once the bot has logged in."""
        application = self.application
        if self.settings.discord_owner_ids or application is None:
            return next(iter(self.settings.discord_owner_ids), 0)
        team = application.team
        return team.owner_id if team is not None and team.owner_id else application.owner.id

    async def refused(self, order: RefusedOrder) -> dict[str, Any]:
        await review_queue.tell_moderators(self, order.guild_id, "refused", order.id)
        return {"view": review_queue.appeal_button(order)} if order.guild_id else {}

    async def _tell_withheld(self, guild_id: int, number: int) -> None:
        await review_queue.tell_moderators(self, guild_id, "withheld", number)

    async def close(self) -> None:
        """Finish the current step, keep what has not ended, then leave Discord and close the database.

        However often and by whomever it is called, it happens once, and every caller waits for its end.
        """
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(), name="close")
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        started = time.perf_counter()
        await self.maintenance.stop()
        await self.studio.close(STOP_GRACE_S)
        if self._warming is not None:
            self._warming.cancel()
        # Behind the engine, which has let go of what providers sent; whatever is being decoded ends at once.
        await self.decoder.close()
        if self.status_site is not None:
            await self.status_site.close()
        try:
            await super().close()
        finally:
            # Its threads would keep the process alive.
            await self.stores.close()
        log.info("stopped after %.1f s", time.perf_counter() - started)

    async def __aexit__(self, *_: object) -> None:
        # discord.py's own waits for its part alone; leaving before the database is closed would hang the process.
        await self.close()


def _figures(settings: Settings) -> "StudioFigures | None":
    """What watches the studio, where there is to be a status page. Raises SettingsError."""
    if not settings.status_listen:
        return None
    try:
        from bot.web.figures import StudioFigures
    except ModuleNotFoundError as error:
        raise SettingsError(f"STATUS_LISTEN is set, and {error.name} is not installed: run make install.") from error
    return StudioFigures()


def _status_site(bot: App, figures: "StudioFigures | None") -> "StatusSite | None":
    if figures is None:
        return None
    from bot.web.status_site import StatusSite

    return StatusSite(bot, figures)


def _read_once(settings: Settings) -> Catalogue:
    """The models, and beside them the words that prompts are read by, so that the first prompt does not wait for those.

    Raises SettingsError.
    """
    policy.decide(policy.PolicyQuestion(prompt=parse("a portrait")))
    return make_catalogue(settings)


def _digest(payload: list[Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()
