"""Refused presses and commands in the audit: what somebody tried who was not offered it."""

import logging
import re
import time
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.app import Interaction
from bot.core.errors import AgainstPolicy, Gone, Suspicious
from data.core.audit import AuditAction
from data.core.data_errors import DataError

log = logging.getLogger(__name__)

_PERSON: Final = re.compile(r"^face:[0-9]+")
_WINDOW_S: Final = 600
_MOST_IN_WINDOW: Final = 20


async def note(interaction: Interaction, error: BaseException) -> None:
    """Write a suspicious refusal, or one by policy, to the audit of the server where it happened.

    The same try is written once in ten minutes and a person's tries at most twenty times, so that nobody can fill
    the audit by pressing.
    """
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, AgainstPolicy):
        await _write(interaction, AuditAction.AGAINST_POLICY, error.rule, repeats=True)
    elif _is_suspicious(interaction, error):
        await _write(interaction, AuditAction.REFUSED, _tried(interaction), repeats=False)


async def _write(interaction: Interaction, action: AuditAction, what: str, *, repeats: bool) -> None:
    guild_id, now = interaction.guild_id or 0, time.time()
    audit = interaction.client.stores.audit
    try:
        recent = await audit.page(
            guild_id, actor_id=interaction.user.id, action=action, since=now - _WINDOW_S, limit=_MOST_IN_WINDOW
        )
        if len(recent) < _MOST_IN_WINDOW and (repeats or all(entry.detail != what for entry in recent)):
            await audit.append(guild_id, interaction.user.id, action, detail=what, now=now)
    except DataError:
        log.exception("a refusal could not be written to the audit")


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
