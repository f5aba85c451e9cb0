"""Every finished picture is marked as generated before it is stored: recipe, settings, and a signed manifest."""

import asyncio
import logging
from pathlib import Path

from bot.core.settings import Settings
from engine.jobs.job import Finished, PictureSpec
from engine.pictures import provenance, signing

log = logging.getLogger(__name__)


class Marker:
    """Marks pictures with the operator's certificate, or with one made at the first picture and kept in the folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loading: asyncio.Task[signing.Credentials | None] | None = None

    async def mark(self, finished: Finished, spec: PictureSpec) -> bytes:
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
        marked = await asyncio.to_thread(provenance.mark, finished.picture, recipe, credentials)
        if marked.problem:
            log.warning("a picture was not marked in full: %s", marked.problem)
        return marked.picture

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
