"""The portraits that wait and are made now, with how far each is and the preview of it that may be shown."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.jobs.job import Downloading, Fitting, Job, Loading, Progress, Underway

JobStage = Literal["waiting", "downloading", "loading", "fitting", "rendering"]
_STAGES: Final[dict[type, JobStage]] = {
    Downloading: "downloading",
    Loading: "loading",
    Fitting: "fitting",
    Progress: "rendering",
}


@dataclass(slots=True)
class LiveJob:
    """`since` is when it came (epoch seconds), `stage_began_s` of the clock that does not jump.

    `step` of `steps` is done of its stage, 0 of 0 where nobody says; `preview` is the name of its picture, "" without,
    and `preview_before` of the one before, for pages that are about to ask for it.
    """

    job: Job
    since: float
    queued_s: float
    stage: JobStage = "waiting"
    stage_began_s: float = 0.0
    stepped: bool = False
    step: int = 0
    steps: int = 0
    preview: str = ""
    preview_before: str = ""


@dataclass(frozen=True, slots=True)
class StageEnd:
    """A job was in this stage for so long."""

    model: str
    stage: JobStage
    seconds: float


@dataclass(slots=True)
class LiveJobs:
    """Kept from the engine's word alone; what has ended leaves with its preview."""

    jobs: dict[str, LiveJob] = field(default_factory=dict)
    _previews: dict[str, bytes] = field(default_factory=dict)

    def queued(self, job: Job) -> None:
        """It waits; one that comes back after a broken batch has lost what was made of it."""
        self.ended(job.id)
        now_s = time.perf_counter()
        self.jobs[job.id] = LiveJob(job, time.time(), now_s, stage_began_s=now_s)

    def started(self, jobs: Sequence[Job]) -> list[tuple[Job, float]]:
        """How long each of these has waited, in seconds."""
        waits = []
        for job in jobs:
            if (live := self.jobs.get(job.id)) is not None:
                waits.append((job, time.perf_counter() - live.queued_s))
                _enter(live, "rendering")
        return waits

    def told(self, job_id: str, event: Downloading | Underway) -> StageEnd | None:
        """Note how far it is; the stage that ended by that."""
        live = self.jobs.get(job_id)
        if live is None:
            return None
        stage = _STAGES[type(event)]
        # Until something was reported of it, nobody knew in which stage the batch really began.
        ended = _end(live) if stage != live.stage and live.stepped else None
        if stage != live.stage:
            _enter(live, stage)
        live.stepped = True
        match event:
            case Downloading(done=done, total=total):
                live.step, live.steps = done, total
            case Fitting(step=step, steps=steps) | Progress(step=step, steps=steps):
                live.step, live.steps = step, steps
            case _:
                live.step = live.steps = 0
        return ended

    def ended(self, job_id: str) -> StageEnd | None:
        """It is over; the stage that it was in, unless that was waiting."""
        live = self.jobs.pop(job_id, None)
        if live is None:
            return None
        self._drop(live)
        return None if live.stage in ("waiting", "downloading") else _end(live)

    def show(self, job_id: str, jpeg: bytes | None) -> None:
        """A preview that may be shown takes the place of the last one; None: no longer that one either."""
        live = self.jobs.get(job_id)
        if live is None:
            return
        if jpeg is None:
            self._drop(live)
            return
        self._previews.pop(live.preview_before, None)
        live.preview_before, live.preview = live.preview, secrets.token_urlsafe(12)
        self._previews[live.preview] = jpeg

    def preview(self, name: str) -> bytes | None:
        """The JPEG under this name, while it is the newest of a job that is being made, or the one before."""
        return self._previews.get(name)

    def _drop(self, live: LiveJob) -> None:
        for name in (live.preview, live.preview_before):
            self._previews.pop(name, None)
        live.preview = live.preview_before = ""


def _enter(live: LiveJob, stage: JobStage) -> None:
    live.stage, live.stage_began_s, live.stepped = stage, time.perf_counter(), False
    live.step = live.steps = 0


def _end(live: LiveJob) -> StageEnd:
    return StageEnd(live.job.model, live.stage, time.perf_counter() - live.stage_began_s)
