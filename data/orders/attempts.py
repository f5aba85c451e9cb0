"""The attempts at a job: a portrait whose face is not the saved one is rendered again, and one attempt is delivered.

They lie in the table `job_tries`, whose name is older than the word: it was not worth a migration.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from data.core.database import Database, Transaction
from data.core.rows import of_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One rendering and what was seen in it.

    `faces` and `sharp` are None where faces could not be looked for. `likenesses` are 0…100, one for each character
    of the order, None for one that could not be measured; `likeness` is the least of them. `copied` says that it is
    all but the reference picture itself. `review` is the figure of its review (0…100), None where it was not reviewed.
    """

    number: int
    seed: int
    faces: int | None = None
    sharp: bool | None = None
    likenesses: tuple[float | None, ...] = ()
    copied: bool = False
    chosen: bool = False
    review: float | None = None

    @property
    def likeness(self) -> float | None:
        return min((each for each in self.likenesses if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class PinnedFace:
    """What was measured of a picture that an order has pinned; None where nothing was."""

    handle: str
    embedding: bytes | None
    pattern: bytes | None


class Attempts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(
        self, job_id: str, one: Attempt, now: float, *, again: bool = False, cost_usd_micros: int = 0
    ) -> bool:
        """Keep an attempt, `chosen` as it says; one of the same number, of a run that was broken off, is replaced.

        `again` says that another follows: the job waits again, without an attempt counted, and costs the operator
        `cost_usd_micros` more. False when the job has ended meanwhile: nothing is kept then, and nothing is to follow.
        """
        async with self._db.transaction() as tx:
            live = "SELECT 1 FROM jobs WHERE id = ? AND state IN ('waiting', 'running')"
            if await tx.one(live, (job_id,)) is None:
                return False
            # A run that was broken off may have chosen already.
            await tx.execute("UPDATE job_tries SET chosen = 0 WHERE job_id = ? AND chosen = 1", (job_id,))
            await tx.execute(
                "INSERT OR REPLACE INTO job_tries (job_id, number, seed, faces, sharp, likeness, likenesses, copied,"
                " chosen, review, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    one.number,
                    one.seed,
                    one.faces,
                    None if one.sharp is None else int(one.sharp),
                    one.likeness,
                    json.dumps(one.likenesses),
                    int(one.copied),
                    int(one.chosen),
                    one.review,
                    now,
                ),
            )
            return not again or await _waits_again(tx, job_id, cost_usd_micros)

    async def wait_again(self, job_id: str, *, cost_usd_micros: int = 0) -> bool:
        """The job goes back into the queue for a second pass, without an attempt counted; False when it has ended."""
        async with self._db.transaction() as tx:
            return await _waits_again(tx, job_id, cost_usd_micros)

    async def choose(self, job_id: str, number: int) -> None:
        """Which try is delivered, of several."""
        async with self._db.transaction() as tx:
            await tx.execute("UPDATE job_tries SET chosen = (number = ?) WHERE job_id = ?", (number, job_id))

    async def of_job(self, job_id: str) -> tuple[Attempt, ...]:
        """All attempts at a job, in order."""
        return (await self.of_jobs([job_id])).get(job_id, ())

    async def of_jobs(self, job_ids: Collection[str]) -> dict[str, tuple[Attempt, ...]]:
        """The attempts at several jobs, by job id; jobs without any are left out."""
        rows = await self._db.fetch_all(
            "SELECT * FROM job_tries WHERE job_id IN (SELECT value FROM json_each(?)) ORDER BY job_id, number",
            (json.dumps(list(job_ids)),),
        )
        found: dict[str, tuple[Attempt, ...]] = {}
        for row in rows:
            one = Attempt(
                number=row["number"],
                seed=row["seed"],
                faces=row["faces"],
                sharp=None if row["sharp"] is None else bool(row["sharp"]),
                likenesses=tuple(json.loads(row["likenesses"])),
                copied=bool(row["copied"]),
                chosen=bool(row["chosen"]),
                review=row["review"],
            )
            found[row["job_id"]] = (*found.get(row["job_id"], ()), one)
        return found

    async def pinned_faces(self, order_id: str) -> tuple[PinnedFace, ...]:
        """The faces that an open order has pinned, in its order; a character has one for each picture."""
        rows = await self._db.fetch_all(
            "SELECT handle, embedding, pattern FROM order_references WHERE order_id = ? AND role = 'face'"
            " ORDER BY position",
            (order_id,),
        )
        return tuple(of_row(PinnedFace, row) for row in rows)


async def _waits_again(tx: Transaction, job_id: str, cost_usd_micros: int) -> bool:
    waits = await tx.execute(
        "UPDATE jobs SET state = 'waiting', attempts = max(0, attempts - 1), provider_ref = '',"
        " cost_usd_micros = cost_usd_micros + ? WHERE id = ? AND state IN ('waiting', 'running') RETURNING id",
        (cost_usd_micros, job_id),
    )
    return bool(waits)
