"""Rendering a portrait until its face is the saved one: every attempt is looked at, and the best is delivered.

Where the operator has set a bar (`REVIEW_RETRY_BELOW`) each is reviewed too, and what stays below it is tried again.
An attempt that has not the face goes back into the queue as the same job with another seed: its place among its
person's jobs, its hold and its price stay as they are. What a crash breaks off begins anew with the first attempt, so
that a job ends with one portrait and one settlement whatever happens between.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from bot.core.patience import patiently
from bot.core.requests import MAX_SEED
from bot.core.reviewing import Reviewer
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio_watcher import StudioWatcher
from data.orders.attempts import Attempt, PinnedFace
from data.orders.jobs import JobRow, Order
from data.pictures.kept_reviews import KeptReview
from engine.faces import face_review
from engine.faces.face_review import ExpectedFace, Review
from engine.jobs.job import (
    EngineError,
    EngineStopped,
    Finished,
    ImageToImage,
    Job,
    JobCancelled,
    PictureSpec,
    Reference,
    Role,
)
from engine.models.model import OWN_MACHINES, Model
from engine.queue.engine import Engine

log = logging.getLogger(__name__)

_SEED_STEP: Final = 1_000_003
_COPY_LOSES: Final = 0.5

Render = Callable[[Job], Awaitable[Finished]]
_Looked = tuple[Attempt, Finished, KeptReview | None]


class IdentityRetries:
    """Looks at finished portraits and has those made again whose face is not the saved one, or that are too poor."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        engine: Engine,
        reviewer: Reviewer,
        watcher: StudioWatcher | None = None,
    ) -> None:
        self._reviewer = reviewer
        self._watcher = watcher or StudioWatcher()
        self._settings = settings
        self._stores = stores
        self._engine = engine

    async def best(
        self, order: Order, row: JobRow[PictureSpec], job: Job, first: Finished, render: Render
    ) -> tuple[Finished, KeptReview | None]:
        """The best of at most three attempts, the first of which is finished, and its review where there is a bar;
        `render` makes a job once more.

        Raises EngineStopped and JobCancelled from a further attempt; of other errors those so far are enough.
        """
        model = self._engine.catalogue.get(row.spec.model)
        if not model.shows_faces:
            return first, None
        expected = expected_faces(await self._stores.attempts.pinned_faces(order.id))
        first = await self._with_its_face(row, model, job, first, render)
        attempts = [await self._look(order, job, model, first, expected, 1)]
        while await self._again(row, model, attempts[-1][0]):
            number = len(attempts) + 1
            self._watcher.picture_retried(model.id)
            try:
                seed = (row.spec.seed + _SEED_STEP * (number - 1)) & MAX_SEED
                finished = await render(replace(job, seed=seed, attempt_number=number))
            except (EngineStopped, JobCancelled):
                raise
            except EngineError as error:
                log.info("a further attempt failed: %s", type(error).__name__, extra={"job": row.id})
                break
            attempts.append(await self._look(order, job, model, finished, expected, number))
        enough = self._settings.likeness_threshold if self._reviewer.bar else None
        best, delivered, review = max(attempts, key=lambda one: _worth(one[0], enough))
        if len(attempts) > 1 or self._wants_more(model, best):
            await patiently(lambda: self._stores.attempts.choose(row.id, best.number), "choosing an attempt")
        return delivered, review

    async def _with_its_face(self, row: JobRow, model: Model, job: Job, first: Finished, render: Render) -> Finished:
        """What a model painted that cannot hold a face, given the saved one by a model that can, if one is set up.

        Only of models on own machines: after a crash the first picture is made again.
        """
        faces = tuple(reference for reference in job.references if reference.role is Role.FACE)
        editor = self._editor()
        cannot = not model.references and model.provider in OWN_MACHINES
        if editor is None or not cannot or not faces or job.edit is not None:
            return first
        cost = editor.cost_usd_micros
        if not await patiently(lambda: self._stores.attempts.wait_again(row.id, cost_usd_micros=cost), "going on"):
            return first
        staged = await patiently(lambda: self._stores.pictures.stage(first.picture), "storing a first attempt")
        try:
            edit = ImageToImage(path=staged.file, sha256=staged.sha256, words=_asked_of_editor(faces), strength=0.5)
            edited = await render(_edit_job(job, editor, edit, faces))
        except (EngineStopped, JobCancelled):
            raise
        except EngineError as error:
            log.info("a face could not be given: %s", type(error).__name__, extra={"job": row.id})
            return first
        finally:
            await self._stores.pictures.discard(staged)
        return replace(
            edited,
            seed=first.seed,
            words=first.words,
            steps=first.steps,
            render_s=first.render_s + edited.render_s,
            model_title=f"{first.model_title}, face by {edited.model_title}",
        )

    def _editor(self) -> Model | None:
        if not self._settings.likeness_editor:
            return None
        editor = self._engine.catalogue.get(self._settings.likeness_editor)
        return None if self._engine.catalogue.unavailable(editor) else editor

    async def _look(
        self, order: Order, job: Job, model: Model, finished: Finished, expected: Sequence[ExpectedFace], number: int
    ) -> _Looked:
        """Nothing is seen where dlib is missing, and nothing reviewed where there is no bar."""
        seen = await asyncio.to_thread(
            face_review.portrait, finished.picture, expected, photographic=model.photographic
        )
        attempt = _attempt_of(seen, number, finished.seed)
        if attempt.likeness is not None:
            self._watcher.face_measured(model.id, attempt.likeness)
        if not self._reviewer.bar:
            return attempt, finished, None
        review = await self._reviewer.look(order, finished.picture, job.prompt, model.id)
        return replace(attempt, review=None if review is None else review.overall), finished, review

    async def _again(self, row: JobRow, model: Model, last: Attempt) -> bool:
        """Write the last attempt down, and whether another is to follow it; False when the job has ended meanwhile."""
        wanted = self._wants_more(model, last)
        cost = model.cost_usd_micros if wanted else 0
        # Chosen unless another follows or an earlier one was better.
        kept = replace(last, chosen=not wanted)

        async def write() -> bool:
            return await self._stores.attempts.record(row.id, kept, time.time(), again=wanted, cost_usd_micros=cost)

        return await patiently(write, "writing an attempt down") and wanted

    def _wants_more(self, model: Model, last: Attempt) -> bool:
        settings = self._settings
        another = last.likeness is not None and last.likeness < settings.likeness_threshold and bool(model.references)
        poor = last.review is not None and last.review < self._reviewer.bar
        if not another and not poor:
            return False
        free = model.provider in OWN_MACHINES or settings.likeness_hosted
        return free and last.number <= settings.likeness_retries


