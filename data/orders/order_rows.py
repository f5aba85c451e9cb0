"""Orders and jobs as callers see them, and how they are read from the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, Literal

from data.core.database import Value
from data.core.rows import Spec, Spec_co, StoredForm, of_row

State = Literal["waiting", "running", "rendered", "delivered", "failed", "cancelled"]
Way = Literal["token", "channel", "new message", "direct message", "portraits"]
"""How an order's end reached its person: by an edit with the interaction's token or through the channel, by a new
message there or to them alone, or by being told with their next command that it is in /portraits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob(Generic[Spec_co]):
    """One picture to be made. `price` in credits; `cost_usd_micros` is what a hosted provider will charge.

    `spec` is what it is made from, in the form that the stores were opened with; its prompt is said where it is not
    that of the order.
    """

    spec: Spec_co
    price: int
    provider: str = "local"
    cost_usd_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdit:
    """The stored picture that an order changes, and what to change; `strength` in 0…1."""

    sha256: str
    words: str
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPicture:
    """A stored picture that goes along with an order for its outfit, place or style; `handle` may be ""."""

    handle: str
    sha256: str
    role: Literal["outfit", "place", "style"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFrames:
    """The jobs of an order are frames of a series: (number, label) of each, in their order.

    `series_id` is the order's own id for a new series.
    """

    series_id: str
    varies: str
    frames: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder(Generic[Spec_co]):
    """`source` says where the order came from and is unique (such as "interaction:123").

    `from_upload` says that a picture behind it was handed in by a person; `people` what it asks for of people, as JSON;
    `adult_allowed` that a sexual picture may be shown where it was made. `language` is the one that it is told of in,
    by Discord's name for it ("" for English).
    `upload_limit` is what one attachment of the answer may have, in bytes (0: not said).
    `references` are ids of `CharacterReference`s of the same user. `tier`, when given, is the tier that the
    prices rest on: an account that has lost it is refused with `TierEnded`. `best_of` is how many pictures are made to
    have the best of them, 0 where all are wanted.
    """

    id: str
    source: str
    guild_id: int
    channel_id: int
    user_id: int
    prompt: str
    jobs: tuple[NewJob[Spec_co], ...]
    token: str | None = None
    token_expires_at: float | None = None
    message_id: int | None = None
    upload_limit: int = 0
    language: str = ""
    from_upload: bool = False
    people: str = ""
    adult_allowed: bool = False
    parent_portrait_id: int | None = None
    references: tuple[int, ...] = ()
    pictures: tuple[NewPicture, ...] = ()
    edit: NewEdit | None = None
    series: NewFrames | None = None
    tier: str | None = None
    best_of: int = 0


@dataclass(frozen=True, slots=True)
class OrderReference:
    """A reference picture pinned by an order: its file stays until the order is closed.

    `crop_sha256` is its face alone; `ext` and `crop_ext` say what kind of file each is; `scale` how strongly the model
    is to be held to it (None: as it is set); `embedding` what was measured of the face when it was saved; `looks` words
    about hair, beard and glasses as JSON, `fitted` who the studio takes the person for.
    """

    position: int
    handle: str
    sha256: str
    ext: str
    role: Literal["face", "outfit", "place", "style"] = "face"
    crop_sha256: str | None = None
    crop_ext: str | None = None
    scale: float | None = None
    embedding: bytes | None = field(default=None, repr=False)
    looks: str = ""
    fitted: str = ""


@dataclass(frozen=True, slots=True)
class OrderEdit:
    """What an order changes; its picture is let go (None) when the order is closed."""

    sha256: str | None
    ext: str | None
    words: str
    strength: float


@dataclass(frozen=True, slots=True)
class JobRow(Generic[Spec_co]):
    """One picture of an order; `spec` is what it is made from, as it was ordered.

    `frame` (from 1) and `label` say which frame of a series it is, None where it is none.
    """

    id: str
    order_id: str
    position: int
    arrival: int
    spec: Spec_co
    provider: str
    price: int
    state: State
    attempts: int
    portrait_id: int | None
    error: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    frame: int | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Order(Generic[Spec_co]):
    """`created` is False when `place` found that the same source had ordered already.

    `sending_since` is when a new message was first sent for it (see `sending`), epoch seconds.
    `balance` is the account's balance when the order was read (after its holds, in the answer of `place`).
    `people` is what it and all behind it asks for of people, as JSON (None: from before, and not read yet).
    `series_id` names the series that its jobs are frames of, if they are. `unshown_since` is when every way to the
    person was found closed (epoch seconds): its portraits wait for the person's next command. `best_of` pictures were
    ordered to have the best of them (0: all are wanted); `best_job` made it, None before that was decided.
    """

    id: str
    source: str
    account_id: int
    guild_id: int
    channel_id: int
    user_id: int
    prompt: str
    token: str | None
    token_expires_at: float | None
    message_id: int | None
    upload_limit: int
    language: str
    from_upload: bool
    people: str | None
    adult_allowed: bool
    sending_since: float | None
    parent_portrait_id: int | None
    state: Literal["open", "closed"]
    created_at: float
    balance: int
    series_id: str | None
    delivered_by: Way | None
    unshown_since: float | None
    best_of: int
    best_job: str | None
    jobs: tuple[JobRow[Spec_co], ...]
    references: tuple[OrderReference, ...]
    edit: OrderEdit | None
    created: bool


@dataclass(frozen=True, slots=True)
class SpendCeiling:
    """At most `limit_usd_micros` for `provider` since `since`: of the ordering user alone, or of all."""

    provider: str
    since: float
    limit_usd_micros: int
    per_user: bool = False


_JOB_COLUMNS = """
j.id, j.order_id, j.position, j.arrival, j.provider, j.price, j.state, j.attempts, p.id AS portrait_id, j.error,
j.created_at, j.started_at, j.ended_at, f.number AS frame, f.label
"""
_JOINED = "LEFT JOIN portraits p ON p.job_id = j.id LEFT JOIN series_frames f ON f.job_id = j.id"
_ORDER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "a": ("guild_id", "user_id", "balance"),
    "o": (
        *("id", "source", "account_id", "channel_id", "prompt", "token", "token_expires_at", "message_id"),
        *(
            "upload_limit",
            "language",
            "from_upload",
            "people",
            "adult_allowed",
            "sending_since",
            "parent_portrait_id",
            "state",
        ),
        "created_at",
        *("series_id", "delivered_by", "unshown_since", "best_of", "best_job"),
    ),
}
_ORDER_COLUMNS = ", ".join(
    f"{table}.{name} AS order_{name}" for table, names in _ORDER_FIELDS.items() for name in names
)
_REFERENCES = """
(SELECT json_group_array(json_object('position', r.position, 'handle', r.handle, 'sha256', r.sha256, 'role', r.role,
    'crop_sha256', r.crop_sha256, 'scale', r.scale, 'embedding', hex(r.embedding), 'looks', r.looks,
    'fitted', r.fitted, 'ext', f.ext, 'crop_ext', c.ext))
 FROM order_references r JOIN pictures f ON f.sha256 = r.sha256 LEFT JOIN pictures c ON c.sha256 = r.crop_sha256
 WHERE r.order_id = o.id) AS pinned,
(SELECT json_object('sha256', e.sha256, 'ext', f.ext, 'words', e.words, 'strength', e.strength)
 FROM order_edits e LEFT JOIN pictures f ON f.sha256 = e.sha256 WHERE e.order_id = o.id) AS edited
"""

