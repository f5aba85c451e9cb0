"""What the buttons and menus of a portrait do. Whoever presses is checked here against the database, whatever the
custom id says."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import discord

from bot.app import Interaction
from bot.components import deleting, editing, forms, misread_portraits, picking, quotes
from bot.core import reviewing, sent_copies, words
from bot.core.errors import Forged, Gone, NotYours, Refused
from bot.core.extras import Extras
from bot.core.marking import Marker
from bot.core.prompt_reading import slot_words
from bot.core.requests import OrderRequest, StatusMessage
from bot.guard import Actor, is_away, person_of, require_moderator, server_of
from bot.languages.speech import labelled, worded
from bot.messages import alt_text, cards, replies, review_words
from bot.uploads import saving
from data.characters.saved_characters import Character
from data.orders.jobs import Order
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.models.catalogue import Catalogue
from engine.prompt import SLOTS


async def reroll(interaction: Interaction, portrait_id: int) -> None:
    """The same prompt with another seed, in a message of its own."""
    answer = await replies.begin(interaction)
    portrait, person = await _own(interaction, portrait_id)
    edited = await interaction.client.stores.orders.get(portrait.order_id)
    if edited is not None and edited.edit is not None:
        await _edit_again(interaction, portrait, edited.edit.words, answer)
        return
    prompt = replace(portrait.spec.prompt, seed=None)
    request = _child(interaction, portrait, person)
    await quotes.order(interaction, replace(request, prompt=prompt), answer)


async def _edit_again(
    interaction: Interaction, portrait: Portrait[PictureSpec], change: str, answer: StatusMessage
) -> None:
    if portrait.parent_id is None or not change:
        raise Refused(worded("That was made from a picture that is not kept. Send it again with /edit."))
    await editing.again(interaction, portrait.parent_id, answer, model=portrait.spec.model, change=change)


async def change(interaction: Interaction, portrait_id: int, slot: str) -> None:
    """Ask for one slot anew; the other five, the characters and the seed stay."""
    if slot not in SLOTS:
        raise Forged
    portrait, _ = await _own(interaction, portrait_id)
    current = portrait.spec.prompt.slot(slot)

    async def ordered(submitted: discord.Interaction[Any], value: str) -> None:
        answer = await replies.begin(submitted)
        parent, person = await _own(submitted, portrait_id)
        request = _child(submitted, parent, person)
        changed: dict[str, Any] = {slot: slot_words(value), "seed": parent.spec.seed}
        prompt = replace(request.prompt, **changed)
        await quotes.order(submitted, replace(request, prompt=prompt), answer)

    await interaction.response.send_modal(forms.slot_form(slot, current, ordered))


def _child(interaction: Interaction, portrait: Portrait[PictureSpec], person: Actor) -> OrderRequest:
    return OrderRequest(
        source=f"interaction:{interaction.id}",
        place=person.place,
        user_id=person.user_id,
        prompt=portrait.spec.prompt,
        model=portrait.spec.model,
        parent_portrait_id=portrait.id,
        extras=_as_it_was_made(portrait, interaction.client.engine.catalogue),
    )


def _as_it_was_made(portrait: Portrait[PictureSpec], catalogue: Catalogue) -> Extras:
    """What it was made from, and its quality as far as it had one that is not the model's usual."""
    made = portrait.spec
    models = (model for model in catalogue.models if model.id == made.model and model.steps != made.steps)
    qualities = (quality for model in models for quality, steps in model.qualities.items() if steps == made.steps)
    return Extras(like=made, quality=next(qualities, None))


async def _own(interaction: Interaction, portrait_id: int) -> tuple[Portrait[PictureSpec], Actor]:
    """Raises Gone, NotYours."""
    portrait = await interaction.client.studio.find_portrait(portrait_id)
    person = await person_of(interaction)
    if portrait.user_id != person.user_id or portrait.guild_id != person.place.guild_id:
        raise NotYours
    return portrait, person


