"""Places between the effects of an order, or of an erasure, where a test can end the process, as a power cut would.

Nothing happens unless the environment names one of them in LIKENESS_FAULT, which only tests of restarts do.
"""

import os
import signal
from typing import Final, Literal

Point = Literal["row", "submit", "picture", "portrait", "edit", "settle"]
ErasePoint = Literal["erase-asked", "erase-orders", "erase-rows"]
VARIABLE: Final = "LIKENESS_FAULT"


def after(effect: Point | ErasePoint) -> None:
    """The effect has just happened. End here, without a goodbye, when a test asks for it."""
    if os.environ.get(VARIABLE) == effect:
        os.kill(os.getpid(), signal.SIGKILL)
