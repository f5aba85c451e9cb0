"""What a face does, by name: ARKit's actions, mild enough to be somebody's own."""

from __future__ import annotations

from typing import Final

EXPRESSIONS: Final[dict[str, dict[str, float]]] = {
    "neutral": {},
    "slight smile": {"mouthSmileLeft": 0.30, "mouthSmileRight": 0.27, "cheekSquintLeft": 0.15, "cheekSquintRight": 0.15},
    "smile": {"mouthSmileLeft": 0.55, "mouthSmileRight": 0.52, "cheekSquintLeft": 0.3, "cheekSquintRight": 0.3},
}  # fmt: skip
RELAXED: Final = {"browInnerUp": 0.04, "eyeWideLeft": 0.12, "eyeWideRight": 0.12}
"""An awake face: what everybody does before a lens."""


def actions(name: str, strength: float = 1.0) -> dict[str, float]:
    """How much of each facial action an expression takes; an unknown name is neutral."""
    found = {action: amount * strength for action, amount in EXPRESSIONS.get(name, {}).items()}
    for action, amount in RELAXED.items():
        found[action] = found.get(action, 0.0) + amount
    return found