async def seen(interaction: Interaction, portrait_id: int) -> Portrait[PictureSpec]:
    """A portrait that is the presser's own, or shown where they can read. Raises Gone, NotYours, Refused."""
    portrait = await interaction.client.studio.find_portrait(portrait_id)
    if portrait.user_id == interaction.user.id:
        return portrait
    person = await person_of(interaction)
    if portrait.guild_id != person.place.guild_id:
        raise NotYours
    here = portrait.channel_id == interaction.channel_id
    member = interaction.user
    if not here and not (isinstance(member, discord.Member) and await saving.readable(portrait.channel_id, member)):
        raise NotYours
    return portrait


async def save(interaction: Interaction, portrait_id: int) -> None:
    """Ask for a name; whoever can see the portrait may save its face."""
    await seen(interaction, portrait_id)

    async def named(submitted: discord.Interaction[Any], handle: str) -> None:
        await submitted.response.defer(thinking=True, ephemeral=True)

        async def keep(asked: Interaction, saver: saving.Saver) -> Character:
            portrait = await seen(asked, portrait_id)
            bot = asked.client
            return await saving.from_portrait(bot.stores, bot.engine.catalogue, saver, handle, portrait)

        await picking.save(submitted, saving.Saver(submitted.user.id, server_of(submitted)), keep)

    await interaction.response.send_modal(forms.name_form(named))


async def show_words(interaction: Interaction, portrait_id: int) -> None:
    """The words that the model was actually given."""
    portrait = await seen(interaction, portrait_id)
    embed = discord.Embed(
        title=labelled("title", "The words that were sent"), description=words.plain(portrait.words, 3500)
    )
    if portrait.negative:
        embed.add_field(name=labelled("field", "Without"), value=words.plain(portrait.negative, 1000))
    if fine_tune := portrait.spec.fine_tune:
        embed.add_field(
            name=labelled("field", "Fine-tune"),
            value=worded(
                "{name} at {strength:g}",
                name=words.plain(fine_tune, 80),
                strength=portrait.spec.fine_tune_strength,
            ),
        )
    embed.set_footer(text=labelled("footer", "No. {number} · {model}", number=portrait.id, model=portrait.model_title))
    await replies.whisper(interaction, embed=embed, view=misread_portraits.offered(portrait, interaction.user.id))


async def review(interaction: Interaction, portrait_id: int) -> None:
    """What a review says of the portrait, in sentences; one that has none is looked at now. Raises Refused."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    bot, portrait = interaction.client, await seen(interaction, portrait_id)
    kept = await bot.studio.review(portrait)
    attempts = await bot.stores.attempts.of_job(portrait.job_id)
    await replies.whisper(interaction, embed=review_words.whole(portrait, kept, attempts))


async def picked(
    interaction: Interaction, order_id: str, portrait_id: int
) -> tuple[Portrait[PictureSpec], dict[str, Any]]:
    """One of several portraits, alone, for the person who picked it: the portrait and the message's content."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    portrait = await seen(interaction, portrait_id)
    if portrait.order_id != order_id:
        raise Forged
    return portrait, await _alone(interaction, portrait)


async def shown_again(interaction: Interaction, portrait_id: int) -> tuple[Portrait[PictureSpec], dict[str, Any]]:
    """The same for a portrait of a list, which no message may show."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    portrait = await seen(interaction, portrait_id)
    return portrait, await _alone(interaction, portrait)


async def _alone(interaction: Interaction, portrait: Portrait[PictureSpec]) -> dict[str, Any]:
    stores = interaction.client.stores
    name = cards.file_name(portrait, "png")
    picture = await stores.pictures.read(portrait.sha256)
    return {
        "embed": await _card(interaction, portrait, name, brief=False),
        "file": alt_text.described(name, picture, alt_text.of_portrait(portrait)),
    }


async def _card(interaction: Interaction, portrait: Portrait[PictureSpec], name: str, *, brief: bool) -> discord.Embed:
    """Its card with what is known of its face and its review; `name` is its file's."""
    bot = interaction.client
    attempts = await bot.stores.attempts.of_job(portrait.job_id)
    kept = reviewing.read((await bot.stores.reviews.of([portrait.id])).get(portrait.id))
    told = review_words.card_field(kept, attempts) if bot.settings.review_shown else None
    return cards.portrait(portrait, image_name=name, brief=brief, attempts=attempts, review=told)


