"""Orders and their jobs: what was ordered, how far it is, and the credits it holds.

One order is one message; one job is one picture and one hold. A job's life:
waiting → running → rendered (its portrait is stored) → delivered (settled), or failed | cancelled (refunded).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Generic, Literal

from data.characters.character_rows import SHARED
from data.core.data_errors import (
    CeilingReached,
    CharacterGone,
    InsufficientCredits,
    JobOver,
    KeyReused,
    NotRendered,
    OrderUnfinished,
    PortraitGone,
    StoredPictureGone,
    TierEnded,
    UnknownJob,
)
from data.core.database import Database, Transaction, Value
from data.core.files import remove
from data.core.rows import Spec, StoredForm
from data.credits import balances, ledger
from data.credits.hosted_costs import COST, NOTED, PRESUMED, TAKEN_BACK, believed
from data.credits.ledger import LedgerNote
from data.credits.tier_rows import tier_of
from data.orders.order_rows import JobRow as JobRow
from data.orders.order_rows import NewEdit as NewEdit
from data.orders.order_rows import NewFrames as NewFrames
from data.orders.order_rows import NewJob as NewJob
from data.orders.order_rows import NewOrder as NewOrder
from data.orders.order_rows import NewPicture as NewPicture
from data.orders.order_rows import Order as Order
from data.orders.order_rows import OrderEdit as OrderEdit
from data.orders.order_rows import OrderReader
from data.orders.order_rows import OrderReference as OrderReference
from data.orders.order_rows import SpendCeiling as SpendCeiling
from data.orders.order_rows import State as State
from data.orders.order_rows import Way as Way
from data.pictures.picture_store import PictureStore, StagedPicture
from data.pictures.portrait_rows import Portrait, PortraitFacts, PortraitRows
from data.pictures.withheld import NewWithheld, insert_withheld

_SPENT = f"""
SELECT coalesce(sum({COST}), 0) FROM jobs j
JOIN orders o ON o.id = j.order_id JOIN accounts a ON a.id = o.account_id
WHERE j.provider = :provider AND j.provider NOT IN ('local', 'studio') AND j.created_at >= :since
    AND (:user IS NULL OR a.user_id = :user
        OR a.user_id IN (SELECT pseudonym FROM erasures WHERE user_id = :user))
