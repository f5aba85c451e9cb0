"""Clothes: `dress` puts an outfit on a body, `sunk` is how far the skin below gives way."""

from __future__ import annotations

from engine.renderer.wardrobe.garments import dress
from engine.renderer.wardrobe.under import sunk

__all__ = ["dress", "sunk"]
