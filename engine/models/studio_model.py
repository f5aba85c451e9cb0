"""The catalogue's entry for the virtual photo studio, which ships with the bot and needs neither GPU nor weights."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.models.local_models import sizes
from engine.models.model import BUILTIN_ID, Model, Quality
from engine.sayings import worded

AREA_PX: Final = 512 * 768
GRID_PX: Final = 16
STEPS: Final[Mapping[Quality, int]] = MappingProxyType({"draft": 1, "standard": 2, "fine": 3})
"""What a job's steps mean to the studio."""
INSTALL: Final = '.venv/bin/pip install -e ".[studio]"'
"""In the checkout: this package is not on PyPI, and somebody else's of the same name may be."""
_NEEDED: Final = {"embreex": "the ray caster embreex", "pyoidn": "the denoiser pyoidn", "scipy": "scipy"}


def missing() -> str:
    """Why the studio cannot take pictures here, as a clause with what to do; "" when it can. Imports nothing."""
    lacking = [what for package, what in _NEEDED.items() if importlib.util.find_spec(package) is None]
    if not lacking:
        return ""
    said = f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed"
    if sys.platform == "linux" and platform.machine() != "x86_64":
        return f"{said}, and neither embreex nor pyoidn is built for Linux on {platform.machine()}"
    return f"{said}; install it: {INSTALL}"


def studio_model(quality: Quality = "standard") -> Model:
    """The model that ships with the bot; its steps are the quality of its pictures."""
    return Model(
        id=BUILTIN_ID,
        title="Studio",
        provider="studio",
        family="studio",
        best_for=worded(
            "portraits without a GPU or a key: light, lens and clothes exactly as said, the same face every time"
        ),
        catch=worded("it photographs people made of parameters; what it does not know is left out, and said"),
        sizes=sizes(AREA_PX, GRID_PX),
        steps=STEPS[quality],
        guidance=0.0,
        references=2,
        only_faces=True,
        edits=True,
        writes_text=True,
        qualities=STEPS,
        source="engine.renderer",
        licence="MIT; assets CC0",
    )
