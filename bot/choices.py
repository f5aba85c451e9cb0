"""Autocompletion: at most 25 choices, the nearest first, always the asking person's own."""

from typing import TYPE_CHECKING

from discord.app_commands import Choice

if TYPE_CHECKING:
    from bot.client import Interaction

MOST = 25
_NAME_LIMIT = 100


async def complete_character(interaction: "Interaction", current: str) -> list[Choice[str]]:
    """The person's handles; those that begin with what is typed come first."""
    typed = current.strip().lstrip("@").casefold()
    handles = await interaction.client.stores.characters.handles(interaction.user.id)
    fitting = sorted(
        (handle for handle in handles if typed in handle.casefold()),
        key=lambda handle: (not handle.casefold().startswith(typed), handle.casefold()),
    )
    return [Choice(name=f"@{handle}", value=handle) for handle in fitting[:MOST]]


async def complete_model(interaction: "Interaction", current: str) -> list[Choice[str]]:
    """The models that can be used now, each with what it is best for."""
    typed = current.strip().casefold()
    models = [
        model
        for model in interaction.client.engine.catalogue.models
        if typed in model.id.casefold() or typed in model.title.casefold()
    ]
    return [
        Choice(name=f"{model.title}: {model.best_for}"[:_NAME_LIMIT].rstrip(), value=model.id)
        for model in models[:MOST]
    ]
