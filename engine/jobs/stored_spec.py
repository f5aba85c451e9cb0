"""How what a picture is made from is kept: as columns of plain values, one for each field, by its name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from engine.jobs.job import Lane, PictureSpec
from engine.prompt import NOTHING, PortraitPrompt, PromptError, from_json, to_json

log = logging.getLogger(__name__)


def to_columns(spec: PictureSpec) -> dict[str, str | int | float]:
    """The prompt is JSON, "" where it says nothing."""
    prompt = "" if spec.prompt == NOTHING else to_json(spec.prompt)
    return {**spec.spec_fields(), "lane": spec.lane.value, "prompt": prompt}


def from_columns(row: Mapping[str, Any]) -> PictureSpec:
    """Read what `to_columns` wrote. A prompt that was deleted, or that cannot be read, says nothing."""
    return PictureSpec(**{**row, "lane": Lane(row["lane"]), "prompt": _prompt(row["prompt"])})


def _prompt(stored: str) -> PortraitPrompt:
    try:
        return from_json(stored) if stored else NOTHING
    except PromptError as error:
        # One prompt must not keep a list of orders, or the start, from being read.
        log.warning("a stored prompt is left out: %s", error)
        return NOTHING
