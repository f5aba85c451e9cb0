"""Faces that moderators have blocked: whether a character or a picture shows one of them.

Only what a block keeps, 128 numbers, is compared, and only where something is blocked: elsewhere nothing is looked at.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from bot.core import words
from bot.core.errors import AgainstPolicy, Refused
from bot.core.stores import Stores
from bot.languages.speech import worded
from data.characters.character_rows import FaceMeasure
from data.characters.saved_characters import Character
from data.people.blocked_faces import BlockedFace
from engine.faces import identity, likeness

RULE: Final = "blocked-face"


async def check_characters(stores: Stores, guild_id: int, characters: Sequence[Character]) -> None:
    """Raises AgainstPolicy when the face of one of them may not be used in this server. It counts against nobody: whose
    face a shared character has is not for whoever names it to know."""
    blocks = await stores.blocked_faces.holding(guild_id) if characters else ()
    if not blocks:
        return
    for character in characters:
        measures = [await stores.characters.face(one.id) for one in character.references if one.measured]
        if shows_one(blocks, (one for one in measures if one is not None)):
            raise AgainstPolicy(
                RULE,
                worded(
                    "Rule: the face of {handle} has been blocked here, so no portrait shows it.",
                    handle=words.handle(character.handle),
                ),
                counts=False,
            )


async def check_saved(stores: Stores, guild_id: int, face: FaceMeasure | None) -> None:
    """As a face is saved. Raises AgainstPolicy, and Refused where faces are blocked and none can be measured."""
    blocks = await stores.blocked_faces.holding(guild_id)
    if blocks and face is None:
        _require_identity()
    if face is not None and shows_one(blocks, [face]):
        raise AgainstPolicy(RULE, worded("Rule: this face has been blocked here, so it cannot be saved."))


async def check_picture(stores: Stores, guild_id: int, sha256: str) -> None:
    """Every face in a stored picture, as an order is to go by it. Raises AgainstPolicy, Refused."""
    blocks = await stores.blocked_faces.holding(guild_id)
    if not blocks:
        return
    _require_identity()
    found = await asyncio.to_thread(measured, await stores.pictures.read(sha256))
    if shows_one(blocks, found):
        raise AgainstPolicy(
            RULE, worded("Rule: that picture shows a face that has been blocked here, so it cannot be used.")
        )


def measured(png: bytes) -> list[FaceMeasure]:
    """What is measured of the faces in a picture, the largest first; blocking. Raises Refused."""
    try:
        found = identity.look(png, thorough=True)
    except identity.LookFailed as error:
        raise Refused(
            worded("Faces could not be looked for just now. Try again in a minute; nothing was changed.")
        ) from error
    return [FaceMeasure(face.embedding, face.pattern, identity.MEASURE) for face in found]


def shows_one(blocks: Iterable[BlockedFace], faces: Iterable[FaceMeasure]) -> bool:
    """Whether one of the faces is one of those blocked: no further away than likeness 60, which falsely accepts 1 % of
    people who share sex, age band and skin tone (docs/likeness.md)."""
    known, within = list(blocks), likeness.scale().accepted
    return any(
        one.measure == face.version and identity.distance(one.embedding, face.embedding) <= within
        for face in faces
        for one in known
    )


def _require_identity() -> None:
    """Raises Refused."""
    if why := identity.missing():
        raise Refused(
            worded(
                "Faces are blocked here, and none can be looked for ({why}), so pictures of people cannot be used. "
                "Please tell the person who runs this bot.",
                why=why,
            )
        )
