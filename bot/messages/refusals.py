"""Refusals on record: presses and commands of somebody who was not offered them, and what a rule refused."""

import logging
import re
import time
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.app import App, Interaction
from bot.core.errors import AgainstPolicy, Gone, Suspicious
from bot.guard import server_of
from data.core.audit import AuditAction
from data.core.data_errors import DataError
from data.people.refused_orders import RefusedOrder

log = logging.getLogger(__name__)

_PERSON: Final = re.compile(r"^face:[0-9]+")
_WINDOW_S: Final = 600
_MOST_IN_WINDOW: Final = 20


async def note(interaction: Interaction, error: BaseException) -> None:
    """Write a suspicious refusal to the audit of the server where it happened.

    The same try is written once in ten minutes and a person's tries at most twenty times, so that nobody can fill
    the audit by pressing.
    """
    if not _is_suspicious(interaction, planned(error)):
        return
    guild_id, user_id, what = server_of(interaction), interaction.user.id, _tried(interaction)
    try:
        recent = await _recent(interaction.client, guild_id, user_id, AuditAction.REFUSED)
        if len(recent) < _MOST_IN_WINDOW and what not in recent:
            await interaction.client.stores.audit.append(
                guild_id, user_id, AuditAction.REFUSED, detail=what, now=time.time()
            )
    except DataError:
        log.exception("a refusal could not be written to the audit")


async def keep(bot: App, guild_id: int, user_id: int, error: BaseException) -> RefusedOrder | None:
    """Write down what a rule refused, for the moderators of that server; None for every other error.

    A person's are written at most twenty times in ten minutes, and then None is returned too.
    """
    error = planned(error)
    if not isinstance(error, AgainstPolicy):
        return None
    said = error.said if bot.settings.moderation_words_days else ""
    try:
        if len(await _recent(bot, guild_id, user_id, AuditAction.AGAINST_POLICY)) >= _MOST_IN_WINDOW:
            return None
        return await bot.stores.refused_orders.add(
            guild_id, user_id, error.rule, said, counts=error.counts, now=time.time()
        )
    except DataError:
        log.exception("a refusal could not be written down")
        return None


def count(bot: App, error: BaseException) -> None:
    """Tell the watcher of what a rule refused."""
    error = planned(error)
    if isinstance(error, AgainstPolicy):
        bot.watcher.order_refused(error.rule)


def planned(error: BaseException) -> BaseException:
    """The error itself, out of what discord.py wraps it in."""
    return error.original if isinstance(error, app_commands.CommandInvokeError) else error


async def _recent(bot: App, guild_id: int, user_id: int, action: AuditAction) -> list[str]:
    """The details of what the audit has of the person and this action, of the last ten minutes."""
    entries = await bot.stores.audit.page(
        guild_id, actor_id=user_id, action=action, since=time.time() - _WINDOW_S, limit=_MOST_IN_WINDOW
    )
    return [entry.detail for entry in entries]


def _is_suspicious(interaction: Interaction, error: BaseException) -> bool:
    # A button of something gone may be an old one or one edited by hand: nobody can tell them apart.
    pressed = interaction.type is discord.InteractionType.component
    return isinstance(error, Suspicious) or (pressed and isinstance(error, Gone))


def _tried(interaction: Interaction) -> str:
    """The command or the custom id, in at most 120 characters."""
    data: Any = interaction.data or {}
    if interaction.command is not None:
        return f"/{interaction.command.qualified_name}"
    values = ",".join(str(value) for value in data.get("values", ()))
    # Who it was is in columns of its own, and only there, so that the audit can be pseudonymised.
    custom_id = _PERSON.sub("face:…", str(data.get("custom_id", "")))
    return " ".join(f"{custom_id} {values}".split())[:120]


def is_unknown(interaction: Interaction, templates: Sequence[Any]) -> bool:
    """Whether a component was pressed whose custom id none of the bot's items, `templates`, has."""
    if interaction.type is not discord.InteractionType.component:
        return False
    data: Any = interaction.data or {}
    return not any(item.__discord_ui_compiled_template__.fullmatch(data.get("custom_id", "")) for item in templates)
