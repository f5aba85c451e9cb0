"""The virtual photo studio as a backend: a scene from the words, a photograph from the studio's own process."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from engine.backends import Cancelled, Outcome, RenderInterrupted, Report
from engine.backends.warm_up import check_ready, warm_up_job
from engine.faces import identity
from engine.jobs.job import (
    EngineError,
    Finished,
    Fitting,
    Job,
    JobCancelled,
    Loading,
    Progress,
    Reference,
    RenderFailed,
    Role,
    Sampling,
    Underway,
)
from engine.models.catalogue import Catalogue
from engine.models.model import Model
from engine.models.studio_model import STEPS
from engine.pictures.source_types import SourceType, xmp
from engine.prompts.looks import told, unsaid
from engine.sayings import together, worded
from engine.wording.dialects import RenderedPrompt

if TYPE_CHECKING:
    from engine.renderer.fitting.fitter import Fitted, FittingPlan
    from engine.renderer.processes import StudioProcess
    from engine.renderer.scene import Person, Scene

log = logging.getLogger(__name__)

QUALITIES: Final = {steps: quality for quality, steps in STEPS.items()}
SAMPLER: Final = "ray tracing"
"""What stands where other tools name a sampler: nothing is denoised from noise here."""
SHARES: Final = 20
"""Progress is told in so many parts."""
MOST_FITTED: Final = 64
"""So many people from elsewhere are kept in memory."""
FINE_FACTOR: Final = 2
"""A fine picture has so many times the width and the height."""


class StudioBackend:
    """Takes one picture at a time, in a process of its own that is started with the first."""

    slots = 1

    def __init__(self, catalogue: Catalogue, plan: FittingPlan | None = None) -> None:
        self._catalogue = catalogue
        self._plan = plan
        """How much of a face from elsewhere is looked for, None for all of it."""
        self._process: StudioProcess | None = None
        self._closing = False
        self._busy = asyncio.Lock()
        self._fitted: dict[str, Fitted | None] = {}
        """People in pictures from elsewhere by the picture's sha256, the latest last; None where no face was found."""
        self._used: set[str] = set()
        """Pictures of whose people the process may still know something."""

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """One: a batch would take as long as its parts."""
        return 1

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render."""
        async with self._busy:
            return [await self._one(job, report, cancelled) for job in batch]

    async def warm(self, model: Model) -> None:
        """See Warming.warm: starts the process, which reads what it needs with its first picture."""
        check_ready(await self.render([warm_up_job(model)], lambda job_id, event: None, lambda job_id: False))

    async def forget(self, pictures: Collection[str]) -> None:
        """See Remembering.forget. A process that knows one of the people ends; the next picture starts another."""
        async with self._busy:
            for sha256 in pictures:
                self._fitted.pop(sha256, None)
            if self._process is not None and not self._used.isdisjoint(pictures):
                await asyncio.to_thread(self._process.close)
                self._used.clear()

    async def close(self) -> None:
        """Ends the process; the picture that it was at has not ended."""
        self._closing = True
        if self._process is not None:
            await asyncio.to_thread(self._process.close)

    async def _one(self, job: Job, report: Report, cancelled: Cancelled) -> Outcome:
        loop = asyncio.get_running_loop()
        if self._process is None:
            report(job.id, Loading(job.model))

        def tell(progress: Underway) -> None:
            loop.call_soon_threadsafe(report, job.id, progress)

        try:
            return await asyncio.to_thread(self._taken, job, tell, lambda: self._closing or cancelled(job.id))
        except EngineError as error:
            return error

    def _taken(self, job: Job, tell: Callable[[Underway], None], given_up: Callable[[], bool]) -> Finished:
        from engine.renderer.processes import StudioFailed, StudioLost, StudioProcess
        from engine.renderer.stops import Cancelled as GivenUp

        began_s = perf_counter()
        model = self._catalogue.get(job.model)
        if self._process is None:
            self._process = StudioProcess()
        quality = QUALITIES.get(job.steps, "standard")
        factor = FINE_FACTOR if quality == "fine" else 1
        size = (job.width * factor, job.height * factor)
        try:
            fitted = self._people(self._process, job, tell, given_up)
            known = {handle: one.person for handle, one in fitted.items() if one is not None}
            scene, words = scene_of(job, known)
            tell(Progress(0, SHARES))
            photograph = self._process.photograph(scene, size, quality, _reporting(job, tell), given_up)
        except GivenUp:
            if self._closing:
                raise RenderInterrupted("the studio is closing") from None
            raise JobCancelled from None
        except StudioLost as error:
            raise RenderInterrupted(str(error)) from error
        except StudioFailed as error:
            log.warning("A picture could not be taken: %s", error, extra={"job": job.id})
            raise RenderFailed(worded("the studio could not take this picture")) from error
        return Finished(
            picture=_png(photograph.picture, scene),
            width=size[0],
            height=size[1],
            seed=scene.seed,
            words=words,
            model_title=model.title,
            note=together(model.note, *_told_of(fitted)),
            steps=job.steps,
            render_s=perf_counter() - began_s,
            batch=1,
            sampling=Sampling(seed=scene.seed, steps=job.steps, sampler=SAMPLER),
            fitted=_worth_keeping(job, fitted),
        )

    def _people(
        self, process: StudioProcess, job: Job, tell: Callable[[Underway], None], given_up: Callable[[], bool]
    ) -> Mapping[str, Fitted | None]:
        """Who is in the saved pictures that were not taken here, by handle; looked for where that was not done yet."""
        from engine.renderer.fitting.fitter import WHOLE, from_json

        found: dict[str, Fitted | None] = {}
        plan = self._plan or WHOLE
        for reference in job.references:
            if reference.role is not Role.FACE:
                continue
            self._used.add(reference.sha256)
            if reference.handle in found or _scene_in(reference.path) is not None:
                continue
            if reference.sha256 not in self._fitted and (kept := from_json(reference.fitted)) is not None:
                self._keep(reference.sha256, kept)
            if reference.sha256 not in self._fitted:
                tell(Fitting(reference.handle, 0, SHARES))
                report = _fitting(reference.handle, tell)
                self._keep(reference.sha256, process.fit(_bytes(reference), plan, report, given_up))
            found[reference.handle] = self._fitted[reference.sha256]
        return found

    def _keep(self, sha256: str, fitted: Fitted | None) -> None:
        self._fitted[sha256] = fitted
        while len(self._fitted) > MOST_FITTED:
            del self._fitted[next(iter(self._fitted))]


def scene_of(job: Job, fitted: Mapping[str, Person] | None = None) -> tuple[Scene, RenderedPrompt]:
    """What is photographed for a job, and how it is said. Blocking: reads the pictures that go along.

    `fitted` are people from elsewhere by handle, as far as they could be fitted.

    A picture that is changed keeps its people and its seed, so that only what the words change is different.
    """
    from engine.renderer.describe import describe
    from engine.renderer.reading import read
    from engine.renderer.stored import people

    before = _scene_in(job.edit.path) if job.edit else None
    seed = job.seed if before is None else before.seed
    known = _characters(job.references)
    named = {**known, **(fitted or {})}
    handles = [*job.prompt.characters, *(handle for handle in named if handle not in job.prompt.characters)]
    prompt = replace(job.prompt, characters=tuple(handles))
    kept = people(before) if before is not None and not known else ()
    # Whom the studio made itself keeps hair, beard and glasses as they are; of others it has the words alone.
    added = unsaid(prompt, {handle: said for handle, said in job.looks().items() if handle not in known})
    reading = read(prompt, seed=seed, characters={**(fitted or {}), **known}, sitters=kept, looks=added)
    return reading.scene, RenderedPrompt(describe(reading.scene), dropped=reading.missed, remembered=told(added))


def _characters(references: Sequence[Reference]) -> Mapping[str, Person]:
    """The saved people by their handle, where the picture holds who they are."""
    from engine.renderer.stored import people

    found: dict[str, Person] = {}
    for reference in references:
        if reference.role is Role.FACE and reference.handle not in found:
            scene = _scene_in(reference.path)
            if scene is not None:
                found[reference.handle] = people(scene)[0]
    return found


def _scene_in(path: Path) -> Scene | None:
    from engine.recipes.picture_text import texts
    from engine.renderer.stored import KEYWORD, SceneUnreadable, from_json

    try:
        stored = texts(path.read_bytes(), (KEYWORD,)).get(KEYWORD, "")
        return from_json(stored) if stored else None
    except (OSError, SceneUnreadable):
        return None


def _bytes(reference: Reference) -> bytes:
    """Raises RenderFailed."""
    try:
        return reference.path.read_bytes()
    except OSError as error:
        raise RenderFailed(worded("a picture that belongs to it cannot be read any more")) from error


def _worth_keeping(job: Job, fitted: Mapping[str, Fitted | None]) -> tuple[tuple[str, str], ...]:
    """What is not kept yet of the people who were fitted: their picture's sha256, and who they are."""
    from engine.renderer.fitting.fitter import to_json

    found: dict[str, str] = {}
    for handle, one in fitted.items():
        picture = next(each for each in job.references if each.handle == handle and each.role is Role.FACE)
        if one is not None and to_json(one) != picture.fitted:
            found[picture.sha256] = to_json(one)
    return tuple(found.items())


