"""Reports of characters, and characters that may not be used in one server or anywhere.

A character is disabled with the marks of its pictures, so that saving one of them again is no way around it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.characters.saved_characters import Character
from data.core import audit
from data.core.audit import AuditAction
from data.core.data_errors import DataError
from data.core.database import Database, Transaction
from data.pictures.marks import Marks

EVERYWHERE = 0
"""In place of a server's id."""


class CharacterDisabled(DataError):
    """A moderator, or the bot's owner, has taken a character out of use."""

    def __init__(self, handle: str) -> None:
        super().__init__(
            "@{handle} has been disabled, so it cannot be used here. "
            "Ask a moderator of this server if you think that is a mistake.",
            handle=handle,
        )
        self.handle = handle


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody said about a character of `owner_id`; `disabled` (0 or 1) is how it stands in that server."""

    id: int
    character_id: int
    owner_id: int
    handle: str
    guild_id: int
    reporter_id: int
    reason: str
    created_at: float
    disabled: int


@dataclass(frozen=True, slots=True)
class DisabledCharacter:
    """A character as the bot's owner sees it; `uploaded` (0 or 1) says that one of its pictures was handed in."""

    id: int
    owner_id: int
    guild_id: int
    handle: str
    created_at: float
    uploaded: int
    reports: int
    disabled: int


_REPORTS = """
SELECT r.id, c.id, c.user_id, c.handle, r.guild_id, r.reporter_id, r.reason, r.created_at,
    EXISTS (SELECT 1 FROM disabled_characters d WHERE d.character_id = c.id AND d.guild_id IN (0, r.guild_id))
FROM character_reports r JOIN characters c ON c.id = r.character_id
WHERE r.guild_id = ?
"""
_KEPT = """
SELECT c.id, c.user_id, c.guild_id, c.handle, c.created_at,
    EXISTS (SELECT 1 FROM character_references r WHERE r.character_id = c.id AND r.origin = 'upload'),
    (SELECT count(*) FROM character_reports r WHERE r.character_id = c.id),
    EXISTS (SELECT 1 FROM disabled_characters d WHERE d.character_id = c.id)
FROM characters c
"""
_WAITING = """
AND r.settled_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM disabled_characters d WHERE d.character_id = c.id AND d.guild_id IN (0, r.guild_id))
"""
# Jobs that wait or run with a character that is disabled where they were ordered.
_JOBS = """
SELECT DISTINCT j.id FROM jobs j
JOIN orders o ON o.id = j.order_id JOIN accounts a ON a.id = o.account_id
JOIN order_characters c ON c.order_id = o.id
JOIN disabled_characters d ON d.character_id = c.character_id AND d.guild_id IN (0, a.guild_id)
WHERE o.state = 'open' AND j.state IN ('waiting', 'running') ORDER BY j.id
"""


