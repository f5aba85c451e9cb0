"""The way in: a portrait and what was asked for go in, its review comes out.

`review` asks a process apart, one picture at a time, so that neither the event loop nor a graphics card waits for it;
it blocks and belongs in a thread. `reviewed` is the same in this process, for commands and for that process itself.
"""

from __future__ import annotations

import atexit
import json
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from engine.prompt import NOTHING, PortraitPrompt, to_json
from engine.review.judged_parts import PortraitReview, References, from_data
from engine.sayings import worded

if TYPE_CHECKING:
    from engine.apart.process import Apart
    from engine.review.face_frame import Picture

_LOOK_S: Final = 120.0
"""What one picture may take by the clock, the start of the process and of the models on a busy machine included."""
_LOCK = threading.Lock()


class NotReviewed(RuntimeError):
    """A portrait could not be reviewed; `str()` says why, for the operator."""


def review(
    portrait: bytes, prompt: PortraitPrompt = NOTHING, references: References = (), *, photographic: bool = False
) -> PortraitReview:
    """The review of an encoded picture (PNG, JPEG or WebP). Raises NotReviewed.

    `photographic` is whether a model made it whose pictures are like photographs: likeness has a scale for each kind.

    A process that ended is given one more chance.
    """
    from engine.apart.process import Ended

    told = json.dumps([[embedding.hex() for embedding in each] for each in references])
    process, kind = _apart(), "photographic" if photographic else ""
    for chance in (1, 2):
        try:
            with _LOCK:
                facts, _ = process.ask("review", portrait, prompt=to_json(prompt), references=told, kind=kind)
        except Ended as error:
            if chance == 2:
                raise NotReviewed(f"the process that reviews pictures ended: {error}") from error
            continue
        try:
            return from_data(facts)
        except (KeyError, TypeError) as error:
            raise NotReviewed(str(facts.get("bad") or facts.get("error") or "unknown")[:200]) from error
    raise AssertionError  # pragma: no cover


def stop() -> None:
    """End the process, whatever it looks at: `review` raises NotReviewed then. The next review starts another one."""
    if _apart.cache_info().currsize:
        process = _apart()
        _apart.cache_clear()
        process.close()


def reviewed(
    picture: Picture, prompt: PortraitPrompt = NOTHING, references: References = (), *, photographic: bool = False
) -> PortraitReview:
    """The review of a picture (H, W, 3), sRGB bytes, in this process: it stands still meanwhile."""
    from engine.review.asked_words import asked
    from engine.review.measuring import left_out, measured
    from engine.review.sight import seen

    sight, wanted = seen(picture), asked(prompt)
    measures = measured(sight, wanted, references, photographic=photographic)
    return PortraitReview(tuple(measures), left_out(sight, wanted))


def missing() -> str:
    """Why portraits cannot be reviewed here, as a clause; "" when they can. Imports nothing."""
    import importlib.util

    from engine.faces import identity

    for module in ("numpy", "scipy"):
        if importlib.util.find_spec(module) is None:
            return worded("{package} is not installed", package=module)
    return identity.missing()


@lru_cache(maxsize=1)
def _apart() -> Apart:
    from engine.apart.process import Apart

    process = Apart(wall_s=_LOOK_S)
    atexit.register(process.reap)
    return process
