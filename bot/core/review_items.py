"""What waits for a server's moderators: refused orders and appeals, and characters that members reported.

A further kind is a name in `Kind`, its items in `open_items`, and what its buttons do in
`bot/components/review_queue.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.core.policy import BY_SERVER
from bot.core.stores import Stores
from data.people.character_reports import Report
from data.people.refused_orders import RefusedOrder

Kind = Literal["refused", "character"]
DISABLED: Final = "A character in this portrait was disabled by a moderator; your credits are back."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One thing to decide about, by its kind and its number there. `user_id` is whom it is about, `why` the rule or
    what a member said, `said` the words, "" where none are kept; `release` says what releasing it does."""

    kind: Kind
    number: int
    user_id: int
    title: str
    why: str
    said: str
    at: float
    release: str
    report: Report | None = None


async def open_items(stores: Stores, guild_id: int) -> Sequence[ReviewItem]:
    """All that waits in a server, up to a hundred of each kind: appeals first, then the oldest."""
    refused = await stores.refused_orders.open(guild_id)
    reports = await stores.character_reports.open_reports(guild_id)
    appeals = [_refused(one) for one in refused if one.appealed_at is not None]
    others = [*(_refused(one) for one in refused if one.appealed_at is None), *map(_reported, reports)]
    return [*appeals, *sorted(others, key=lambda item: item.at)]


def _refused(one: RefusedOrder) -> ReviewItem:
    theirs = one.rule == BY_SERVER and one.words
    return ReviewItem(
        kind="refused",
        number=one.id,
        user_id=one.user_id,
        title="Refused order" if one.appealed_at is None else "Appeal against a refusal",
        why=f"rule “{one.rule}”",
        said=one.words,
        at=one.created_at,
        release="they may order these words here, and it no longer counts towards a wait"
        if theirs
        else "it no longer counts towards a wait; the rule itself holds",
    )


def _reported(one: Report) -> ReviewItem:
    return ReviewItem(
        kind="character",
        number=one.id,
        user_id=one.owner_id,
        title=f"Reported character @{one.handle}",
        why=one.reason or "no reason",
        said="",
        at=one.created_at,
        release="the report is dismissed",
        report=one,
    )
