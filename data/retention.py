"""Portraits that have become too old are deleted, with their files."""

from __future__ import annotations

from data.portraits import Portraits


async def delete_older(portraits: Portraits, *, days: float, now: float) -> int:
    """Delete portraits older than `days` days and return how many. Characters saved from them keep their pictures."""
    raise NotImplementedError
