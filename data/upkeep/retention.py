"""Portraits that have become too old are deleted, with their files."""

from __future__ import annotations

from data.pictures.portrait_rows import Portraits

DAY_S = 86_400.0


async def delete_older(portraits: Portraits, *, days: float, now: float) -> int:
    """Delete portraits older than `days` days and return how many. Pictures of characters stay.

    Each goes in a transaction of its own, so that orders do not wait for the whole of it.
    """
    deleted = 0
    while old := await portraits.older_than(now - days * DAY_S):
        for portrait_id in old:
            deleted += await portraits.delete(portrait_id, now)
    return deleted
