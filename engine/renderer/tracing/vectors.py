"""Small vector arithmetic on float32 arrays of shape (3, N): contiguous rows are what makes numpy fast."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[Any]
"""float32 always; numpy's types lose that in arithmetic."""

F: Final = np.float32
PI: Final = np.float32(np.pi)
INVERSE_PI: Final = np.float32(1 / np.pi)
LUMA: Final = np.array((0.2126, 0.7152, 0.0722), np.float32)


def dot(a: Floats, b: Floats) -> Floats:
    """Inner products (N)."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(v: Floats) -> Floats:
    """The same directions at length one; a zero vector stays zero."""
    return v / np.sqrt(np.maximum(dot(v, v), F(1e-20)))


def cross(a: Floats, b: Floats) -> Floats:
    """Outer products (3, N)."""
    return np.stack((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


def basis(n: Floats) -> tuple[Floats, Floats]:
    """Two directions across unit vectors, by Duff and others' branchless way."""
    sign = np.where(n[2] >= 0, F(1), F(-1))
    a = F(-1) / (sign + n[2])
    b = n[0] * n[1] * a
    return (
        np.stack((F(1) + sign * n[0] * n[0] * a, sign * b, -sign * n[0])),
        np.stack((b, sign + n[1] * n[1] * a, -n[1])),
    )


def hemisphere(n: Floats, u: Floats, v: Floats) -> Floats:
    """Directions about unit vectors, as often as their cosine, for numbers u and v in [0, 1)."""
    r, angle = np.sqrt(u), v * F(2 * np.pi)
    a, b = basis(n)
    return unit((r * np.cos(angle)) * a + (r * np.sin(angle)) * b + np.sqrt(np.maximum(F(1) - u, F(0))) * n)


def mirrored(n: Floats, view: Floats) -> Floats:
    """The direction that a mirror of normal `n` shows to `view` (which points to the eye)."""
    return F(2) * dot(n, view) * n - view


def column(values: object) -> Floats:
    """Three numbers as (3, 1)."""
    return np.asarray(values, np.float32).reshape(3, 1)
