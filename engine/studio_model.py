"""The catalogue's entry for the virtual photo studio, which ships with the bot and needs neither GPU nor weights."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from engine.catalogue import BUILTIN_ID, Model
from engine.local_models import sizes

AREA_PX: Final = 512 * 768
GRID_PX: Final = 16
_NEEDED: Final = {"embreex": "the ray caster", "pyoidn": "the denoiser", "scipy": "scipy"}


def missing() -> str:
    """Why the studio cannot take pictures here, as a clause; "" when it can. There are no wheels for Linux on ARM."""
    lacking = [what for package, what in _NEEDED.items() if find_spec(package) is None]
    if not lacking:
        return ""
    return (
        f'{" and ".join(lacking)} is not installed (.venv/bin/pip install -e ".[studio]"; Linux on ARM has no wheels)'
    )


def studio_model() -> Model:
    """The model that ships with the bot."""
    return Model(
        id=BUILTIN_ID,
        title="Studio",
        provider="studio",
        family="studio",
        best_for="portraits without a GPU or a key: light, lens and clothes exactly as said, the same face every time",
        catch="it photographs people made of parameters; what it does not know is left out, and said",
        sizes=sizes(AREA_PX, GRID_PX),
        steps=2,
        guidance=0.0,
        references=2,
        only_faces=True,
        edits=True,
        writes_text=True,
        source="engine.renderer",
        licence="MIT; assets CC0",
    )