"""  # noqa: S608 - a constant


class Orders(Generic[Spec]):
    def __init__(self, db: Database, pictures: PictureStore, form: StoredForm[Spec]) -> None:
        self._db = db
        self._pictures = pictures
        self._form = form
        self._read = OrderReader(form)
        self._portraits = PortraitRows(form)

    async def place(self, order: NewOrder[Spec], *, now: float, ceilings: Sequence[SpendCeiling] = ()) -> Order[Spec]:
        """Write the order, its jobs and their holds, and debit the account, in one commit.

        Raises `InsufficientCredits`, `TierEnded`, `CharacterGone`, `StoredPictureGone`, `PortraitGone`,
        `CeilingReached`, `ErasedMeanwhile`, `NoSpace`: nothing is changed then. A source that has ordered
        already gets its first order.
        """
        if not order.jobs:
            raise ValueError("an order needs a job")
        async with self._db.storing(order.user_id) as tx:
            account = await balances.account_row(tx, order.guild_id, order.user_id, now)
            first = await tx.one("SELECT id, account_id FROM orders WHERE source = ?", (order.source,))
            if first is not None:
                if first["account_id"] != account["id"]:
                    raise KeyReused(order.source)
                return (await self._read.orders(tx.execute, "o.id = ?", (first["id"],)))[0]
            if order.tier is not None and tier_of(account, now)[0] != order.tier:
                raise TierEnded(order.tier)
            await _check_ceilings(tx, order, ceilings)
            total = sum(job.price for job in order.jobs)
            if await balances.debit(tx, account["id"], total) is None:
                raise InsufficientCredits(account["balance"], total)
            await self._insert(tx, order, account, now)
            return (await self._read.orders(tx.execute, "o.id = ?", (order.id,), created=True))[0]

    async def get(self, order_id: str) -> Order[Spec] | None:
        """The order, or None when there is none of that id."""
        orders = await self._read.orders(self._db.fetch_all, "o.id = ?", (order_id,))
        return orders[0] if orders else None

    async def from_source(self, source: str) -> Order[Spec] | None:
        """The order that this request became, if it became one."""
        orders = await self._read.orders(self._db.fetch_all, "o.source = ?", (source,))
        return orders[0] if orders else None

    async def job(self, job_id: str) -> JobRow[Spec] | None:
        """The job, or None when there is none of that id."""
        row = await self._db.fetch_one(f"{self._read.jobs} WHERE j.id = ?", (job_id,))
        return None if row is None else self._read.job(row)

    async def open_orders(self) -> Sequence[Order[Spec]]:
        """Orders that are not closed, in order of arrival."""
        return await self._read.orders(self._db.fetch_all, "o.state = 'open'", ())

    async def open_in(self, guild_id: int, user_id: int | None = None) -> Sequence[Order[Spec]]:
        """The server's orders that are not closed (of one user, or of all), in order of arrival."""
        return await self._read.orders(
            self._db.fetch_all,
            "o.state = 'open' AND a.guild_id = ?1 AND (?2 IS NULL OR a.user_id = ?2)",
            (guild_id, user_id),
        )

    async def unshown(self, user_id: int) -> Sequence[Order[Spec]]:
        """The user's orders, in all servers, of which they are to be told with their next command."""
        return await self._read.orders(
            self._db.fetch_all,
            "o.unshown_since IS NOT NULL AND o.account_id IN (SELECT id FROM accounts WHERE user_id = ?)",
            (user_id,),
        )

    async def of_user(self, guild_id: int, user_id: int, *, limit: int = 25) -> Sequence[Order[Spec]]:
        """The user's orders, newest first."""
        newest = (
            "o.id IN (SELECT n.id FROM orders n JOIN accounts b ON b.id = n.account_id"
            " WHERE b.guild_id = ? AND b.user_id = ? ORDER BY n.created_at DESC, n.rowid DESC LIMIT ?)"
        )
        return (await self._read.orders(self._db.fetch_all, newest, (guild_id, user_id, limit)))[::-1]

    async def set_message(self, order_id: str, message_id: int, channel_id: int) -> None:
        """Where the order's message is; its portraits are shown there too. An order that is closed stays as it is."""
        async with self._db.transaction() as tx:
            changed = await tx.execute(
                "UPDATE orders SET message_id = ?, channel_id = ? WHERE id = ? AND state = 'open' RETURNING id",
                (message_id, channel_id, order_id),
            )
            if changed:
                await tx.execute(
                    "UPDATE portraits SET channel_id = :channel, message_id = iif(job_id = coalesce("
                    "(SELECT best_job FROM orders WHERE id = :order), job_id), :message, NULL) WHERE order_id = :order",
                    {"message": message_id, "channel": channel_id, "order": order_id},
                )

    async def choose_best(self, order_id: str, job_id: str) -> str:
        """Which job of an order made the best portrait, for good: says which was chosen, now or before.

        The order's message shows that portrait alone.
        """
        async with self._db.transaction() as tx:
            chosen = await tx.execute(
                "UPDATE orders SET best_job = coalesce(best_job, ?) WHERE id = ? RETURNING best_job", (job_id, order_id)
            )
            best = str(chosen[0]["best_job"])
            await tx.execute(
                "UPDATE portraits SET message_id = NULL WHERE order_id = ? AND job_id <> ?", (order_id, best)
            )
            return best

    async def sending(self, order_id: str, now: float) -> None:
        """Write down that a new message is about to be sent: its outcome may stay unknown. The first time counts."""
        async with self._db.transaction() as tx:
            await tx.execute(
                "UPDATE orders SET sending_since = coalesce(sending_since, ?) WHERE id = ?", (now, order_id)
            )

    async def mention_once(self, order_id: str, now: float) -> bool:
        """Whether the user may be mentioned for this order now: True the first time only."""
        async with self._db.transaction() as tx:
            return bool(
                await tx.execute(
                    "UPDATE orders SET mentioned_at = ? WHERE id = ? AND mentioned_at IS NULL RETURNING id",
                    (now, order_id),
                )
            )

    async def starting(self, job_ids: Collection[str], now: float) -> frozenset[str]:
        """Count an attempt and mark the jobs as running; returns those that may start (not ended meanwhile)."""
        async with self._db.transaction() as tx:
            rows = await tx.execute(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, ?)"
                " WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('waiting', 'running') RETURNING id",
                (now, json.dumps(list(job_ids))),
            )
        return frozenset(row["id"] for row in rows)

    async def requeue(self, job_ids: Collection[str]) -> None:
        """These running jobs wait again. The attempt does not count: it was not the job that ended it."""
        async with self._db.transaction() as tx:
            await tx.execute(
                "UPDATE jobs SET state = 'waiting', attempts = max(0, attempts - 1)"
                " WHERE id IN (SELECT value FROM json_each(?)) AND state = 'running'",
                (json.dumps(list(job_ids)),),
            )

    async def requeue_running(self) -> None:
        """All running jobs wait again, at the end of a graceful stop; see `requeue`."""
        running = await self._db.fetch_all("SELECT id FROM jobs WHERE state = 'running'")
        if running:
            await self.requeue([row["id"] for row in running])

    async def set_provider_ref(self, job_id: str, text: str, charged_usd_micros: int | None = None) -> None:
        """Keep what a hosted provider calls the job (see `provider_ref`), and what it charged, once for each text."""
        charged = believed(charged_usd_micros, job_id)
        async with self._db.transaction() as tx:
            await tx.execute(NOTED, {"id": job_id, "text": text, "charged": charged})

    async def presume_charge(self, job_id: str, usd_micros: int) -> None:
        """What the provider was sent last is taken to cost so much, unless it said what it charged for it."""
        if (charged := believed(usd_micros, job_id)) is None:
            return
        async with self._db.transaction() as tx:
            await tx.execute(PRESUMED, {"id": job_id, "charged": charged})

    async def take_back_charge(self, job_id: str) -> None:
        """The provider does not charge for what it was sent last."""
        async with self._db.transaction() as tx:
            await tx.execute(TAKEN_BACK, {"id": job_id})

    async def provider_ref(self, job_id: str) -> str:
        """What was kept last; "" when nothing was."""
        row = await self._db.fetch_one("SELECT provider_ref FROM jobs WHERE id = ?", (job_id,))
        return "" if row is None else str(row[0])

    async def store(self, job_id: str, staged: StagedPicture, facts: PortraitFacts[Spec], now: float) -> Portrait[Spec]:
        """Keep the portrait and mark the job as rendered; a second call returns the first portrait.

        Raises `JobOver` when the job was cancelled or failed meanwhile. The staged picture is removed then, as it is
        with every other error.
        """
        try:
            async with self._db.transaction() as tx:
                job = await self._job(tx, job_id)
                if (first := await self._portraits.of_job(tx, job_id)) is not None:
                    tx.on_commit_in_thread(partial(remove, staged.file))
                    return first
                _must_be(job, "waiting", "running")
                picture = await self._pictures.adopt(tx, staged)
                portrait = await self._portraits.insert(tx, job_id, picture, facts, now)
                await tx.execute("UPDATE jobs SET state = 'rendered' WHERE id = ?", (job_id,))
                return portrait
        except Exception:  # a cancel means that the process ends: its next start removes what is staged
            await self._pictures.discard(staged)
            raise

    async def settle(self, job_id: str, now: float) -> JobRow[Spec]:
        """The portrait was delivered: the hold is spent. Idempotent. Raises `NotRendered`, `JobOver`."""
        async with self._db.transaction() as tx:
            job = await self._job(tx, job_id)
            if job.state == "delivered":
                return job
            if job.state in {"waiting", "running"}:
                raise NotRendered(job_id)
            _must_be(job, "rendered")
            await _settle(tx, job_id, now)
            return await self._job(tx, job_id)

    async def delivered(self, order_id: str, way: Way | None, now: float) -> None:
        """The person was shown the order's end, or told of it: what is rendered is settled. The first way counts.

        `way` is None when there was nothing but a refund to tell, and no way to tell it.
        """
        async with self._db.transaction() as tx:
            rendered = "SELECT id FROM jobs WHERE order_id = ? AND state = 'rendered' ORDER BY position"
            for row in await tx.execute(rendered, (order_id,)):
                await _settle(tx, row["id"], now)
            await tx.execute(
                "UPDATE orders SET delivered_by = coalesce(delivered_by, ?), unshown_since = NULL WHERE id = ?",
                (way, order_id),
            )

    async def found_no_way(self, order_id: str, now: float) -> None:
        """Every way to the person is closed: they are to be told with their next command. The first time counts."""
        async with self._db.transaction() as tx:
            await tx.execute(
                "UPDATE orders SET unshown_since = coalesce(unshown_since, ?) WHERE id = ? AND state = 'open'",
                (now, order_id),
            )

    async def end(
        self,
        job_id: str,
        state: Literal["failed", "cancelled"],
        error: str,
        now: float,
        *,
        actor_id: int = 0,
        rendered_too: bool = False,
        withheld: NewWithheld | None = None,
    ) -> JobRow[Spec]:
        """End the job and refund its hold. Returns the job as it is afterwards.

        A job that has ended, or is rendered (unless `rendered_too`), is left as it is. `withheld` is written down with
        it, where its picture is why it ends.
        """
        endable = {"waiting", "running", "rendered"} if rendered_too else {"waiting", "running"}
        async with self._db.transaction() as tx:
            job = await self._job(tx, job_id)
            if job.state not in endable:
                return job
            await balances.refund(tx, job_id, LedgerNote(key=job_id, actor_id=actor_id, reason=state, now=now))
            await tx.execute(
                "UPDATE jobs SET state = ?, error = ?, ended_at = ? WHERE id = ?", (state, error, now, job_id)
            )
            if withheld is not None:
                await insert_withheld(tx, withheld, now)
            return await self._job(tx, job_id)

    async def close(self, order_id: str) -> None:
        """The order's message is final: nothing is to be done after a restart. Lets go of token and references.

        Raises `OrderUnfinished` while one of its jobs holds credits.
        """
        async with self._db.transaction() as tx:
            unfinished = await tx.one(
                "SELECT id FROM jobs WHERE order_id = ? AND state IN ('waiting', 'running', 'rendered')", (order_id,)
            )
            if unfinished is not None:
                raise OrderUnfinished(order_id)
            await tx.execute(
                "UPDATE orders SET state = 'closed', token = NULL, unshown_since = NULL WHERE id = ?", (order_id,)
            )
            pinned = await tx.execute(
                "DELETE FROM order_references WHERE order_id = ? RETURNING sha256, crop_sha256", (order_id,)
            )
            pinned += await tx.execute(
                "SELECT sha256 FROM order_edits WHERE order_id = ? AND sha256 IS NOT NULL", (order_id,)
            )
            await tx.execute("UPDATE order_edits SET sha256 = NULL WHERE order_id = ?", (order_id,))
            for sha256 in {sha256 for row in pinned for sha256 in row if sha256 is not None}:
                await self._pictures.release(tx, sha256)

    async def spent_usd_micros(self, provider: str, *, since: float, user_id: int | None = None) -> int:
        """What jobs of a provider ordered since `since` cost in all servers, by what it said, else by its price."""
        row = await self._db.fetch_one(_SPENT, {"provider": provider, "since": since, "user": user_id})
        return 0 if row is None else int(row[0])

    async def _job(self, tx: Transaction, job_id: str) -> JobRow[Spec]:
        row = await tx.one(f"{self._read.jobs} WHERE j.id = ?", (job_id,))
        if row is None:
            raise UnknownJob(job_id)
        return self._read.job(row)

    async def _insert(self, tx: Transaction, order: NewOrder[Spec], account: sqlite3.Row, now: float) -> None:
        """The order's rows; `account` as it was before the debit."""
        await _insert_order(tx, order, account["id"], now)
        ids = [f"{order.id}.{position}" for position in range(len(order.jobs))]
        await self._insert_jobs(tx, order, ids, now)
        prices = [(job_id, job.price) for job_id, job in zip(ids, order.jobs, strict=True)]
        note = LedgerNote(key=order.id, actor_id=order.user_id, now=now)
        await ledger.append(tx, balances.holds(account, prices, note))
        await _pin_all(tx, order)
        if order.series is not None:
            for job_id, (number, label) in zip(ids, order.series.frames, strict=True):
                await tx.execute(
                    "INSERT INTO series_frames (job_id, series_id, number, label) VALUES (?, ?, ?, ?)",
                    (job_id, order.series.series_id, number, label),
                )

    async def _insert_jobs(self, tx: Transaction, order: NewOrder[Spec], ids: Sequence[str], now: float) -> None:
        rows: list[Mapping[str, Value]] = [
            {
                "id": job_id,
                "order_id": order.id,
                "position": position,
                "provider": job.provider,
                "cost_usd_micros": job.cost_usd_micros,
                "price": job.price,
                "created_at": now,
                **self._form.to_columns(job.spec),
            }
            for position, (job_id, job) in enumerate(zip(ids, order.jobs, strict=True))
        ]
        marks = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
        sql = f"INSERT INTO jobs ({', '.join(rows[0])}) VALUES {marks}"  # noqa: S608 - names of columns and marks
        await tx.execute(sql, [value for row in rows for value in row.values()])


