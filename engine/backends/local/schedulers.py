"""What batches, edits and previews need of a pipeline's scheduler, for each kind of scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_NAMES: Final[Mapping[str, str]] = {
    "DDIMScheduler": "DDIM",
    "EulerAncestralDiscreteScheduler": "Euler a",
    "EulerDiscreteScheduler": "Euler",
    "FlowMatchEulerDiscreteScheduler": "Euler",
    "FlowMatchHeunDiscreteScheduler": "Heun",
    "FlowMatchLCMScheduler": "LCM",
    "HeunDiscreteScheduler": "Heun",
    "KDPM2AncestralDiscreteScheduler": "DPM2 a",
    "KDPM2DiscreteScheduler": "DPM2",
    "LCMScheduler": "LCM",
    "LMSDiscreteScheduler": "LMS",
    "PNDMScheduler": "PLMS",
    "UniPCMultistepScheduler": "UniPC",
}
"""What A1111 and others call the samplers of diffusers."""
_SPACINGS: Final[Mapping[str, str]] = {
    "use_karras_sigmas": "Karras",
    "use_exponential_sigmas": "Exponential",
    "use_beta_sigmas": "Beta",
}


def named(scheduler: Any) -> tuple[str, str]:
    """The sampler and its schedule as other tools call them; one that they do not have by its own name."""
    if scheduler is None:
        return "", ""
    own, config = type(scheduler).__name__, getattr(scheduler, "config", {})
    spacing = next((name for key, name in _SPACINGS.items() if config.get(key)), "")
    if own == "DPMSolverMultistepScheduler" and str(config.get("algorithm_type", "")).endswith("dpmsolver++"):
        noisy = " SDE" if config["algorithm_type"].startswith("sde") else ""
        return f"DPM++ {config.get('solver_order', 2)}M{noisy}", spacing
    return _NAMES.get(own, own.removesuffix("Scheduler")), spacing


def begin_from_pictures(scheduler: Any) -> None:
    """Makes a scheduler ready for a pipeline that begins from a picture.

    Those of flow matching ask for `scale_noise`; general solvers have the same as `add_noise`.
    """
    if not hasattr(scheduler, "scale_noise"):
        scheduler.scale_noise = lambda sample, timestep, noise: scheduler.add_noise(sample, noise, timestep)


def keep_rows(scheduler: Any, rows: Sequence[int]) -> None:
    """Drops the other rows from what a multistep solver remembers of the steps before."""
    guesses = getattr(scheduler, "model_outputs", None)
    if guesses is not None:
        scheduler.model_outputs = [None if guess is None else guess[list(rows)] for guess in guesses]


def clean_guess(scheduler: Any, latents: Any, before: Any, step: int) -> Any:
    """The latents that the steps so far lead to, or `latents` where the scheduler does not let that be told.

    `before` are the latents of one step earlier (or None), `step` how many steps are done.
    """
    name = type(scheduler).__name__
    if name == "DPMSolverMultistepScheduler" and scheduler.config.algorithm_type == "dpmsolver++":
        guess = scheduler.model_outputs[-1]  # such solvers turn whatever was predicted into the clean latents
        return latents if guess is None else guess
    sigmas = getattr(scheduler, "sigmas", None)
    if before is None or sigmas is None or name != "FlowMatchEulerDiscreteScheduler":
        return latents
    at = scheduler.step_index or step  # an edit begins in the middle of the schedule
    was, now = float(sigmas[at - 1]), float(sigmas[at])
    if was == now:
        return latents
    # An Euler step is a straight line, so two points give its end.
    velocity = (latents - before) / (now - was)
    return latents - now * velocity
