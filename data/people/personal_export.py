"""Everything that is kept of one person, to be handed to them: tables as JSON, and which picture files belong to it.

What others are named by stays out of it: of who granted, banned or reported only the deed is told.
"""

# ruff: noqa: S608 - the pieces of these statements are this module's own constants

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.core.audit import REPORTS, in_sql
from data.core.database import Database
from data.core.rows import StoredForm
from data.pictures.portrait_rows import columns_of

ROWS_A_DOCUMENT = 5_000


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON file: a list of rows."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A stored picture and the name it has in the export; `bytes` is its size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Export:
    """Documents first; the pictures are in an order that stays the same from one export to the next."""

    documents: tuple[Document, ...]
    pictures: tuple[PictureFile, ...]


_MINE = "(SELECT id FROM accounts WHERE user_id = :user)"
# Where a picture is told of, what it was made from is put in, by the columns of the form that the stores have.
_DOCUMENTS: Mapping[str, str] = {
    "accounts": """SELECT guild_id AS server_id, user_id, balance, allowance_left, allowance_day, tier, tier_until,
        created_at FROM accounts WHERE user_id = :user ORDER BY id""",
    "ledger": f"""SELECT l.id, a.guild_id AS server_id, l.kind, l.amount, l.allowance_amount, l.allowance_day,
        l.balance_after, l.job_id, l.reason, l.created_at FROM ledger l JOIN accounts a ON a.id = l.account_id
        WHERE l.account_id IN {_MINE} ORDER BY l.id""",
    "tiers": f"""SELECT a.guild_id AS server_id, t.kind, t.tier, t.until, t.reason, t.created_at
        FROM tier_changes t JOIN accounts a ON a.id = t.account_id WHERE t.account_id IN {_MINE} ORDER BY t.id""",
    "orders": f"""SELECT o.id, a.guild_id AS server_id, o.channel_id, o.message_id, o.prompt, o.from_upload,
        o.people, o.adult_allowed, o.language, o.parent_portrait_id, o.series_id, o.best_of, o.best_job, o.state,
        o.created_at,
        e.words AS edit_words, e.sha256 AS edit_picture FROM orders o JOIN accounts a ON a.id = o.account_id
        LEFT JOIN order_edits e ON e.order_id = o.id
        WHERE o.account_id IN {_MINE} ORDER BY o.created_at, o.id""",
    "jobs": f"""SELECT j.id, j.order_id, j.provider, j.price, j.state, j.error, j.created_at, j.started_at, j.ended_at,
        f.label AS frame, {{of_job}}
        FROM jobs j JOIN orders o ON o.id = j.order_id LEFT JOIN series_frames f ON f.job_id = j.id
        WHERE o.account_id IN {_MINE} ORDER BY j.arrival""",
    "portraits": """SELECT p.id, p.order_id, p.guild_id AS server_id, p.channel_id, p.message_id, p.sha256,
        p.model_title, p.words, p.negative, p.render_s, p.note, p.sexual, p.scored_by, p.spoiler,
        p.parent_id, p.created_at, p.deleted_at, {of_portrait}
        FROM portraits p JOIN jobs j ON j.id = p.job_id WHERE p.user_id = :user ORDER BY p.id""",
    "reviews": """SELECT r.portrait_id, r.overall, r.told, r.created_at FROM portrait_reviews r
        JOIN portraits p ON p.id = r.portrait_id WHERE p.user_id = :user ORDER BY r.portrait_id""",
    "characters": """SELECT c.*, r.version AS reference_version, r.position, r.sha256, r.crop_sha256, r.origin,
        r.portrait_id, r.embedding, r.pattern, r.measure, r.looks, r.fitted, r.people
        FROM characters c LEFT JOIN character_references r ON r.character_id = c.id
        WHERE c.user_id = :user ORDER BY c.id, r.version, r.position""",
    "tries": f"""SELECT t.* FROM job_tries t JOIN jobs j ON j.id = t.job_id
        JOIN orders o ON o.id = j.order_id WHERE o.account_id IN {_MINE} ORDER BY j.arrival, t.number""",
    "withheld": """SELECT guild_id AS server_id, order_id, job_id, rule, score, scored_by, words, created_at,
        settled_at, outcome FROM withheld WHERE user_id = :user ORDER BY id""",
    "references": "SELECT * FROM saved_references WHERE user_id = :user ORDER BY id",
    "styles": "SELECT name, prompt, created_at FROM styles WHERE user_id = :user ORDER BY id",
    "drafts": "SELECT prompt, updated_at FROM drafts WHERE user_id = :user ORDER BY updated_at",
    "quotes": """SELECT guild_id AS server_id, prompt, model, lane, count, price, state, more, asks, typed, created_at,
        expires_at FROM quotes WHERE user_id = :user ORDER BY created_at""",
    "misreadings": """SELECT words, understood, meant, wording, created_at FROM misreadings
        WHERE user_id = :user ORDER BY created_at, id""",
    "refused_orders": """SELECT guild_id AS server_id, rule, words, created_at, appealed_at, settled_at, outcome
        FROM refused_orders WHERE user_id = :user ORDER BY id""",
    "consents": """SELECT about, wording, asked_at, answer, answered_at FROM questions
        WHERE user_id = :user ORDER BY asked_at""",
    "gallery_sessions": """SELECT guild_id AS server_id, language, opened_at, expires_at FROM gallery_sessions
        WHERE user_id = :user ORDER BY opened_at""",
    "reports_by_you": """SELECT r.guild_id AS server_id, c.handle, r.reason, r.created_at FROM character_reports r
        JOIN characters c ON c.id = r.character_id WHERE r.reporter_id = :user ORDER BY r.id""",
    "bans": "SELECT guild_id AS server_id, reason, created_at FROM bans WHERE user_id = :user ORDER BY created_at",
    "audit": f"""SELECT guild_id AS server_id, iif(actor_id = :user, 'you', 'to you') AS who, action,
        iif(actor_id = :user OR action NOT IN {in_sql(REPORTS)}, detail, '') AS detail,
        iif(actor_id = :user OR action NOT IN {in_sql(REPORTS)}, reason, '') AS reason, created_at
        FROM audit WHERE actor_id = :user OR target_id = :user ORDER BY id""",
}
# The first name of a picture that has several is taken.
_PICTURES = f"""
WITH named AS (
    SELECT 1 AS kind, id AS nth, 'portrait-' || id AS name, sha256 FROM portraits
    WHERE user_id = :user AND sha256 IS NOT NULL
    UNION ALL
    SELECT 2, r.id, 'character-' || c.handle || '-' || r.version || '-' || r.position, r.sha256
    FROM character_references r JOIN characters c ON c.id = r.character_id WHERE c.user_id = :user
    UNION ALL
    SELECT 2, r.id, 'face-' || c.handle || '-' || r.version || '-' || r.position, r.crop_sha256
    FROM character_references r JOIN characters c ON c.id = r.character_id WHERE c.user_id = :user
    UNION ALL SELECT 3, id, role || '-' || handle, sha256 FROM saved_references WHERE user_id = :user
    UNION ALL SELECT 4, 0, 'handed-in-' || id, sha256 FROM handed_in WHERE user_id = :user
    UNION ALL SELECT 5, 0, 'edited-' || order_id, sha256 FROM order_edits
    WHERE order_id IN (SELECT id FROM orders WHERE account_id IN {_MINE})
)
SELECT n.name || '.' || p.ext, p.sha256, p.bytes, min(n.kind), n.nth
FROM named n JOIN pictures p ON p.sha256 = n.sha256 GROUP BY p.sha256 ORDER BY 4, 5, 1
"""


