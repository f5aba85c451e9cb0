"""Small pictures of what a portrait will look like, made from its latents on the way.

Time-limited: previews never take more than a small share of the rendering.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from engine.backends.local.loaded import Loaded
from engine.backends.local.runtime import synchronise
from engine.backends.local.schedulers import clean_guess

if TYPE_CHECKING:
    import torch

SIDE_PX = 256
FEWEST_STEPS = 3
JPEG_QUALITY = 75


class Previewer:
    """Decides when a preview is due in one batch, and makes it.

    `share` is what of the rendering time previews may take; one in the middle is made all the same.
    """

    def __init__(self, loaded: Loaded, steps: int, size: tuple[int, int], every_s: float, share: float) -> None:
        self._loaded = loaded
        self._size = size
        self._gap = max(2, steps // 6)
        self._middle = steps // 2
        self._last_useful = steps - 2
        self._every_s = every_s
        self._share = share
        self._began_s = perf_counter()
        self._last_s = -1e9
        self._spent_s = 0.0
        self._made = 0
        # Where parts take turns on the device, every look at the autoencoder would push the denoiser out of it.
        own = loaded.placement is not None and loaded.placement.decodes
        self._possible = steps >= FEWEST_STEPS and loaded.sketcher.ready(own=own)

    def due(self, step: int, rows: int) -> bool:
        """Whether to show something of so many rows after this many steps."""
        now_s = perf_counter()
        if not self._possible or step % self._gap or step > self._last_useful:
            return False
        if self._made and now_s - self._last_s < self._every_s:
            return False
        cost_s = rows * self._loaded.preview_row_s
        if self._spent_s + cost_s <= self._share * (now_s - self._began_s):
            return True
        return not self._made and step >= self._middle

    def make(
        self, latents: torch.Tensor, before: torch.Tensor | None, step: int, wanted: Sequence[int]
    ) -> list[bytes | None]:
        """One JPEG a wanted row, None where its latents are no numbers.

        `before` are the latents of one step earlier, `step` how many steps are done.
        """
        synchronise(self._loaded.device)  # else the step itself, which the device may still be at, would be counted
        began_s = perf_counter()
        clean = clean_guess(self._loaded.pipe.scheduler, latents, before, step)[list(wanted)]
        sketches = self._loaded.sketcher.sketch(clean, self._size)
        pictures = [None if sketch is None else _jpeg(sketch, self._size) for sketch in sketches]
        self._last_s = perf_counter()
        took_s = self._last_s - began_s
        self._spent_s += took_s
        self._loaded.preview_row_s = took_s / len(pictures)
        self._made += 1
        return pictures


def _jpeg(sketch: Any, size: tuple[int, int]) -> bytes:
    """At most `SIDE_PX` long, and never larger than the picture's own `size`."""
    from PIL import Image

    share = min(1.0, SIDE_PX / max(size))
    width, height = (max(1, round(side * share)) for side in size)
    file = io.BytesIO()
    Image.fromarray(sketch).resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
