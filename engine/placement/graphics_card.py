"""A card that models are placed on, and the machine's memory beside it: two accounts, never one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.placement.sizes import GIB

_RESERVE_BYTES: Final = GIB // 2
_RESERVE_SHARE: Final = 0.019
"""What the driver, torch's kernels and a desktop take of a card: about 0.7 of 12 GiB and 2 of 80."""
_RAM_SHARE: Final = 0.8
_RAM_KEPT_BYTES: Final = 2 * GIB
"""Of the machine's memory models may take four fifths, less what the bot itself needs."""
_GROUP_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`usable_bytes` is what models and a picture may take on the card together, `ram_bytes` what models may take of
    the machine's memory beside it. `casts` says that it can keep weights as fp8, `bfloat16` that it works in that
    format by itself: cards before Ampere emulate it.
    """

    name: str
    usable_bytes: int
    ram_bytes: int
    casts: bool = True
    bfloat16: bool = True


def card_of(gib: float, ram_bytes: int | None = None, name: str = "") -> Card:
    """A card of this size, as the maker says it."""
    total = int(gib * GIB)
    usable = max(0, total - _RESERVE_BYTES - int(total * _RESERVE_SHARE))
    ram = ram_for_models() if ram_bytes is None else ram_bytes
    return Card(name=name or f"a card of {gib:g} GiB", usable_bytes=usable, ram_bytes=ram)


def ram_for_models() -> int:
    """What models may take of this machine's memory, in bytes; a container's or a unit's own limit counts."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(0, int(min([physical, *_limits()]) * _RAM_SHARE) - _RAM_KEPT_BYTES)


def _limits() -> list[int]:
    found: list[int] = []
    for file in _GROUP_LIMITS:
        try:
            found.append(int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return found
