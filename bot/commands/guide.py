"""`/help`: a short tour from nothing to a series with one face. Its buttons try each thing; its examples go by the
models that there are."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import app_commands

from bot.app import Interaction
from bot.commands import credits, models, portraits, privacy
from bot.components import actions, base, editing, quotes
from bot.core import prompt_examples, varying, words
from bot.core.errors import Forged, Gone
from bot.core.extras import NOTHING_MORE, Extras
from bot.core.prompt_reading import read_prompt
from bot.core.requests import OrderRequest
from bot.guard import person_of
from bot.languages.speech import labelled, together, worded
from bot.messages import cards, replies
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.models.catalogue import Catalogue

_NEWCOMER: Final = "ana"


@dataclass(frozen=True, slots=True)
class TourStop:
    """One stop of the tour: what it says, and what its buttons try (names of `TRIES`, with their labels)."""

    title: str
    text: str
    tries: tuple[tuple[str, str], ...]


def stops(catalogue: Catalogue, handle: str, bot_name: str) -> Sequence[TourStop]:
    """The whole tour for whoever has saved a face under this name; `bot_name` is what a reply mentions."""
    example = prompt_examples.portrait(prompt_examples.usual(catalogue))
    changed = prompt_examples.change(catalogue)
    in_words = worded("`/edit`, or **Edit…** under it, changes it in words: “{change}”.", change=changed)
    several = len(catalogue.models) > 1
    found = worded(
        "`/portraits` lists what you made, `/character list` the faces you saved, `/credits show` what you have left."
    )
    edits = (("edit", labelled("button", "Edit my newest")),) if changed else ()
    return [
        TourStop(
            labelled("title", "Make a portrait"),
            worded(
                "`/portrait prompt: {example}`\nSay who, clothes, place, light, camera and skin detail, in any order.",
                example=example,
            ),
            (("portrait", labelled("button", "Make this one")),),
        ),
        TourStop(
            labelled("title", "Keep the face"),
            worded(
                "Press **Save as character** under a portrait, or reply to it with `@{bot} save {handle}`.",
                bot=bot_name,
                handle=handle,
            ),
            (("save", labelled("button", "Save the face of my newest")),),
        ),
        TourStop(
            labelled("title", "Bring it back"),
            worded(
                "Write `@{handle}` in the next prompt: another place, outfit and light, the same face.\n"
                "`/portrait prompt: {example}`",
                handle=handle,
                example=prompt_examples.again(handle),
            ),
            (("again", labelled("button", "Make @{handle} by the sea", handle=handle)),),
        ),
        TourStop(
            labelled("title", "Change a picture"),
            together(
                worded("**Change…** under a portrait changes one part of its recipe and keeps the rest with the seed."),
                in_words if changed else "",
            ),
            (("light", labelled("button", "Change the light of my newest")), *edits),
        ),
        TourStop(
            labelled("title", "Vary one thing"),
            worded(
                "`/series prompt: {example} vary: {varied}` makes a contact sheet.",
                example=prompt_examples.again(handle),
                varied=prompt_examples.varied(catalogue),
            ),
            (("series", labelled("button", "Make this series")),),
        ),
        TourStop(
            labelled("title", "Find things again"),
            together(found, worded("`/models` shows what makes your portraits.") if several else ""),
            (
                ("portraits", labelled("button", "My portraits")),
                ("credits", labelled("button", "My credits")),
                *((("models", labelled("button", "The models")),) if several else ()),
            ),
        ),
        TourStop(
            labelled("title", "What is kept of you"),
            worded("`/privacy show` says it; `/privacy export` and `/privacy erase` copy and erase it."),
            (("privacy", labelled("button", "Show me")),),
        ),
    ]


async def _stop(interaction: Interaction, number: int) -> tuple[discord.Embed, discord.ui.View]:
    """A stop by its number, from 0; beyond the last one it is the last."""
    bot = interaction.client
    tour = stops(bot.engine.catalogue, await _handle(interaction), bot.user.name if bot.user else "bot")
    number = min(number, len(tour) - 1)
    one = tour[number]
    embed = discord.Embed(title=one.title, description=one.text, colour=cards.ACCENT)
    prices = worded(
        "A portrait costs {standard} credits, {fast} in the fast lane.",
        standard=bot.settings.price_standard,
        fast=bot.settings.price_fast,
    )
    embed.set_footer(
        text=labelled(
            "footer",
            "{number} of {count} · {prices} Every picture is AI-generated.",
            number=number + 1,
            count=len(tour),
            prices=prices,
        )
    )
    view = base.Controls()
    for what, label in one.tries:
        view.add_item(TryButton(what, label=label))
    if number > 0:
        view.add_item(TourButton(number - 1, label=labelled("button", "Back")))
    if number < len(tour) - 1:
        view.add_item(TourButton(number + 1, label=labelled("button", "Next: {title}", title=tour[number + 1].title)))
    return embed, view


async def _handle(interaction: Interaction) -> str:
    """A face that the person has saved, or the one of the examples."""
    saved = await interaction.client.stores.characters.handles(interaction.user.id)
    return next(iter(saved), _NEWCOMER)


@app_commands.command(name="help", description="A short tour: make portraits, keep a face, and try each of it.")
async def help_(interaction: Interaction) -> None:
    embed, view = await _stop(interaction, 0)
    await replies.whisper(interaction, embed=embed, view=view)


async def _newest(interaction: Interaction) -> Portrait[PictureSpec]:
    """The person's newest portrait here. Raises Gone."""
    person = await person_of(interaction)
    found = await interaction.client.stores.portraits.latest(person.user_id, person.place.guild_id)
    if found is None:
        raise Gone(worded("You have made no portrait here yet: the first stop of the tour makes one (Back)."))
    return found