async def _settle(tx: Transaction, job_id: str, now: float) -> None:
    await balances.settle(tx, job_id, now=now)
    await tx.execute("UPDATE jobs SET state = 'delivered', ended_at = ? WHERE id = ?", (now, job_id))


def _must_be(job: JobRow, *states: State) -> None:
    if job.state not in states:
        raise JobOver(job.id, job.state)


async def _check_ceilings(tx: Transaction, order: NewOrder, ceilings: Sequence[SpendCeiling]) -> None:
    for ceiling in ceilings:
        costs = [job.cost_usd_micros for job in order.jobs if job.provider == ceiling.provider]
        if not costs:
            continue
        user = order.user_id if ceiling.per_user else None
        values: dict[str, Value] = {"provider": ceiling.provider, "since": ceiling.since, "user": user}
        spent = int((await tx.execute(_SPENT, values))[0][0])
        # A model whose price is not known is stopped by what others have cost, or by what the provider said.
        if spent + sum(costs) > ceiling.limit_usd_micros or spent >= ceiling.limit_usd_micros > 0:
            raise CeilingReached(
                ceiling.provider,
                spent_usd_micros=spent,
                limit_usd_micros=ceiling.limit_usd_micros,
                whose="user" if ceiling.per_user else "all",
            )


async def _insert_order(tx: Transaction, order: NewOrder, account_id: int, now: float) -> None:
    parent = "SELECT 1 FROM portraits WHERE id = ?"
    if order.parent_portrait_id is not None and await tx.one(parent, (order.parent_portrait_id,)) is None:
        raise PortraitGone
    if order.series is not None and order.series.series_id == order.id:
        await tx.execute(
            "INSERT INTO series (id, varies, created_at) VALUES (?, ?, ?)", (order.id, order.series.varies, now)
        )
    await tx.execute(
        "INSERT INTO orders (id, source, account_id, channel_id, prompt, token, token_expires_at, message_id,"
        " upload_limit, language, from_upload, people, adult_allowed, parent_portrait_id, series_id, best_of,"
        " created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            order.id,
            order.source,
            account_id,
            order.channel_id,
            order.prompt,
            order.token,
            order.token_expires_at,
            order.message_id,
            order.upload_limit,
            order.language,
            int(order.from_upload),
            order.people,
            int(order.adult_allowed),
            order.parent_portrait_id,
            order.series.series_id if order.series else None,
            order.best_of,
            now,
        ),
    )