def _told_of(fitted: Mapping[str, Fitted | None]) -> list[str]:
    """What people are to know of faces from elsewhere."""
    from engine.renderer.fitting.fitter import NEAR

    told: list[str] = []
    for handle, one in fitted.items():
        if one is not None and one.distance > NEAR:
            told.append(worded("The face of @{handle} is only near the one in its picture.", handle=handle))
        elif one is None and identity.missing():
            told.append(
                worded(
                    "Nothing here looks for a face in the picture of @{handle}, so somebody else was drawn.",
                    handle=handle,
                )
            )
        elif one is None:
            told.append(
                worded("No face could be found in the picture of @{handle}, so somebody else was drawn.", handle=handle)
            )
    return told


def _fitting(handle: str, tell: Callable[[Underway], None]) -> Callable[[float, Any], None]:
    """Progress of a search for a face, in whole parts."""
    told = 0

    def report(share: float, preview: Any) -> None:
        nonlocal told
        part = min(SHARES - 1, int(share * SHARES))
        if part > told:
            told = part
            tell(Fitting(handle, told, SHARES))

    return report


def _reporting(job: Job, tell: Callable[[Underway], None]) -> Callable[[float, Any], None]:
    """Progress in whole parts, and every preview."""
    told = 0

    def report(share: float, preview: Any) -> None:
        nonlocal told
        part = min(SHARES - 1, int(share * SHARES))
        shown = _jpeg(preview) if preview is not None and job.previews else None
        if part > told or shown is not None:
            told = max(told, part)
            tell(Progress(told, SHARES, shown))

    return report


def _jpeg(picture: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=82, xmp=xmp(SourceType.ALGORITHMIC).encode())
    return buffer.getvalue()


def _png(picture: Any, scene: Scene) -> bytes:
    """The picture with its scene in it, which is who is saved when somebody saves the face."""
    from PIL import Image

    from engine.recipes.picture_text import with_texts
    from engine.renderer.stored import KEYWORD, to_json

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return with_texts(buffer.getvalue(), {KEYWORD: to_json(scene)})
