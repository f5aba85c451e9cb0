"""Every finished picture is marked as generated before it is stored: recipe, settings, and a signed manifest.

So is what is sent instead of it: a smaller copy, and the sheet of a series.
"""

import asyncio
import logging
from pathlib import Path

from bot.core.settings import Settings
from engine.jobs.job import Finished, PictureSpec
from engine.pictures import provenance, signing
from engine.pictures.provenance import MADE, Origin
from engine.pictures.source_types import SourceType

log = logging.getLogger(__name__)


class Marker:
    """Marks pictures with the operator's certificate, or with one made at the first picture and kept in the folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loading: asyncio.Task[signing.Credentials | None] | None = None

    async def mark(self, finished: Finished, spec: PictureSpec, origin: Origin = MADE) -> bytes:
        """The picture as it is stored. What cannot be added is logged and never stands in the way."""
        made = finished.sampling
        recipe = provenance.Recipe(
            prompt=spec.prompt,
            model=spec.model,
            model_title=finished.model_title,
            words=finished.words.long_prompt or finished.words.prompt,
            negative=finished.words.negative,
            seed=made.seed,
            steps=made.steps,
            guidance=made.guidance,
            sampler=made.sampler,
            schedule=made.schedule,
            width=finished.width,
            height=finished.height,
            fine_tune=spec.fine_tune,
            fine_tune_strength=spec.fine_tune_strength,
        )
        credentials = await self._credentials()
        return _told(await asyncio.to_thread(provenance.mark, finished.picture, recipe, credentials, origin))

    async def smaller(self, picture: bytes, source: SourceType, stored: bytes = b"") -> bytes:
        """A WebP that was made of a picture because that is too large, with a manifest that says so; it holds that of
        the `stored` picture, where one is given."""
        credentials = await self._credentials()
        claim = {"parent": stored, "parent_title": "The picture at its full size", "actions": ("c2pa.transcoded",)}
        return _told(await asyncio.to_thread(provenance.signed, picture, credentials, source=source, **claim))

    async def sheet(self, jpeg: bytes) -> bytes:
        """A sheet of several portraits, with a manifest."""
        credentials = await self._credentials()
        title = "AI-generated portraits"
        return _told(
            await asyncio.to_thread(provenance.signed, jpeg, credentials, source=SourceType.SHEET, title=title)
        )

    async def _credentials(self) -> signing.Credentials | None:
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_load, self._settings), name="signing-certificate")
        try:
            return await asyncio.shield(self._loading)
        except OSError as error:
            # Not for good: the next picture is signed if the folder can be used by then.
            self._loading = None
            log.warning("a picture is not signed: %s", error)
            return None


def _told(marked: provenance.Marked) -> bytes:
    if marked.problem:
        log.warning("a picture was not marked in full: %s", marked.problem)
    return marked.picture


def _load(settings: Settings) -> signing.Credentials | None:
    if not settings.signing_enabled:
        return None
    try:
        if settings.signing_certificate and settings.signing_key:
            return signing.load(Path(settings.signing_certificate), Path(settings.signing_key))
        return signing.self_made(settings.data_folder / "signing")
    except signing.SigningFailed as error:
        log.warning("pictures are not signed: %s", error)
        return None
