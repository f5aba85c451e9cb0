"""Who did what to whom: append-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from data.core.database import Database, Transaction
from data.core.rows import of_row


class AuditAction(StrEnum):
    """What can be done, as it is kept and shown."""

    GRANT_CREDITS = "grant credits"
    REVOKE_CREDITS = "revoke credits"
    GRANT_TIER = "grant tier"
    REVOKE_TIER = "revoke tier"
    BAN = "studio ban"
    UNBAN = "studio unban"
    ERASE = "erase everything"
    REPORT_CHARACTER = "report character"
    DISABLE_CHARACTER = "disable character"
    ENABLE_CHARACTER = "enable character"
    PURGE_CHARACTER = "purge character"
    CHANGE_SETTINGS = "change settings"
    ALLOW_SERVER = "allow server"
    DENY_SERVER = "deny server"
    REFUSED = "refused"
    AGAINST_POLICY = "refused by policy"
    APPEAL = "appeal"
    RELEASE_REFUSED = "release what was refused"
    DELETE_REFUSED = "delete what was refused"
    WARN = "warn"
    WARN_ABOUT_CHARACTER = "warn about character"
    SETTLE_BY_BAN = "settle by a ban"
    DISMISS_REPORT = "dismiss report"
    BLOCK_FACE = "block face"
    UNBLOCK_FACE = "unblock face"
    WITHHELD = "picture withheld"
    SEE_WITHHELD = "look at withheld picture"
    CONFIRM_RIGHT = "confirm right to show"


ABOUT_CHARACTERS: Final = frozenset(
    {
        AuditAction.REPORT_CHARACTER,
        AuditAction.DISMISS_REPORT,
        AuditAction.WARN_ABOUT_CHARACTER,
        AuditAction.DISABLE_CHARACTER,
        AuditAction.ENABLE_CHARACTER,
        AuditAction.PURGE_CHARACTER,
    }
)
"""Their details name a character, which goes with the person whose it was."""
REPORTS: Final = frozenset({AuditAction.REPORT_CHARACTER})
"""Whom these are about is not told what was said."""


Outcome = Literal["released", "deleted", "warned", "banned"]
"""What moderators decide about an order that a rule refused, or a picture that was withheld."""
SETTLED_AS: Final[Mapping[Outcome, AuditAction]] = {
    "released": AuditAction.RELEASE_REFUSED,
    "deleted": AuditAction.DELETE_REFUSED,
    "warned": AuditAction.WARN,
    "banned": AuditAction.SETTLE_BY_BAN,
}


def in_sql(actions: frozenset[AuditAction]) -> str:
    """A list for IN (…): these are this module's own words, without quotes in them."""
    return "(" + ", ".join(f"'{action}'" for action in sorted(actions)) + ")"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`action` is that of an `AuditAction`, as it is kept; `detail` its figures in words.

    `target_id` is a user, or for actions on a server the server; 0 when there is none.
    """

    id: int
    guild_id: int
    actor_id: int
    action: str
    target_id: int
    detail: str
    reason: str
    created_at: float


class Audit:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def append(
        self,
        guild_id: int,
        actor_id: int,
        action: AuditAction,
        *,
        target_id: int = 0,
        detail: str = "",
        reason: str = "",
        now: float,
    ) -> None:
        """Record what was done, or what was refused."""
        async with self._db.storing(actor_id, target_id) as tx:
            await record(tx, guild_id, actor_id, action, target_id=target_id, detail=detail, reason=reason, now=now)

    async def page(
        self,
        guild_id: int | None,
        *,
        actor_id: int | None = None,
        target_id: int | None = None,
        action: AuditAction | None = None,
        since: float | None = None,
        before_id: int | None = None,
        limit: int = 20,
    ) -> Sequence[AuditEntry]:
        """Entries of one server (None: of all), newest first. The next page: `before_id` of the last one."""
        filters = {
            "guild_id = ?": guild_id,
            "actor_id = ?": actor_id,
            "target_id = ?": target_id,
            "action = ?": action,
            "created_at >= ?": since,
            "id < ?": before_id,
        }
        given = {term: value for term, value in filters.items() if value is not None}
        where = " AND ".join(given) or "1"
        rows = await self._db.fetch_all(
            f"SELECT * FROM audit WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - terms from above
            (*given.values(), limit),
        )
        return [of_row(AuditEntry, row) for row in rows]


async def record(
    tx: Transaction,
    guild_id: int,
    actor_id: int,
    action: AuditAction,
    *,
    target_id: int = 0,
    detail: str = "",
    reason: str = "",
    now: float,
) -> int:
    """Append an entry within the transaction of what it tells about; returns its number."""
    rows = await tx.execute(
        "INSERT INTO audit (guild_id, actor_id, action, target_id, detail, reason, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (guild_id, actor_id, action, target_id, detail, reason, now),
    )
    return int(rows[0]["id"])
