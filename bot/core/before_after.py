"""An edit in numbers: how much the face is still the one in the picture that was changed, and the saved one's."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from bot.core.identity_retries import expected_faces
from bot.core.stores import Stores
from bot.languages.speech import worded
from data.core.data_errors import PictureMissing
from data.orders.jobs import Order
from data.pictures.portrait_rows import Portrait
from engine.faces import face_review, identity
from engine.faces.face_review import ExpectedFace
from engine.jobs.job import PictureSpec
from engine.models.model import BUILTIN_ID

log = logging.getLogger(__name__)


async def lines(stores: Stores, order: Order, portrait: Portrait[PictureSpec]) -> list[str]:
    """What the card of an edited picture says of its face, while the order holds the picture that was changed.

    Nothing where faces cannot be looked for.
    """
    edit = order.edit
    if edit is None or edit.sha256 is None or identity.missing():
        return []
    try:
        before, after = [await stores.pictures.read(sha256) for sha256 in (edit.sha256, portrait.sha256)]
    except PictureMissing:
        return []
    expected = expected_faces(await stores.attempts.pinned_faces(order.id))
    photographic = portrait.spec.model != BUILTIN_ID
    return await asyncio.to_thread(compared, before, after, expected, photographic=photographic)


def compared(before: bytes, after: bytes, expected: Sequence[ExpectedFace], *, photographic: bool = False) -> list[str]:
    """The lines for two encoded pictures; `expected` are the saved faces that the second was to show. Blocking.

    `photographic` is whether what made the second makes pictures like photographs; one scale serves for both.
    """
    try:
        faces = identity.look(before)
    except identity.LookFailed as error:
        log.warning("an edit is not compared: the look for faces failed (%s)", error)
        return []
    if not faces:
        return [worded("No face was found in the picture that was changed.")]
    look = partial(face_review.portrait, photographic=photographic)
    same = look(after, [ExpectedFace("", ((faces[0].embedding, faces[0].pattern),))])
    told: list[str] = []
    if same is not None:
        told.append(worded("Likeness to the picture before: {likeness}", likeness=_shown(same.likeness)))
    known = [who for who in expected if who.references]
    earlier, later = look(before, known), look(after, known)
    if earlier is not None and later is not None:
        told += [
            worded(
                "Likeness @{handle}: {before} before, {after} after",
                handle=who.handle,
                before=_shown(was),
                after=_shown(now),
            )
            for who, was, now in zip(known, earlier.likenesses, later.likenesses, strict=True)
        ]
    return told


def _shown(likeness: float | None) -> str:
    return worded("not measured") if likeness is None else str(round(likeness))
