"""Who is told of what happens to jobs, for figures and pages. It changes nothing, and nothing waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backends import Outcome
from engine.jobs.job import Downloading, Job, Underway


class QueueWatcher:
    """Told of every job on the event loop, and looks away; whoever wants to know overrides what interests them.

    Nothing here may raise or wait: a picture is being made meanwhile.
    """

    def job_queued(self, job: Job) -> None:
        """It waits from now on, for the first time or once more after its batch broke off."""

    def batch_started(self, jobs: Sequence[Job]) -> None:
        """These are made together from now on."""

    def job_told(self, job_id: str, event: Downloading | Underway) -> None:
        """How far it is."""

    def job_ended(self, job: Job, outcome: Outcome) -> None:
        """It is over: a picture, or why there is none (EngineStopped: it goes on at the next start)."""
