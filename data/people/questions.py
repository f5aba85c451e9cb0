"""Questions put to one person under buttons, and their answers; a yes to one of them may be a consent that lasts."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Literal

from data.core.database import Database

About = Literal["right to picture", "erase"]
Answer = Literal["yes", "no"]


@dataclass(frozen=True, slots=True)
class Question:
    """`wording` is the version of the sentence that was shown. Times are epoch seconds."""

    id: str
    user_id: int
    about: About
    wording: int
    asked_at: float
    answer: Answer | None
    answered_at: float | None


class Questions:
    """A question is answered once, by the person it was put to. Unanswered ones are dropped after a week."""

    KEPT_S = 7 * 86_400.0

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(self, user_id: int, about: About, wording: int, *, now: float) -> Question:
        """Write a new question down. Only answered questions about a right to a picture are kept for good."""
        question = Question(secrets.token_hex(8), user_id, about, wording, now, None, None)
        async with self._db.storing(user_id) as tx:
            await tx.execute(
                "DELETE FROM questions WHERE asked_at < ? AND (answer IS NULL OR about <> 'right to picture')",
                (now - self.KEPT_S,),
            )
            await tx.execute(
                "INSERT INTO questions (id, user_id, about, wording, asked_at) VALUES (?, ?, ?, ?, ?)",
                (question.id, user_id, about, wording, now),
            )
        return question

    async def get(self, question_id: str) -> Question | None:
        row = await self._db.fetch_one("SELECT * FROM questions WHERE id = ?", (question_id,))
        return None if row is None else _question(row)

    async def answer(self, question_id: str, user_id: int, answer: Answer, *, now: float) -> bool:
        """Write the answer down, once: False when there is one, or the question is gone or somebody else's."""
        async with self._db.transaction() as tx:
            return bool(
                await tx.execute(
                    "UPDATE questions SET answer = ?, answered_at = ? WHERE id = ? AND user_id = ?"
                    " AND answer IS NULL RETURNING id",
                    (answer, now, question_id, user_id),
                )
            )

    async def agreed(self, user_id: int, about: About, wording: int) -> bool:
        """Whether the person has said yes to this wording, or to a later one."""
        row = await self._db.fetch_one(
            "SELECT 1 FROM questions WHERE user_id = ? AND about = ? AND wording >= ? AND answer = 'yes'",
            (user_id, about, wording),
        )
        return row is not None


def _question(row: sqlite3.Row) -> Question:
    return Question(
        row["id"], row["user_id"], row["about"], row["wording"], row["asked_at"], row["answer"], row["answered_at"]
    )
