"""Samplers by the names that people use: A1111's, ComfyUI's, InvokeAI's and diffusers' own. Facts only, no torch.

For models that are trained on noise (SD 1.5, SDXL and their fine-tunes). Those of flow matching have one sampler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from engine.models.model import Model
from engine.sayings import worded

SAMPLED: Final = frozenset({"StableDiffusionPipeline", "StableDiffusionXLPipeline"})
"""The pipelines whose sampler can be chosen."""

_DPM: Final = "DPMSolverMultistepScheduler"
_KINDS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "Euler": ("EulerDiscreteScheduler", {}),
        "Euler a": ("EulerAncestralDiscreteScheduler", {}),
        "Heun": ("HeunDiscreteScheduler", {}),
        "LMS": ("LMSDiscreteScheduler", {}),
        "DPM2": ("KDPM2DiscreteScheduler", {}),
        "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {}),
        "DPM++ 2M": (_DPM, {"algorithm_type": "dpmsolver++", "solver_order": 2}),
        "DPM++ 2M SDE": (_DPM, {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
        "DPM++ 3M": (_DPM, {"algorithm_type": "dpmsolver++", "solver_order": 3}),
        "DEIS": ("DEISMultistepScheduler", {}),
        "UniPC": ("UniPCMultistepScheduler", {}),
        "DDIM": ("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
        "DDPM": ("DDPMScheduler", {"clip_sample": False}),
        "PLMS": ("PNDMScheduler", {"skip_prk_steps": True, "set_alpha_to_one": False}),
        "LCM": ("LCMScheduler", {}),
    }
)
NAMES: Final = tuple(_KINDS)
_OTHERWISE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "euler ancestral": "Euler a",
        "k euler": "Euler",
        "k euler a": "Euler a",
        "k lms": "LMS",
        "k heun": "Heun",
        "dpm 2": "DPM2",
        "dpm2 ancestral": "DPM2 a",
        "dpm 2 ancestral": "DPM2 a",
        "kdpm 2": "DPM2",
        "kdpm 2 a": "DPM2 a",
        "dpmpp 2m": "DPM++ 2M",
        "dpmpp 2m sde": "DPM++ 2M SDE",
        "dpmpp 2m sde gpu": "DPM++ 2M SDE",
        "dpmpp 3m": "DPM++ 3M",
        "uni pc": "UniPC",
        "pndm": "PLMS",
        **{kind.casefold(): name for name, (kind, _) in _KINDS.items() if kind != _DPM},
        _DPM.casefold(): "DPM++ 2M",
    }
)
_BY_NAME: Final = MappingProxyType({**{name.casefold(): name for name in _KINDS}, **_OTHERWISE})
_SCHEDULES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "karras": ("Karras", {"use_karras_sigmas": True}),
        "k": ("Karras", {"use_karras_sigmas": True}),
        "exponential": ("Exponential", {"use_exponential_sigmas": True}),
        "beta": ("Beta", {"use_beta_sigmas": True}),
        "sgm uniform": ("SGM Uniform", {"timestep_spacing": "trailing"}),
        "normal": ("", {}),
        "automatic": ("", {}),
        "simple": ("", {}),
        "uniform": ("", {}),
    }
)
_ANY_SIGMAS: Final = frozenset({"Euler", "Heun", "LMS", "DPM2", "DPM2 a", "DPM++ 2M", "DPM++ 2M SDE", "DPM++ 3M"}) | {
    "DEIS",
    "UniPC",
}
"""Those that take other spacings of the noise than their own."""
_GAPS: Final = re.compile(r"[\s_]+")


NOT_KNOWN: Final = worded("sampler {name}: there is none of this name here")
NOT_TAKEN: Final = worded("sampler {name}: {models} has one alone")


@dataclass(frozen=True, slots=True)
class Sampler:
    """`name` and `schedule` as A1111 calls them; `kind` is a class of diffusers and `options` what it is told."""

    name: str
    schedule: str
    kind: str
    options: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Both names, as people write them."""
        return f"{self.name} {self.schedule}".strip()


def not_taken(asked: str, models: Iterable[Model]) -> str:
    """Why a sampler that somebody asks for is not used by these models, as a clause; "" when it is, or none is."""
    if not asked:
        return ""
    if sampler_called(asked) is None:
        return worded(NOT_KNOWN, name=asked)
    others = [model.title for model in models if model.pipeline not in SAMPLED or model.provider != "local"]
    return worded(NOT_TAKEN, name=asked, models=" and ".join(dict.fromkeys(others))) if others else ""


def sampler_called(text: str) -> Sampler | None:
    """The sampler of this name, with or without its schedule; None for one that is not known or not to be had."""
    said = _GAPS.sub(" ", text.strip().casefold())
    name, schedule = said, ""
    if said not in _BY_NAME:
        ending = next((one for one in _SCHEDULES if said.endswith(f" {one}")), "")
        name, schedule = said.removesuffix(ending).strip(), ending
    own = _BY_NAME.get(name)
    if own is None:
        return None
    kind, options = _KINDS[own]
    shown, spacing = _SCHEDULES.get(schedule, ("", {}))
    if shown in ("Karras", "Exponential", "Beta") and own not in _ANY_SIGMAS:
        return None
    return Sampler(own, shown, kind, {**options, **spacing})