async def everything_of(db: Database, user_id: int, form: StoredForm[Any]) -> Export:
    """Read all of it. Pictures' files may go meanwhile, when the person deletes one."""
    keys = {"user": user_id}
    made_from = {"of_job": ", ".join(f"j.{name}" for name in form.columns), "of_portrait": ", ".join(columns_of(form))}
    documents: list[Document] = []
    for name, sql in _DOCUMENTS.items():
        rows = await db.fetch_all(sql.format(**made_from), keys)
        documents += await asyncio.to_thread(_documents, name, rows)
    pictures = [PictureFile(f"pictures/{row[0]}", row[1], row[2]) for row in await db.fetch_all(_PICTURES, keys)]
    documents.append(await asyncio.to_thread(_picture_list, pictures))
    return Export(tuple(documents), tuple(pictures))


def _picture_list(pictures: Sequence[PictureFile]) -> Document:
    files = [{"name": one.name, "sha256": one.sha256} for one in pictures]
    return Document("pictures.json", json.dumps(files, indent=1))


def _documents(name: str, rows: Sequence[sqlite3.Row]) -> list[Document]:
    """The rows as one file, or as several when there are very many; none when there are no rows."""
    parts = [rows[start : start + ROWS_A_DOCUMENT] for start in range(0, len(rows), ROWS_A_DOCUMENT)]
    numbers = [""] if len(parts) == 1 else [f"-{number}" for number in range(1, len(parts) + 1)]
    return [
        Document(f"{name}{number}.json", json.dumps([_plain(row) for row in part], ensure_ascii=False, indent=1))
        for number, part in zip(numbers, parts, strict=True)
    ]


def _plain(row: sqlite3.Row) -> dict[str, object]:
    """A row as JSON takes it; bytes (embeddings) as hexadecimal digits."""
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in dict(row).items()}