class CharacterReports:
    def __init__(self, db: Database, marks: Marks) -> None:
        self._db = db
        self._marks = marks

    async def report(self, character_id: int, *, guild_id: int, reporter_id: int, reason: str, now: float) -> bool:
        """Keep a report for the moderators of a server; audited.

        One a person and character in each server: a second replaces the reason, and False is returned.
        """
        async with self._db.storing(reporter_id) as tx:
            character = await _character(tx, character_id)
            known = await tx.one(
                "SELECT id FROM character_reports WHERE character_id = ? AND guild_id = ? AND reporter_id = ?",
                (character_id, guild_id, reporter_id),
            )
            await tx.execute(
                "INSERT INTO character_reports (character_id, guild_id, reporter_id, reason, created_at)"
                " VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (character_id, guild_id, reporter_id) DO UPDATE SET reason = excluded.reason",
                (character_id, guild_id, reporter_id, reason, now),
            )
            if known is None:
                await _audit(tx, AuditAction.REPORT_CHARACTER, character, guild_id, reporter_id, reason, now)
        return known is None

    async def reports(self, guild_id: int, *, limit: int = 20) -> Sequence[Report]:
        """The server's reports, newest first."""
        rows = await self._db.fetch_all(f"{_REPORTS} ORDER BY r.id DESC LIMIT ?", (guild_id, limit))
        return [Report(*row) for row in rows]

    async def open_reports(self, guild_id: int, *, limit: int = 100) -> Sequence[Report]:
        """The server's reports that nobody has dealt with, oldest first."""
        rows = await self._db.fetch_all(f"{_REPORTS}{_WAITING} ORDER BY r.id LIMIT ?", (guild_id, limit))
        return [Report(*row) for row in rows]

    async def settle(self, report: Report, action: AuditAction | None, *, actor_id: int, now: float) -> bool:
        """All that was reported of that character in that server is dealt with; False when it was already.

        Audited as `action`, unless something else is audited of it.
        """
        async with self._db.storing(actor_id) as tx:
            gone = await tx.execute(
                "UPDATE character_reports SET settled_at = ? WHERE character_id = ? AND guild_id = ?"
                " AND settled_at IS NULL RETURNING id",
                (now, report.character_id, report.guild_id),
            )
            if gone and action is not None:
                character = await _character(tx, report.character_id)
                await _audit(tx, action, character, report.guild_id, actor_id, "", now)
        return bool(gone)

    async def disable(self, character_id: int, *, guild_id: int, actor_id: int, reason: str, now: float) -> bool:
        """Take a character out of use in a server, or `EVERYWHERE`; audited. False when it was already."""
        pictures = await self.pictures(character_id)
        marks = [await self._marks.of_picture(sha256) for sha256 in pictures]
        async with self._db.storing(actor_id) as tx:
            character = await _character(tx, character_id)
            new = await tx.one(
                "INSERT INTO disabled_characters (character_id, guild_id, actor_id, reason, created_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING character_id",
                (character_id, guild_id, actor_id, reason, now),
            )
            await tx.execute(
                "INSERT OR IGNORE INTO disabled_pictures (mark, guild_id, created_at)"
                " SELECT value, ?, ? FROM json_each(?)",
                (guild_id, now, json.dumps(marks)),
            )
            if new is not None:
                await _audit(tx, AuditAction.DISABLE_CHARACTER, character, guild_id, actor_id, reason, now)
        return new is not None

    async def enable(self, character_id: int, *, guild_id: int, actor_id: int, now: float) -> bool:
        """Let a character be used again there; audited. False when it was not disabled there."""
        pictures = await self.pictures(character_id)
        marks = [await self._marks.of_picture(sha256) for sha256 in pictures]
        async with self._db.storing(actor_id) as tx:
            character = await _character(tx, character_id)
            gone = await tx.execute(
                "DELETE FROM disabled_characters WHERE character_id = ? AND guild_id = ? RETURNING character_id",
                (character_id, guild_id),
            )
            lifted = await tx.execute(
                "DELETE FROM disabled_pictures WHERE guild_id = ? AND mark IN (SELECT value FROM json_each(?))"
                " RETURNING mark",
                (guild_id, json.dumps(marks)),
            )
            if gone or lifted:
                await _audit(tx, AuditAction.ENABLE_CHARACTER, character, guild_id, actor_id, "", now)
        return bool(gone or lifted)

    async def check(self, guild_id: int, characters: Iterable[Character]) -> None:
        """Raises `CharacterDisabled` when one of them may not be used in this server."""
        if await self._db.fetch_one("SELECT 1 FROM disabled_pictures") is None:
            return
        for character in characters:
            marks = [await self._marks.of_picture(one.sha256) for one in character.references]
            row = await self._db.fetch_one(
                "SELECT EXISTS (SELECT 1 FROM disabled_characters WHERE character_id = :id AND guild_id IN (0, :guild))"
                " OR EXISTS (SELECT 1 FROM disabled_pictures WHERE guild_id IN (0, :guild)"
                " AND mark IN (SELECT value FROM json_each(:marks)))",
                {"id": character.id, "guild": guild_id, "marks": json.dumps(marks)},
            )
            if row is not None and row[0]:
                raise CharacterDisabled(character.handle)

    async def stopped_jobs(self) -> Sequence[str]:
        """Jobs that wait or run with a character that has been disabled where they were ordered."""
        return [row["id"] for row in await self._db.fetch_all(_JOBS)]

    async def jobs_with(self, character_id: int) -> list[str]:
        """Jobs that wait or run with this character, whoever ordered them."""
        rows = await self._db.fetch_all(
            "SELECT DISTINCT j.id FROM jobs j JOIN orders o ON o.id = j.order_id"
            " JOIN order_characters c ON c.order_id = o.id WHERE c.character_id = ?"
            " AND o.state = 'open' AND j.state IN ('waiting', 'running') ORDER BY j.id",
            (character_id,),
        )
        return [row["id"] for row in rows]

    async def kept(
        self, *, user_id: int | None = None, before_id: int | None = None, limit: int = 20
    ) -> Sequence[DisabledCharacter]:
        """All characters of one person, or of everybody, newest first. The next page: `before_id` of the last one."""
        rows = await self._db.fetch_all(
            f"{_KEPT} WHERE (?1 IS NULL OR c.user_id = ?1) AND c.id < ?2 ORDER BY c.id DESC LIMIT ?3",
            (user_id, before_id if before_id is not None else 1 << 62, limit),
        )
        return [_kept(row) for row in rows]

    async def find(self, character_id: int) -> DisabledCharacter | None:
        row = await self._db.fetch_one(f"{_KEPT} WHERE c.id = ?", (character_id,))
        return None if row is None else _kept(row)

    async def pictures(self, character_id: int) -> Sequence[str]:
        """The sha256 of all pictures of all its versions, and of the faces cut out of them."""
        rows = await self._db.fetch_all(
            "SELECT sha256 FROM character_references WHERE character_id = :id UNION SELECT crop_sha256"
            " FROM character_references WHERE character_id = :id AND crop_sha256 IS NOT NULL",
            {"id": character_id},
        )
        return [row["sha256"] for row in rows]


def _kept(row: sqlite3.Row) -> DisabledCharacter:
    return DisabledCharacter(*row)


async def _character(tx: Transaction, character_id: int) -> sqlite3.Row:
    row = await tx.one("SELECT user_id, handle FROM characters WHERE id = ?", (character_id,))
    if row is None:
        raise CharacterUnknown
    return row


class CharacterUnknown(DataError):
    def __init__(self) -> None:
        super().__init__("That character is not there any more.")


async def _audit(
    tx: Transaction, action: AuditAction, character: sqlite3.Row, guild_id: int, actor_id: int, reason: str, now: float
) -> None:
    await audit.record(
        tx,
        guild_id,
        actor_id,
        action,
        target_id=character["user_id"],
        detail=f"@{character['handle']}",
        reason=reason,
        now=now,
    )
