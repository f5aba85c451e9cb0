"""Rendered pictures of two people who do not exist, for whoever needs a face."""

from pathlib import Path

FOLDER = Path(__file__).parent


def png(name: str) -> bytes:
    """Such as "ana-1": ana and kai have four pictures each, one face in each, 128 × 192."""
    return (FOLDER / f"{name}.png").read_bytes()
