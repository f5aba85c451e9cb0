"""What the buttons do. Whoever presses is checked here against the database, whatever the custom id says."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import discord

from bot import replies, saving
from bot.errors import NotYours
from bot.guard import Person, person_of, require_moderator

if TYPE_CHECKING:
    from bot.client import Interaction


async def reroll(interaction: "Interaction", portrait_id: int) -> None:
    """The same prompt with another seed, in a message of its own."""
    answer = await replies.begin(interaction)
    bot = interaction.client
    portrait = await bot.studio.find_portrait(portrait_id)
    person = await person_of(interaction)
    if portrait.user_id != person.user_id or portrait.guild_id != person.place.guild_id:
        raise NotYours
    wish = bot.studio.again(
        portrait, source=f"interaction:{interaction.id}", place=person.place, user_id=person.user_id
    )
    await bot.studio.order(wish, answer)


async def save(interaction: "Interaction", portrait_id: int) -> None:
    """Ask for a name; whoever can see the portrait may save its face."""
    portrait = await interaction.client.studio.find_portrait(portrait_id)
    await interaction.response.send_modal(NameForm(portrait.id))


async def delete(interaction: "Interaction", portrait_id: int) -> None:
    """Delete a portrait and its message; for its owner and for moderators."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    bot = interaction.client
    portrait = await bot.studio.find_portrait(portrait_id)
    person = await person_of(interaction)
    if portrait.user_id != person.user_id:
        _require_same_server(person, portrait.guild_id)
        require_moderator(person)
    await bot.stores.portraits.delete(portrait.id, now=time.time())
    await bot.post.remove(portrait)
    await replies.whisper(interaction, "Deleted.")


async def cancel_order(interaction: "Interaction", order_id: str) -> None:
    """Cancel an order that waits or runs; for its owner and for moderators."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    bot = interaction.client
    order = await bot.studio.find_order(order_id)
    person = await person_of(interaction)
    if order.user_id != person.user_id:
        _require_same_server(person, order.guild_id)
        require_moderator(person)
    stopped = await bot.studio.cancel(order)
    await replies.whisper(
        interaction,
        "Cancelled; the credits are back." if stopped else "It is finished already; nothing was cancelled.",
    )


def _require_same_server(person: Person, guild_id: int) -> None:
    if person.place.guild_id != guild_id:
        raise NotYours


class NameForm(discord.ui.Modal, title="Save as character"):
    """Asks for the handle under which a portrait's face is saved."""

    handle: discord.ui.TextInput["NameForm"] = discord.ui.TextInput(
        label="Name", custom_id="handle", placeholder="ana", min_length=1, max_length=15
    )

    def __init__(self, portrait_id: int) -> None:
        super().__init__(timeout=15 * 60)
        self.portrait_id = portrait_id

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        bot = interaction.client
        portrait = await bot.studio.find_portrait(self.portrait_id)
        saver = saving.Saver(interaction.user.id, interaction.guild_id or 0)
        character = await saving.from_portrait(bot.stores, saver, self.handle.value, portrait)
        await replies.whisper(interaction, saving.saved_line(character))

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, item: Any = None, /) -> None:
        await replies.tell_error(interaction, error)


PORTRAIT_ACTIONS: Final[dict[str, Callable[["Interaction", int], Awaitable[None]]]] = {
    "reroll": reroll,
    "save": save,
    "delete": delete,
}