async def _pin_all(tx: Transaction, order: NewOrder) -> None:
    """The pictures that go along with an order, and the one that it changes."""
    for position, reference_id in enumerate(order.references):
        await _pin(tx, order, position, reference_id)
    for position, picture in enumerate(order.pictures, len(order.references)):
        await _pin_picture(tx, order.id, position, picture)
    if order.edit is not None:
        await _pin_edit(tx, order.id, order.edit)


async def _pin(tx: Transaction, order: NewOrder, position: int, reference_id: int) -> None:
    """The character may be the user's own, or one that is shared where the order was made."""
    row = await tx.one(
        "SELECT c.id, c.handle, r.version, r.sha256, r.crop_sha256, r.embedding, r.pattern, r.looks, r.fitted,"  # noqa: S608 - a constant
        " c.scale"
        " FROM character_references r JOIN characters c ON c.id = r.character_id"
        f" WHERE r.id = :reference AND (c.user_id = :user OR {SHARED})",
        {"reference": reference_id, "user": order.user_id, "guild": order.guild_id},
    )
    if row is None:
        raise CharacterGone
    await tx.execute(
        "INSERT INTO order_references (order_id, position, handle, sha256, crop_sha256, embedding, pattern, looks,"
        " fitted, scale) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            order.id,
            position,
            *(
                row[key]
                for key in ("handle", "sha256", "crop_sha256", "embedding", "pattern", "looks", "fitted", "scale")
            ),
        ),
    )
    await tx.execute(
        "INSERT INTO order_characters (order_id, position, character_id, version)"
        " SELECT :order, count(*), :character, :version FROM order_characters WHERE order_id = :order"
        " HAVING coalesce(max(character_id = :character), 0) = 0",
        {"order": order.id, "character": row["id"], "version": row["version"]},
    )


async def _pin_picture(tx: Transaction, order_id: str, position: int, picture: NewPicture) -> None:
    await _must_be_stored(tx, picture.sha256)
    await tx.execute(
        "INSERT INTO order_references (order_id, position, handle, sha256, role) VALUES (?, ?, ?, ?, ?)",
        (order_id, position, picture.handle, picture.sha256, picture.role),
    )


async def _pin_edit(tx: Transaction, order_id: str, edit: NewEdit) -> None:
    await _must_be_stored(tx, edit.sha256)
    await tx.execute(
        "INSERT INTO order_edits (order_id, sha256, words, strength) VALUES (?, ?, ?, ?)",
        (order_id, edit.sha256, edit.words, edit.strength),
    )


async def _must_be_stored(tx: Transaction, sha256: str) -> None:
    if await tx.one("SELECT 1 FROM pictures WHERE sha256 = ?", (sha256,)) is None:
        raise StoredPictureGone
