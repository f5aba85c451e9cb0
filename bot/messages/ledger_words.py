"""The ledger and the tiers in words."""

from collections.abc import Sequence
from typing import Final

from bot.core import words
from data.credits.accounts import Account
from data.credits.ledger import LedgerEntry

_KINDS: Final = {
    "grant": "granted",
    "allowance": "daily allowance",
    "hold": "held for a portrait",
    "settle": "portrait delivered",
    "refund": "given back",
    "adjust": "corrected",
    "expiry": "allowance ended",
}


def lines(entries: Sequence[LedgerEntry]) -> str:
    """One line an entry, newest first, short enough for an embed's field."""
    shown = [_line(entry) for entry in entries]
    while shown and len("\n".join(shown)) > 1024:
        shown.pop()
    return "\n".join(shown)


def _line(entry: LedgerEntry) -> str:
    who = f" by <@{entry.actor_id}>" if entry.kind == "grant" and entry.actor_id else ""
    why = f" · {words.plain(entry.reason, 80)}" if entry.reason else ""
    amount = f"`{entry.amount:+,}` " if entry.amount else ""
    return f"<t:{int(entry.created_at)}:f> {amount}{_KINDS[entry.kind]}{who}{why} · {entry.balance_after:,} left"


def tier_line(account: Account) -> str:
    """Such as "unlimited until …"."""
    return account.tier + (f" until <t:{int(account.tier_until)}:f>" if account.tier_until else "")
