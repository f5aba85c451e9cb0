"""The append-only record of credits: one entry for every change of a balance, and for every settled hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data.database import Database

Kind = Literal["grant", "allowance", "hold", "settle", "refund", "adjust", "expiry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry. `amount` is the signed change of the balance (0 for settle).

    `allowance_amount` is the part of it that concerns the allowance of `allowance_day`.
    """

    id: int
    account_id: int
    kind: Kind
    amount: int
    allowance_amount: int
    allowance_day: str | None
    balance_after: int
    job_id: str | None
    key: str
    actor_id: int
    reason: str
    created_at: float


async def check(db: Database) -> Sequence[str]:
    """Every way in which balances, entries and jobs disagree, one sentence each; empty when all adds up."""
    raise NotImplementedError