Fetch = Callable[[str, Sequence[Value]], Awaitable[list[sqlite3.Row]]]


class OrderReader(Generic[Spec]):
    """Reads orders and jobs, with what their pictures are made from."""

    def __init__(self, form: StoredForm[Spec]) -> None:
        self._form = form
        self._job_columns = ", ".join((_JOB_COLUMNS, *(f"j.{name} AS spec_{name}" for name in form.columns)))
        self.jobs = f"SELECT {self._job_columns} FROM jobs j {_JOINED}"  # noqa: S608 - this package's own
        """The query of jobs `j`, to which a condition is added."""

    def job(self, row: sqlite3.Row) -> JobRow[Spec]:
        """A row of `jobs` as what callers get."""
        return of_row(JobRow, row, spec=self._form.read(row, "spec_"))

    async def orders(
        self, fetch: Fetch, where: str, values: Sequence[Value], *, created: bool = False
    ) -> list[Order[Spec]]:
        """Orders chosen by a condition on `o` (orders) and `a` (accounts), in order of arrival.

        All of an order comes from one statement, so that it is of one moment.
        """
        rows = await fetch(
            f"SELECT {self._job_columns}, {_ORDER_COLUMNS}, {_REFERENCES} FROM orders o"  # noqa: S608 - as above
            " JOIN accounts a ON a.id = o.account_id JOIN jobs j ON j.order_id = o.id"
            f" {_JOINED} WHERE {where} ORDER BY j.arrival",
            values,
        )
        groups = groupby(rows, key=lambda row: str(row["order_id"]))
        return [self._order(list(group), created=created) for _, group in groups]

    def _order(self, rows: Sequence[sqlite3.Row], *, created: bool) -> Order[Spec]:
        first = rows[0]
        references = sorted(map(_reference, json.loads(first["pinned"])), key=lambda each: each.position)
        return of_row(
            Order,
            first,
            prefix="order_",
            jobs=tuple(self.job(row) for row in rows),
            references=tuple(references),
            edit=OrderEdit(**json.loads(first["edited"])) if first["edited"] else None,
            created=created,
        )


def _reference(told: Mapping[str, Any]) -> OrderReference:
    return of_row(OrderReference, told, embedding=bytes.fromhex(told["embedding"]) or None)