async def others(interaction: Interaction, order_id: str) -> tuple[Sequence[Portrait[PictureSpec]], dict[str, Any]]:
    """The portraits that were made with a best one, for the person who asks: they and the message's content.

    Raises Gone, NotYours.
    """
    await interaction.response.defer(thinking=True, ephemeral=True)
    bot = interaction.client
    order = await bot.studio.find_order(order_id)
    found = [one for one in await bot.stores.portraits.of_order(order.id) if one.job_id != order.best_job]
    if not order.best_of or not found:
        raise Gone(worded("The others were deleted."))
    embeds, files, marker = [], [], Marker(bot.settings)
    for one in found:
        await seen(interaction, one.id)
        picture = await bot.stores.pictures.read(one.sha256)
        data, kind = await sent_copies.fitting(picture, sent_copies.SAFE_UPLOAD_BYTES, marker)
        name = cards.file_name(one, kind)
        embeds.append(await _card(interaction, one, name, brief=True))
        files.append(alt_text.described(name, data, alt_text.of_portrait(one)))
    return found, {"embeds": embeds, "files": files}


async def delete(interaction: Interaction, portrait_id: int) -> None:
    """Delete a portrait and its message; for its owner and for moderators.

    Where the bot is no member only the press itself lets it delete the message that was pressed on.
    """
    pressed = interaction.message if is_away(interaction) else None
    if pressed is None:
        await interaction.response.defer(thinking=True, ephemeral=True)
    else:
        await interaction.response.defer()
    bot = interaction.client
    portrait = await bot.studio.find_portrait(portrait_id)
    _require_owner_or_moderator(await person_of(interaction), portrait.user_id, portrait.guild_id)
    shown_here = pressed is not None and pressed.id == portrait.message_id
    await deleting.delete_portrait(bot, portrait, by=interaction if shown_here else None)
    order = await bot.studio.find_order(portrait.order_id)
    left = await bot.stores.portraits.of_order(order.id) if order.best_job == portrait.job_id else ()
    told = worded("Deleted. What was made with it is in /portraits.") if left else worded("Deleted.")
    await replies.whisper(interaction, told)


async def cancel_order(interaction: Interaction, order_id: str) -> None:
    """Cancel an order that waits or runs; for its owner and for moderators."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    bot = interaction.client
    order = await bot.studio.find_order(order_id)
    _require_owner_or_moderator(await person_of(interaction), order.user_id, order.guild_id)
    stopped = await bot.studio.cancel(order)
    await replies.whisper(
        interaction,
        worded("Cancelled; the credits are back.") if stopped else _why_not(await bot.studio.find_order(order_id)),
    )


def _why_not(order: Order) -> str:
    """Why nothing of an order was cancelled."""
    if order.unshown_since is not None:
        return worded("It is made already and could not be shown where it was ordered: /portraits has it.")
    if order.state == "open":
        return worded("It is made already and on its way; nothing was cancelled.")
    return worded("It is finished already; nothing was cancelled.")


def _require_owner_or_moderator(person: Actor, owner_id: int, guild_id: int) -> None:
    """Raises NotYours, NotAllowed."""
    if person.place.guild_id != guild_id:
        raise NotYours
    if person.user_id != owner_id:
        require_moderator(person)


PORTRAIT_ACTIONS: Final[dict[str, Callable[[Interaction, int], Awaitable[None]]]] = {
    "reroll": reroll,
    "edit": editing.ask,
    "save": save,
    "words": show_words,
    "delete": delete,
    "review": review,
}
