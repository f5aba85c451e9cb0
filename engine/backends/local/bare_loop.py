"""A plain loop over a pipeline, as a script would write it: what the studio is measured against."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backends.local.finishing import png
from engine.backends.local.loaded import Loaded
from engine.backends.local.pipelines import Plain
from engine.jobs.job import Job
from engine.wording.dialects import RenderedPrompt


def pictures(loaded: Loaded, batch: Sequence[Job]) -> list[bytes]:
    """The PNGs of these jobs, which share size, steps and guidance, one call and one file after the other."""
    import torch

    first = batch[0]
    said = [RenderedPrompt(job.prompt.subject) for job in batch]
    with torch.inference_mode():
        made = loaded.pipe(
            **Plain(loaded, first).arguments(batch, said),
            width=first.width,
            height=first.height,
            num_inference_steps=first.steps,
            generator=[torch.Generator("cpu").manual_seed(job.seed) for job in batch],
        )
    return [png(picture) for picture in made.images]
