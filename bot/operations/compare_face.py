"""Whose face the portraits of a comparison show that are to show the same one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import BotError
from bot.operations.compared_portraits import FACE, PlannedPortrait
from engine.faces import identity
from engine.models.model import Model
from engine.pictures.decoding.decoder import Decoder
from engine.pictures.intake import MAX_BYTES, BadPicture


@dataclass(frozen=True, slots=True)
class FacePicture:
    """The picture of `--face` as PNG (RGB), upright, without metadata, and its file's name in the folder."""

    name: str
    png: bytes


def face_picture(file: Path) -> FacePicture:
    """Reads and looks at it; blocking. Raises BotError for what is no picture, and for one without a face."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        png = asyncio.run(_clean(raw))
    except OSError as error:
        raise BotError(f"{file} cannot be read: {error.strerror}. Nothing was made.") from error
    except BadPicture as error:
        raise BotError(f"{file}: {error} Nothing was made.") from error
    if not identity.missing() and not identity.look(png):
        raise BotError(f"No face is found in {file}. Nothing was made.")
    return FacePicture(f"{FACE}-{hashlib.sha256(png).hexdigest()[:16]}.png", png)


async def _clean(raw: bytes) -> bytes:
    decoder = Decoder()
    try:
        return (await decoder.clean(raw, FACE)).png
    finally:
        await decoder.close()


def faceless_sentences(models: Sequence[Model], planned: Sequence[PlannedPortrait]) -> list[str]:
    """Which of the models cannot be compared by the same face."""
    if not any(each.face for each in planned):
        return []
    return [f"Left out: {model.id} cannot hold a face." for model in models if not model.references]
