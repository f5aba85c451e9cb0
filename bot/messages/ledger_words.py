"""The ledger and the tiers in words."""

from collections.abc import Sequence
from typing import Final

from bot.core import words
from bot.languages.speech import reworded, worded
from data.credits.accounts import Account
from data.credits.ledger import LedgerEntry

_KINDS: Final = {
    "grant": worded("granted"),
    "allowance": worded("daily allowance"),
    "hold": worded("held for a portrait"),
    "settle": worded("portrait delivered"),
    "refund": worded("given back"),
    "adjust": worded("corrected"),
    "expiry": worded("allowance ended"),
}


def lines(entries: Sequence[LedgerEntry]) -> str:
    """One line an entry, newest first, short enough for an embed's field."""
    shown = [_line(entry) for entry in entries]
    while shown and len("\n".join(shown)) > 1024:
        shown.pop()
    return "\n".join(shown)


def _line(entry: LedgerEntry) -> str:
    what = reworded(_KINDS[entry.kind])
    if entry.kind == "grant" and entry.actor_id:
        what = worded("granted by <@{user}>", user=entry.actor_id)
    amount = f"`{entry.amount:+,}` " if entry.amount else ""
    parts = [f"<t:{int(entry.created_at)}:f> {amount}{what}", words.plain(entry.reason, 80)]
    parts.append(worded("{balance:,} left", balance=entry.balance_after))
    return " · ".join(part for part in parts if part)


def tier_line(account: Account) -> str:
    """Such as "unlimited until …"."""
    if not account.tier_until:
        return account.tier
    return worded("{tier} until <t:{until}:f>", tier=account.tier, until=int(account.tier_until))