async def _portrait(interaction: Interaction) -> None:
    model = prompt_examples.usual(interaction.client.engine.catalogue)
    await _order(interaction, prompt_examples.portrait(model), model=model.id)


async def _again(interaction: Interaction) -> None:
    await _order(interaction, prompt_examples.again(await _own_handle(interaction)))


async def _series(interaction: Interaction) -> None:
    varied = prompt_examples.varied(interaction.client.engine.catalogue)
    await _order(interaction, prompt_examples.again(await _own_handle(interaction)), vary=varied)


async def _own_handle(interaction: Interaction) -> str:
    """Raises Gone where no face is saved yet."""
    saved = await interaction.client.stores.characters.handles(interaction.user.id)
    if not saved:
        raise Gone(worded("You have saved no face yet: the second stop of the tour saves one."))
    return saved[0]


async def _order(interaction: Interaction, prompt: str, *, model: str | None = None, vary: str = "") -> None:
    """What the command of the example does, in a public message; a high price is shown first."""
    typed = await read_prompt(prompt)
    answer = await replies.begin(interaction)
    person, bot = await person_of(interaction), interaction.client
    more = NOTHING_MORE
    if vary:
        differing = varying.read(vary, bot.settings.series_frames)
        more = Extras(series=varying.series(typed.prompt, differing, bot.engine.catalogue, model))
    request = OrderRequest(
        source=f"interaction:{interaction.id}",
        place=person.place,
        user_id=person.user_id,
        prompt=typed.prompt,
        model=model,
        extras=more,
    )
    await quotes.order(interaction, request, answer)


async def _save(interaction: Interaction) -> None:
    await actions.save(interaction, (await _newest(interaction)).id)


async def _light(interaction: Interaction) -> None:
    await actions.change(interaction, (await _newest(interaction)).id, "lighting")


async def _edit(interaction: Interaction) -> None:
    await editing.ask(interaction, (await _newest(interaction)).id)


TRIES: Final[dict[str, Callable[[Interaction], Awaitable[None]]]] = {
    "portrait": _portrait,
    "save": _save,
    "again": _again,
    "light": _light,
    "edit": _edit,
    "series": _series,
    "portraits": portraits.tell,
    "credits": credits.tell,
    "models": models.tell,
    "privacy": privacy.tell,
}
"""What the tour's buttons do, each for whoever presses."""


class TourButton(base.Control[discord.ui.Button[discord.ui.View]], template=r"tour:(?P<number>[0-9]{1,2})"):
    """Goes to another stop. For everybody, as `/help` is."""

    def __init__(self, number: int, *, label: str = "") -> None:
        super().__init__(
            discord.ui.Button(label=label or labelled("button", "Next"), custom_id=f"tour:{number}", row=1)
        )
        self.number = number

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        embed, view = await _stop(interaction, self.number)
        await interaction.response.edit_message(embed=embed, view=view)


class TryButton(base.Control[discord.ui.Button[discord.ui.View]], template=r"try:(?P<what>[a-z]{1,20})"):
    """Does what the stop of the tour tells of."""

    def __init__(self, what: str, *, label: str = "") -> None:
        look = discord.ButtonStyle.primary
        super().__init__(
            discord.ui.Button(
                label=words.bare(label)[:80] or labelled("button", "Try"), style=look, custom_id=f"try:{what}", row=0
            )
        )
        self.what = what

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        if self.what not in TRIES:
            raise Forged
        await TRIES[self.what](interaction)


COMMANDS: tuple[Any, ...] = (help_,)
