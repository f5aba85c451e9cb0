"""The picture that makes a model ready before anybody has ordered one."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backends import Outcome
from engine.jobs.job import EngineError, Job, Lane
from engine.models.model import Model
from engine.models.studio_model import STEPS
from engine.prompt import PortraitPrompt

STUDIO_SIZE = (64, 96)


def check_ready(outcomes: Sequence[Outcome]) -> None:
    """Raises what the picture ended with, if that was no picture."""
    for outcome in outcomes:
        if isinstance(outcome, EngineError):
            raise outcome


def warm_up_job(model: Model) -> Job:
    """A job of the model's usual size and as few steps as show everything; of the studio's a tiny draft."""
    studio = model.provider == "studio"
    width, height = STUDIO_SIZE if studio else model.sizes["2:3"]
    return Job(
        id="warm-up",
        user="",
        lane=Lane.STANDARD,
        model=model.id,
        prompt=PortraitPrompt(subject="a woman"),
        width=width,
        height=height,
        steps=STEPS["draft"] if studio else min(2, model.steps),
        guidance=model.guidance,
        seed=0,
        arrival=0,
        previews=False,
    )
