"""The scheduler of diffusers for the sampler that a job or its model asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.jobs.job import Job
from engine.models.samplers import Sampler, sampler_called

if TYPE_CHECKING:
    from engine.backends.local.loaded import Loaded

_SPACINGS = {"use_karras_sigmas": False, "use_exponential_sigmas": False, "use_beta_sigmas": False}


def scheduler_for(loaded: Loaded, job: Job) -> Any:
    """The one of the job's words, else the one that is set for the model, else the model's own."""
    asked = sampler_called(job.prompt.sampler) or sampler_called(loaded.model.sampler)
    own = loaded.schedulers.setdefault("", loaded.pipe.scheduler)
    if asked is None:
        return own
    if asked.title not in loaded.schedulers:
        loaded.schedulers[asked.title] = _made(asked, own)
    return loaded.schedulers[asked.title]


def _made(asked: Sampler, own: Any) -> Any:
    import diffusers

    # What the model's own scheduler was told of spacings is not for another.
    return getattr(diffusers, asked.kind).from_config(own.config, **{**_SPACINGS, **asked.options})
