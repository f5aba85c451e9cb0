"""Plain words for people: escaping, durations, lists and near misses."""

import difflib
import re
from collections.abc import Iterable

_MARKDOWN = re.compile(r"([\\`*_~|<>#\[\]()\-@:])")
_MEMBER_MENTION = re.compile(r"<@!?(\d+)>")


def plain(text: str, limit: int = 1024) -> str:
    """`text` on one line, cut to `limit` characters, with nothing in it that Discord would format or link."""
    line = " ".join(text.split())
    if not line:
        return ""
    escaped = _MARKDOWN.sub(r"\\\1", line)
    if len(escaped) <= limit:
        return escaped
    return escaped[: limit - 1].rstrip("\\") + "…"


def mentions_member(text: str) -> bool:
    """Whether Discord's picker put a member's mention where a character's handle was meant."""
    return _MEMBER_MENTION.search(text) is not None


def seconds(value: float) -> str:
    """A duration in the unit a person would choose."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 90:
        return f"{value:.0f} s"
    if value < 5400:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h"


def span(low: float, high: float) -> str:
    """A range of time, such as "20–40 s"."""
    if seconds(low) == seconds(high):
        return seconds(high)
    first, last = seconds(low), seconds(high)
    if first.split()[-1] == last.split()[-1]:
        first = first.split()[0]
    return f"{first}–{last}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """'a, b and c'."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The names in `known` that `name` may have meant, best first."""
    folded = {item.casefold(): item for item in known}
    return [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=most, cutoff=0.5)]


def credits_word(amount: int) -> str:
    return "1 credit" if amount == 1 else f"{amount:,} credits"


def ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
