"""Saving a face, with the question which of several is meant where a picture shows more than one.

The question waits in memory only: after a restart the person is told to save the picture again.
"""

import asyncio
import io
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from PIL import Image, ImageDraw

from bot.app import App, Interaction
from bot.components import base, consent
from bot.core.errors import NotYours
from bot.languages.speech import labelled, told, worded
from bot.messages import alt_text, cards, replies
from bot.uploads import saving
from bot.uploads.saving import Saver, SeveralFaces
from data.characters.saved_characters import Character
from engine.faces import identity
from engine.faces.identity import Face

Keep = Callable[[Interaction, Saver], Awaitable[Character]]
"""Saves a face for a saver, and may be run again once a question is answered."""
CROP_PX: Final = 160
_BAND_PX: Final = 30


async def save(interaction: Interaction, saver: Saver, keep: Keep) -> None:
    """Save a face and say so, asking first whatever must be asked. The interaction is acknowledged already."""

    async def flow(asked: Interaction) -> None:
        try:
            character = await keep(asked, saver)
        except SeveralFaces as several:
            await replies.whisper(asked, **await question(asked.client, saver, keep, several))
        else:
            await replies.whisper(asked, saving.saved_line(character))

    await consent.ask(interaction, flow)


async def question(bot: App, saver: Saver, keep: Keep, several: SeveralFaces) -> dict[str, Any]:
    """A message that shows the faces by number, with a button for each."""
    asked = secrets.token_hex(8)
    view = base.Controls()
    for number in range(len(several.faces)):
        chosen = replace(saver, face=number)

        async def go_on(interaction: Interaction, chosen: Saver = chosen) -> None:
            await save(interaction, chosen, keep)

        bot.waiting.keep(f"{asked}:{number}", go_on)
        view.add_item(FaceButton(saver.user_id, asked, number))
    sheet = await asyncio.to_thread(numbered, several.picture, several.faces)
    embed = discord.Embed(title=labelled("title", "Which face?"), description=told(several), colour=cards.WAITING)
    embed.set_image(url="attachment://faces.png")
    return {
        "embed": embed,
        "view": view,
        "file": alt_text.described("faces.png", sheet, alt_text.of_faces(len(several.faces))),
    }


def numbered(picture: bytes, faces: Sequence[Face]) -> bytes:
    """The faces side by side, each with its number, as PNG; blocking."""
    sheet = Image.new("RGB", (CROP_PX * len(faces), CROP_PX + _BAND_PX), "white")
    draw = ImageDraw.Draw(sheet)
    for number, face in enumerate(faces):
        crop = identity.crop(picture, face).resize((CROP_PX, CROP_PX), Image.Resampling.LANCZOS)
        sheet.paste(crop, (number * CROP_PX, 0))
        draw.text((number * CROP_PX + CROP_PX // 2 - 6, CROP_PX + 2), str(number + 1), fill="black", font_size=22)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


class FaceButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"face:(?P<user_id>[0-9]{1,20}):(?P<asked>[0-9a-f]{16}):(?P<number>[0-8])",
):
    """One of the faces in a picture."""

    def __init__(self, user_id: int, asked: str, number: int) -> None:
        custom_id = f"face:{user_id}:{asked}:{number}"
        super().__init__(discord.ui.Button(label=str(number + 1), custom_id=custom_id))
        self.user_id = user_id
        self.key = f"{asked}:{number}"

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.user.id != self.user_id:
            raise NotYours("question")
        await interaction.response.defer(thinking=True, ephemeral=True)
        go_on = interaction.client.waiting.take(self.key)
        if go_on is None:
            await replies.whisper(interaction, worded("That question is over. Please save the picture again."))
            return
        await go_on(interaction)
