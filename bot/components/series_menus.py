"""What is under a series: open one of its frames, or have one made again. Both outlive a restart."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import discord

from bot.app import Interaction
from bot.components import actions, base, picture_layout, portrait_buttons, quotes
from bot.core import words
from bot.core.errors import Forged, Gone, NotYours, Refused
from bot.core.extras import Extras, FrameRequest, SeriesRequest
from bot.core.requests import OrderRequest
from bot.guard import person_of
from bot.languages.speech import labelled, reworded, worded
from bot.messages import replies
from data.orders.series_rows import Series, SeriesFrame
from engine.prompt import NOTHING

_MOST = 25


async def open_frame(interaction: Interaction, series_id: str, number: int) -> None:
    """Show one frame in full, with a portrait's own controls, to the person who asked."""
    frame = _frame(await _series(interaction, series_id), number)
    if frame.portrait_id is None:
        raise Gone(worded("There is no portrait of that frame."))
    portrait, payload = await actions.picked(interaction, frame.order_id, frame.portrait_id)
    shown = picture_layout.parts(payload, portrait_buttons.single(portrait))
    await interaction.followup.send(**shown, ephemeral=True)


async def redo_frame(interaction: Interaction, series_id: str, number: int) -> None:
    """Order one frame again with another seed; it takes the old one's place once it is made. For the owner."""
    answer = await replies.begin(interaction)
    series, person = await _series(interaction, series_id), await person_of(interaction)
    if (series.user_id, series.guild_id) != (person.user_id, person.place.guild_id):
        raise NotYours("series")
    frame = _frame(series, number)
    job = await interaction.client.stores.orders.job(frame.job_id)
    if job is None or job.spec.prompt == NOTHING:
        raise Refused(worded("That frame was deleted, and its words with it. Begin a new series with /series."))
    prompt = replace(job.spec.prompt, seed=None)
    wanted = FrameRequest(number=number, label=frame.label, prompt=prompt, model=frame.model)
    request = OrderRequest(
        source=f"interaction:{interaction.id}",
        place=person.place,
        user_id=person.user_id,
        prompt=prompt,
        model=frame.model,
        lane=job.spec.lane,
        extras=Extras(series=SeriesRequest(series_id=series.id, varies=series.varies, frames=(wanted,)), like=job.spec),
    )
    await quotes.order(interaction, request, answer)


async def _series(interaction: Interaction, series_id: str) -> Series:
    """Raises Gone."""
    series = await interaction.client.stores.series.get(series_id)
    if series is None:
        raise Gone(worded("That series is not there any more."))
    return series


def _frame(series: Series, number: int) -> SeriesFrame:
    """Raises Forged."""
    found = next((frame for frame in series.frames if frame.number == number), None)
    if found is None:
        raise Forged
    return found


class SeriesMenu(
    base.Control[discord.ui.Select[discord.ui.View]],
    template=r"series:(?P<action>open|redo):(?P<series_id>[0-9a-f]{16})",
):
    """ "Open a frame…" or "Make a frame again…"."""

    ACTIONS: ClassVar = {"open": open_frame, "redo": redo_frame}
    ASKS: ClassVar = {
        "open": labelled("placeholder", "Open a frame…"),
        "redo": labelled("placeholder", "Make a frame again…"),
    }

    def __init__(
        self, action: str, series_id: str, frames: Sequence[SeriesFrame] = (), *, row: int | None = None
    ) -> None:
        options = [
            discord.SelectOption(label=f"{frame.number}. {words.bare(frame.label)}"[:100], value=str(frame.number))
            for frame in frames[:_MOST]
        ]
        super().__init__(
            discord.ui.Select(
                placeholder=reworded(self.ASKS[action]),
                custom_id=f"series:{action}:{series_id}",
                options=options or [discord.SelectOption(label="…")],
                row=row,
            )
        )
        self.action = action
        self.series_id = series_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        chosen = self.item.values[0]
        await self.ACTIONS[self.action](interaction, self.series_id, int(chosen) if chosen.isdecimal() else 0)


def running(order_id: str, series_id: str, finished: Sequence[SeriesFrame]) -> discord.ui.View:
    """What is under a series until it ends: Cancel, and the frames that are there by now."""
    view = portrait_buttons.running(order_id)
    if finished:
        view.add_item(SeriesMenu("open", series_id, finished))
    return view


def ended(series: Series, finished: Sequence[SeriesFrame]) -> discord.ui.View:
    """What is under a series that is finished, or as finished as it will be."""
    view = base.Controls()
    if finished:
        view.add_item(SeriesMenu("open", series.id, finished))
    view.add_item(SeriesMenu("redo", series.id, series.frames))
    return view
