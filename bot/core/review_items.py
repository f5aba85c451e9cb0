"""What waits for a server's moderators: refused orders and appeals, withheld pictures, and reported characters.

A further kind is a name in `Kind`, its items in `open_items`, and what its buttons do in
`bot/components/review_queue.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.core.policy import BY_SERVER
from bot.core.stores import Stores
from bot.languages.speech import worded
from data.people.character_reports import Report
from data.people.refused_orders import RefusedOrder
from data.pictures.withheld import WithheldPicture

Kind = Literal["refused", "character", "withheld"]
DISABLED: Final = worded("A character in this portrait was disabled by a moderator; your credits are back.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One thing to decide about, by its kind and its number there. `user_id` is whom it is about, `why` the rule or
    what a member said, `said` the words, "" where none are kept; `release` says what releasing it does, "" where
    nothing can be released. `withheld` and `report` are what it is made from."""

    kind: Kind
    number: int
    user_id: int
    title: str
    why: str
    said: str
    at: float
    release: str
    report: Report | None = None
    withheld: WithheldPicture | None = None


async def open_items(stores: Stores, guild_id: int, since: float) -> Sequence[ReviewItem]:
    """All that waits in a server, up to a hundred of each kind: appeals first, then the oldest. Withheld pictures of
    which nothing is kept wait when they are no older than `since` (epoch seconds)."""
    refused = await stores.refused_orders.open(guild_id)
    reports = await stores.character_reports.open_reports(guild_id)
    withheld = await stores.withheld.open(guild_id, since=since)
    appeals = [_refused(one) for one in refused if one.appealed_at is not None]
    others = [_refused(one) for one in refused if one.appealed_at is None]
    others += [*map(_reported, reports), *map(_withheld, withheld)]
    return [*appeals, *sorted(others, key=lambda item: item.at)]


def _refused(one: RefusedOrder) -> ReviewItem:
    theirs = one.rule == BY_SERVER and one.words
    return ReviewItem(
        kind="refused",
        number=one.id,
        user_id=one.user_id,
        title=worded("Refused order") if one.appealed_at is None else worded("Appeal against a refusal"),
        why=worded("rule “{rule}”", rule=one.rule),
        said=one.words,
        at=one.created_at,
        release=worded("they may order these words here, and it no longer counts towards a wait")
        if theirs
        else worded("it no longer counts towards a wait; the rule itself holds"),
    )


def _reported(one: Report) -> ReviewItem:
    return ReviewItem(
        kind="character",
        number=one.id,
        user_id=one.owner_id,
        title=worded("Reported character @{handle}", handle=one.handle),
        why=one.reason or worded("no reason"),
        said="",
        at=one.created_at,
        release=worded("the report is dismissed"),
        report=one,
    )


def _withheld(one: WithheldPicture) -> ReviewItem:
    why = worded("rule “{rule}”, could not be looked at", rule=one.rule)
    if one.score is not None:
        why = worded("rule “{rule}”, score {score:.2f} by {by}", rule=one.rule, score=one.score, by=one.scored_by)
    release = worded("its member alone gets it, in a direct message, behind a spoiler")
    return ReviewItem(
        kind="withheld",
        number=one.id,
        user_id=one.user_id,
        title=worded("Withheld picture") if one.job_id else worded("Handed-in picture"),
        why=why,
        said=one.words,
        at=one.created_at,
        release=release if one.kept and one.job_id else "",
        withheld=one,
    )