def _asked_of_editor(faces: Sequence[Reference]) -> str:
    who = " and ".join(f"@{handle}" for handle in dict.fromkeys(face.handle for face in faces))
    return f"give the person the face of {who}, and keep pose, clothes, place and light"


def _edit_job(job: Job, editor: Model, edit: ImageToImage, faces: tuple[Reference, ...]) -> Job:
    """The same job as an edit by another model, at the size of that model which is shaped most like the picture."""
    shape = job.width / job.height
    width, height = min(editor.sizes.values(), key=lambda size: abs(size[0] / size[1] - shape))
    return replace(
        job,
        model=editor.id,
        width=width,
        height=height,
        steps=editor.steps,
        guidance=editor.guidance,
        references=faces[: max(1, editor.references)],
        fine_tune="",
        fine_tune_strength=0.0,
        adapters=(),
        edit=edit,
        previews=editor.live_preview,
    )


def expected_faces(pinned: Sequence[PinnedFace]) -> list[ExpectedFace]:
    """The faces of an order, one for each character, in the order's order; without references where not measured."""
    found: dict[str, tuple[tuple[bytes, bytes], ...]] = {}
    for face in pinned:
        measured = ((face.embedding, face.pattern),) if face.embedding and face.pattern else ()
        found[face.handle] = (*found.get(face.handle, ()), *measured)
    return [ExpectedFace(handle, references) for handle, references in found.items()]


def _attempt_of(seen: Review | None, number: int, seed: int) -> Attempt:
    if seen is None:
        return Attempt(number=number, seed=seed)
    return Attempt(
        number=number,
        seed=seed,
        faces=seen.faces,
        sharp=seen.sharp,
        likenesses=seen.likenesses,
        copied=seen.copied,
    )


def _worth(one: Attempt, enough: float | None = None) -> tuple[float, float, float, bool, int]:
    """The most like, but a copy of the reference comes after what is half as like; then the sharp, then the first.

    Faces that are like `enough` are told apart by their review.
    """
    likeness = (one.likeness or 0.0) * (_COPY_LOSES if one.copied else 1.0)
    capped = likeness if enough is None else min(likeness, enough)
    return (capped, one.review or 0.0, likeness, bool(one.sharp), -one.number)
