"""What a provider says, checked before anybody acts on it: seeds, costs, tickets, and words that people are shown.

Each takes whatever came out of JSON and returns what may be used; None, or "" for words, when it is no such thing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

MOST_SEED: Final = 2**63 - 1
"""What a column of whole numbers holds."""
MOST_COST_USD: Final = 5.0
"""No portrait costs more, unless the operator's own price comes near it."""
MOST_TIMES_PRICE: Final = 10
"""So many times the operator's price are believed."""
MOST_WORDS: Final = 200
"""Characters of a provider's own words that are shown."""
LINK: Final = "(link)"
"""Stands where an address stood."""

_TICKET: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_:-]|\.(?!\.)){0,127}")
_DOMAIN: Final = re.compile(r"[^\W_]\.[^\W\d_]{2}")
_MARKUP: Final = frozenset("[]<>`*~|\\#@")
_UNSEEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that show nothing, beside those whose category says so."""
_INSTEAD: Final = str.maketrans({"_": " ", "“": "'", "”": "'", "„": "'", "‟": "'", '"': "'"})
_MOST_READ: Final = 2_000
_MOST_MARKS: Final = 2


def seed_of(value: object) -> int | None:
    """A seed that can be stored and asked for again: 0 to 2⁶³-1, as a whole number or its digits."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_SEED else None


def cost_of(units: object, unit_usd: float, price_usd_micros: int) -> int | None:
    """Millionths of a US dollar for so many of the provider's units; None for what no portrait can cost.

    `price_usd_micros` is what the operator says that a portrait of this model costs.
    """
    if isinstance(units, bool) or not isinstance(units, int | float):
        return None
    try:
        usd = float(units) * unit_usd
    except OverflowError:
        return None
    most_usd = max(MOST_COST_USD, MOST_TIMES_PRICE * price_usd_micros / 1_000_000)
    return round(usd * 1_000_000) if math.isfinite(usd) and 0 <= usd <= most_usd else None


def ticket_of(value: object) -> str | None:
    """The provider's name for a request, which goes into an address: no path, no query, nothing to be escaped."""
    return value if isinstance(value, str) and _TICKET.fullmatch(value) else None


def text_of(value: object, most: int = MOST_WORDS) -> str:
    """Words as one plain line of at most `most` characters: nothing unseen, no markup, never a link or a mention."""
    if not isinstance(value, str):
        return ""
    # Compatibility forms first: a full-width address is one, too. Twice cut, since one letter may become eighteen.
    folded = unicodedata.normalize("NFKC", value[:_MOST_READ])[:_MOST_READ]
    shown = "".join(map(_shown, folded)).translate(_INSTEAD)
    words = [LINK if _is_address(word) else word for word in _without_heaps(shown).split()]
    line = " ".join(words)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def texts_of(value: object, most: int = MOST_WORDS) -> str:
    """A list of words as one line, the first eight of them."""
    return text_of(", ".join(filter(None, map(text_of, value[:8]))), most) if isinstance(value, list) else ""


def _shown(character: str) -> str:
    """The character, a space for what separates, and nothing for what is not seen or is markup."""
    category = unicodedata.category(character)
    if category[0] == "Z" or character in "\t\n\v\f\r\x1c\x1d\x1e\x85":
        return " "
    hidden = category[0] == "C" or character in _UNSEEN or "\ufe00" <= character <= "\ufe0f"
    return "" if hidden or character in _MARKUP else character


def _without_heaps(text: str) -> str:
    """No more than two marks on a letter: piles of them cover the lines around."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) or unicodedata.category(character) == "Me" else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _is_address(word: str) -> bool:
    return "//" in word or _DOMAIN.search(word) is not None
