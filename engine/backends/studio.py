"""The virtual photo studio as a backend: a scene from the words, a photograph from the studio's own process."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from engine.backends import Cancelled, Outcome, RenderInterrupted, Report
from engine.catalogue import Catalogue, Model
from engine.dialects import Words
from engine.jobs import EngineError, Finished, Job, JobCancelled, Loading, Progress, Reference, RenderFailed, Role
from engine.prompts.looks import told, unsaid
from engine.studio_model import STEPS

if TYPE_CHECKING:
    from engine.renderer.processes import StudioProcess
    from engine.renderer.scene import Person, Scene

log = logging.getLogger(__name__)

QUALITIES: Final = {steps: quality for quality, steps in STEPS.items()}
SHARES: Final = 20
"""Progress is told in so many parts."""
FINE_FACTOR: Final = 2
"""A fine picture has so many times the width and the height."""


class StudioBackend:
    """Takes one picture at a time, in a process of its own that is started with the first."""

    slots = 1

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._process: StudioProcess | None = None
        self._closing = False

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        """One: a batch would take as long as its parts."""
        return 1

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        """See Backend.render."""
        return [await self._one(job, report, cancelled) for job in batch]

    async def close(self) -> None:
        """Ends the process; the picture that it was at has not ended."""
        self._closing = True
        if self._process is not None:
            await asyncio.to_thread(self._process.close)

    async def _one(self, job: Job, report: Report, cancelled: Cancelled) -> Outcome:
        loop = asyncio.get_running_loop()
        if self._process is None:
            report(job.id, Loading(job.model))

        def tell(progress: Progress) -> None:
            loop.call_soon_threadsafe(report, job.id, progress)

        tell(Progress(0, SHARES))
        try:
            return await asyncio.to_thread(self._taken, job, tell, lambda: self._closing or cancelled(job.id))
        except EngineError as error:
            return error

    def _taken(self, job: Job, tell: Callable[[Progress], None], given_up: Callable[[], bool]) -> Finished:
        from engine.renderer.processes import StudioFailed, StudioLost, StudioProcess
        from engine.renderer.stops import Cancelled as GivenUp

        began_s = perf_counter()
        model = self._catalogue.get(job.model)
        scene, words = scene_of(job)
        if self._process is None:
            self._process = StudioProcess()
        quality = QUALITIES.get(job.steps, "standard")
        factor = FINE_FACTOR if quality == "fine" else 1
        size = (job.width * factor, job.height * factor)
        try:
            photograph = self._process.photograph(scene, size, quality, _reporting(job, tell), given_up)
        except GivenUp:
            if self._closing:
                raise RenderInterrupted("the studio is closing") from None
            raise JobCancelled from None
        except StudioLost as error:
            raise RenderInterrupted(str(error)) from error
        except StudioFailed as error:
            log.warning("A picture could not be taken: %s", error, extra={"job": job.id})
            raise RenderFailed("the studio could not take this picture") from error
        return Finished(
            picture=_png(photograph.picture, scene),
            width=size[0],
            height=size[1],
            seed=scene.seed,
            words=words,
            model_title=model.title,
            note=model.note,
            steps=job.steps,
            render_s=perf_counter() - began_s,
            batch=1,
        )


def scene_of(job: Job) -> tuple[Scene, Words]:
    """What is photographed for a job, and how it is said. Blocking: reads the pictures that go along.

    A picture that is changed keeps its people and its seed, so that only what the words change is different.
    """
    from engine.renderer.describe import describe
    from engine.renderer.reading import read
    from engine.renderer.stored import people

    before = _scene_in(job.edit.path) if job.edit else None
    seed = job.seed if before is None else before.seed
    known = _characters(job.references)
    handles = [*job.prompt.characters, *(handle for handle in known if handle not in job.prompt.characters)]
    prompt = replace(job.prompt, characters=tuple(handles))
    kept = people(before) if before is not None and not known else ()
    # Whom the studio made itself keeps hair, beard and glasses as they are; of others it has the words alone.
    added = unsaid(prompt, {handle: said for handle, said in job.looks().items() if handle not in known})
    reading = read(prompt, seed=seed, characters=known, sitters=kept, looks=added)
    return reading.scene, Words(describe(reading.scene), dropped=reading.missed, remembered=told(added))


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
    from engine.picture_text import texts
    from engine.renderer.stored import KEYWORD, SceneUnreadable, from_json

    try:
        stored = texts(path.read_bytes(), (KEYWORD,)).get(KEYWORD, "")
        return from_json(stored) if stored else None
    except (OSError, SceneUnreadable):
        return None


def _reporting(job: Job, tell: Callable[[Progress], None]) -> Callable[[float, Any], None]:
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
    Image.fromarray(picture).save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def _png(picture: Any, scene: Scene) -> bytes:
    """The picture with its scene in it, which is who is saved when somebody saves the face."""
    from PIL import Image

    from engine.picture_text import with_texts
    from engine.renderer.stored import KEYWORD, to_json

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return with_texts(buffer.getvalue(), {KEYWORD: to_json(scene)})
