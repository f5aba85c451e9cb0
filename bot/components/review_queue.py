"""The queue of a server's moderators: one card at a time, and its buttons Show, Release, Delete, Warn, Ban and Next.

Cards are seen by the moderator alone; the channel that is told of something new reads none of its words. All buttons
outlive a restart. The member's own button, Appeal, is here too.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import aiohttp
import discord

from bot.app import App, Interaction
from bot.components import base
from bot.core import review_items, words
from bot.core.errors import Gone, NotYours, Refused, Replayed
from bot.core.picture_safety import DAY_S
from bot.core.review_items import Kind, ReviewItem
from bot.guard import Actor, person_of, require_moderator, server_of
from bot.languages import audience
from bot.languages.speech import labelled, reworded, speaking, together, worded
from bot.messages import alt_text, cards, replies
from data.core.audit import AuditAction, Outcome
from data.core.data_errors import DataError
from data.people.refused_orders import RefusedOrder
from data.pictures.withheld import WithheldPicture
from engine.pictures import intake
from engine.sayings import Saying

log = logging.getLogger(__name__)

_DONE: Final[Mapping[str, Saying]] = {
    "release": worded("Released: {item} of <@{user}>."),
    "delete": worded("Deleted: {item} of <@{user}>."),
    "warn": worded("Warned: {item} of <@{user}>."),
    "ban": worded("Banned from the studio here: {item} of <@{user}>."),
}
_OUTCOMES: Final[Mapping[str, Outcome]] = {
    "release": "released",
    "delete": "deleted",
    "warn": "warned",
    "ban": "banned",
}
_UNREACHED: Final = worded("They take no direct messages, so tell them yourself.")
_FROM_QUEUE: Final = "from the review queue"


async def show(interaction: Interaction, done: str = "", after: tuple[str, int] | None = None) -> None:
    """The next card to the moderator alone, in place of the one that was pressed on; `done` says what was done."""
    embed, view = _card(await _waiting(interaction), done, after)
    if interaction.type is discord.InteractionType.component and done + str(after or ""):
        await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=replies.NO_PINGS)
    else:
        await replies.whisper(interaction, embed=embed, view=view or discord.utils.MISSING)


async def _waiting(interaction: Interaction) -> Sequence[ReviewItem]:
    since = time.time() - interaction.client.settings.moderation_words_days * DAY_S
    return await review_items.open_items(interaction.client.stores, server_of(interaction), since)


def _card(
    items: Sequence[ReviewItem], done: str, after: tuple[str, int] | None
) -> tuple[discord.Embed, discord.ui.View | None]:
    if not items:
        return discord.Embed(
            title=labelled("title", "Nothing waits for you"), description=done or None, colour=cards.ACCENT
        ), None
    places = [(item.kind, item.number) for item in items]
    at = (places.index(after) + 1) % len(items) if after in places else 0
    item = items[at]
    embed = discord.Embed(title=words.plain(item.title, 200), description=done or None, colour=cards.WAITING)
    embed.add_field(name=labelled("field", "Member"), value=f"<@{item.user_id}>")
    embed.add_field(name=labelled("field", "When"), value=f"<t:{int(item.at)}:R>")
    embed.add_field(name=labelled("field", "Why"), value=words.plain(item.why, 500))
    embed.add_field(
        name=labelled("field", "Words"), value=words.plain(item.said, 1000) or worded("none are kept"), inline=False
    )
    if item.release:
        embed.add_field(name=labelled("field", "Release"), value=words.sentence(item.release), inline=False)
    elif item.withheld is not None:
        embed.add_field(
            name=labelled("field", "Picture"),
            value=worded("none is kept") if not item.withheld.kept else worded("kept"),
            inline=False,
        )
    embed.set_footer(text=labelled("footer", "{at} of {count} · only you see this", at=at + 1, count=len(items)))
    return embed, _buttons(item, has_next=len(items) > 1)


def _buttons(item: ReviewItem, *, has_next: bool) -> discord.ui.View:
    view = base.Controls()
    shown = ["show"] if item.withheld is not None and item.withheld.kept else []
    released = ["release"] if item.release else []
    for action in (*shown, *released, "delete", "warn", "ban", *(["next"] if has_next else [])):
        view.add_item(ReviewButton(action, item.kind, item.number))
    return view


async def act(interaction: Interaction, action: str, kind: str, number: int) -> None:
    """Do what was pressed with that item, once, and show what waits next. Raises NotAllowed, Refused, Replayed."""
    await interaction.response.defer()
    person = await _moderator(interaction)
    if action == "next":
        await show(interaction, after=(kind, number))
        return
    items = await _waiting(interaction)
    item = next((one for one in items if (one.kind, one.number) == (kind, number)), None)
    if item is None:
        raise Replayed(
            worded("That was dealt with already, or is not kept any more. /moderate queue shows what waits.")
        )
    if item.user_id == person.user_id:
        raise Refused(worded("That is about yourself, so another moderator decides. Nothing was changed."))
    if action == "show":
        await _show_withheld(interaction, item)
        return
    if action == "ban":
        await interaction.client.stores.bans.add(
            person.place.guild_id, item.user_id, actor_id=person.user_id, reason=_FROM_QUEUE, now=time.time()
        )
    await _SETTLE[item.kind](interaction, item, action)
    told = await _tell(interaction, item, action)
    done = worded(_DONE[action].template, item=words.plain(item.title, 100), user=item.user_id)
    await show(interaction, together(done, told))


async def _settle_refused(interaction: Interaction, item: ReviewItem, action: str) -> None:
    if not await interaction.client.stores.refused_orders.settle(
        item.number,
        _OUTCOMES[action],
        guild_id=server_of(interaction),
        actor_id=interaction.user.id,
        now=time.time(),
    ):
        raise Replayed(worded("Somebody else has just dealt with that."))


async def _settle_character(interaction: Interaction, item: ReviewItem, action: str) -> None:
    bot, report, now, actor_id = interaction.client, item.report, time.time(), interaction.user.id
    if report is None:
        return
    if action == "delete":
        await bot.stores.character_reports.disable(
            report.character_id, guild_id=report.guild_id, actor_id=actor_id, reason=_FROM_QUEUE, now=now
        )
        await bot.studio.stop_jobs(await bot.stores.character_reports.stopped_jobs(), review_items.DISABLED)
    audited = {"release": AuditAction.DISMISS_REPORT, "warn": AuditAction.WARN_ABOUT_CHARACTER}.get(action)
    await bot.stores.character_reports.settle(report, audited, actor_id=actor_id, now=now)


async def _settle_withheld(interaction: Interaction, item: ReviewItem, action: str) -> None:
    """Raises Refused where it cannot be released, or its member cannot be reached with it; nothing is changed then."""
    bot, one = interaction.client, item.withheld
    if action == "release" and one is not None:
        picture = await bot.safety.require_release(one, owner=bot.is_owner(interaction.user.id))
        with speaking(audience.of_all(interaction)):
            sentence = together(
                worded(
                    "The moderators of {server} have released this picture, which was withheld.",
                    server=_server(interaction),
                ),
                reworded(cards.AI_LINE),
            )
        try:
            user = bot.get_user(item.user_id) or await bot.fetch_user(item.user_id)
            await user.send(sentence, file=await _file(picture, one), allowed_mentions=replies.NO_PINGS)
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("a released picture could not be sent: %s", type(error).__name__)
            raise Refused(
                worded("They take no direct messages, so it could not be released. Nothing was changed.")
            ) from error
    if not await bot.stores.withheld.settle(
        item.number,
        _OUTCOMES[action],
        guild_id=server_of(interaction),
        actor_id=interaction.user.id,
        now=time.time(),
    ):
        raise Replayed(worded("Somebody else has just dealt with that."))


async def _show_withheld(interaction: Interaction, item: ReviewItem) -> None:
    """The kept picture to the moderator alone, behind a spoiler; who looked is in the audit. Raises Gone."""
    stores, one = interaction.client.stores, item.withheld
    picture = None if one is None else await stores.withheld.read(one)
    if one is None or picture is None:
        raise Gone(worded("That picture is not kept any more. The rest of its record is in /audit."))
    await stores.audit.append(
        one.guild_id,
        interaction.user.id,
        AuditAction.SEE_WITHHELD,
        target_id=one.user_id,
        detail=one.rule,
        now=time.time(),
    )
    await replies.whisper(interaction, worded("Only you see this."), file=await _file(picture, one))


async def _file(picture: bytes, one: WithheldPicture) -> discord.File:
    """A PNG as a file behind a spoiler, smaller where Discord would not take it."""
    kind = "png"
    if len(picture) > discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES:
        limit = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        picture, kind = await asyncio.to_thread(intake.to_webp, picture, limit), "webp"
    alt = worded("A withheld picture, for moderators alone: {rule}.", rule=one.rule)
    return alt_text.described(f"{cards.SPOILER}withheld-{one.id}.{kind}", picture, alt)


_SETTLE: Final[Mapping[Kind, Callable[[Interaction, ReviewItem, str], Awaitable[None]]]] = {
    "refused": _settle_refused,
    "character": _settle_character,
    "withheld": _settle_withheld,
}
_WHAT: Final[Mapping[Kind, Saying]] = {
    "refused": worded("An order was refused by a rule. `/moderate queue` shows what waits for moderators."),
    "character": worded("A character was reported. `/moderate queue` shows what waits for moderators."),
    "withheld": worded("A picture was withheld. `/moderate queue` shows what waits for moderators."),
}


async def _tell(interaction: Interaction, item: ReviewItem, action: str) -> str:
    """Tell the member of a warning, and of what became of a refused order; what to say of it to the moderator."""
    with speaking(audience.of_all(interaction)):
        sentence = _told(interaction, item, action)
    if not sentence:
        return ""
    try:
        user = interaction.client.get_user(item.user_id) or await interaction.client.fetch_user(item.user_id)
        await user.send(sentence, allowed_mentions=replies.NO_PINGS)
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.info("a moderator's decision could not be told: %s", type(error).__name__)
        return _UNREACHED
    return ""


def _told(interaction: Interaction, item: ReviewItem, action: str) -> str:
    """What a member is told of a decision, "" for nothing."""
    about = words.plain(reworded(item.title), 100)
    if item.withheld or item.kind == "refused":
        # The score of a picture is for moderators.
        why = worded("rule “{rule}”", rule=item.withheld.rule) if item.withheld else reworded(item.why)
        about = f"{about} ({why})"
    if action == "warn":
        return worded(
            "The moderators of {server} warn you: {about}. Whoever goes on with that is kept out of the studio.",
            server=_server(interaction),
            about=about,
        )
    if action == "release" and item.kind == "refused":
        return worded(
            "The moderators of {server} have looked at this: {about}. Now {outcome}.",
            server=_server(interaction),
            about=about,
            outcome=reworded(item.release),
        )
    return ""


def _server(interaction: Interaction) -> str:
    return words.plain(interaction.guild.name if interaction.guild else "Discord", 100)


async def open_card(interaction: Interaction, action: str, kind: str, number: int) -> None:
    """The queue, from the message in the moderators' channel."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    await _moderator(interaction)
    await show(interaction)


