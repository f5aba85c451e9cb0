"""One line of what `python -m bot doctor` finds."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`text` says what it is about, how it is, and what mends it."""

    mark: Literal["good", "note", "bad"]
    text: str