async def _moderator(interaction: Interaction) -> Actor:
    person = await person_of(interaction)
    require_moderator(person)
    return person


async def tell_moderators(bot: App, guild_id: int, kind: Kind, number: int) -> None:
    """Say in the server's channel for that, if it has one, that something waits; without words and names."""
    with speaking(audience.of_guild(bot.get_guild(guild_id))):
        sentence, view = reworded(_WHAT[kind]), base.Controls()
        view.add_item(ReviewButton("open", kind, number))
    try:
        channel_id = (await bot.stores.servers.get(guild_id)).moderation_channel_id if guild_id else None
        if channel_id is None:
            return
        await bot.get_partial_messageable(channel_id, guild_id=guild_id).send(sentence, view=view)
    except (DataError, discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("moderators of server %d could not be told: %s", guild_id, type(error).__name__)


def appeal_button(order: RefusedOrder) -> discord.ui.View:
    """What goes under the sentence of a refusal."""
    view = base.Controls()
    view.add_item(AppealButton(order.id))
    return view


async def appeal(interaction: Interaction, number: int) -> None:
    """Ask the server's moderators to look at a refusal, once. Raises Gone, NotYours, Replayed."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    stores = interaction.client.stores
    refused = await stores.refused_orders.get(number)
    if refused is None or refused.guild_id != server_of(interaction):
        raise Gone(worded("That refusal is not kept any more. Order it again to see whether it still holds."))
    if refused.user_id != interaction.user.id:
        raise NotYours("order")
    if not await stores.refused_orders.appeal(number, now=time.time()):
        raise Replayed(worded("You have appealed already, or the moderators have decided. Nothing more was sent."))
    await replies.whisper(interaction, worded("The moderators of this server will look at it. Nothing was charged."))
    await tell_moderators(interaction.client, refused.guild_id, "refused", number)


class ReviewButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"review:(?P<action>show|release|delete|warn|ban|next|open):(?P<kind>refused|character|withheld)"
    r":(?P<number>[0-9]{1,19})",
):
    """What a moderator does with one item of the queue; Review opens it from the moderators' channel."""

    LOOKS: ClassVar = {
        "show": (labelled("button", "Show the picture"), discord.ButtonStyle.secondary),
        "release": (labelled("button", "Release"), discord.ButtonStyle.success),
        "delete": (labelled("button", "Delete"), discord.ButtonStyle.secondary),
        "warn": (labelled("button", "Warn"), discord.ButtonStyle.primary),
        "ban": (labelled("button", "Ban"), discord.ButtonStyle.danger),
        "next": (labelled("button", "Next"), discord.ButtonStyle.secondary),
        "open": (labelled("button", "Review"), discord.ButtonStyle.primary),
    }

    def __init__(self, action: str, kind: str, number: int) -> None:
        label, style = self.LOOKS[action]
        super().__init__(
            discord.ui.Button(label=reworded(label), style=style, custom_id=f"review:{action}:{kind}:{number}")
        )
        self.action = action
        self.kind = kind
        self.number = number

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await (open_card if self.action == "open" else act)(interaction, self.action, self.kind, self.number)


class AppealButton(base.Control[discord.ui.Button[discord.ui.View]], template=r"appeal:(?P<number>[0-9]{1,19})"):
    """Appeal under a refusal."""

    def __init__(self, number: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=labelled("button", "Appeal"), style=discord.ButtonStyle.secondary, custom_id=f"appeal:{number}"
            )
        )
        self.number = number

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await appeal(interaction, self.number)
