"""What sets are painted on: layers over directions, so that the same paint is the picture seen and the light around."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.renderer.tracing.vectors import F, Floats

Colour = Sequence[float] | Floats
"""Linear RGB; 0.34 is as bright as lit skin of a middle tone."""


@dataclass(frozen=True)
class Canvas:
    """Directions: `u` radians to the right of where the lens looks (W), `v` rise a metre of distance (H)."""

    u: Floats
    v: Floats
    pixel: float
    """Radians that a pixel spans."""
    seed: int
    time: str = ""

    def random(self, what: str) -> np.random.Generator:
        """Chances that the seed fixes for one kind of thing, whatever is painted before it."""
        return np.random.default_rng((self.seed & 0xFFFFFFFF, zlib.crc32(what.encode())))

    def layer(self, away: float) -> Layer:
        """An empty layer, metres behind the sitter."""
        shape = (len(self.v), len(self.u))
        return Layer(self, away, np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32))

    def floor(self, height: float = 1.6) -> tuple[Floats, Floats]:
        """Metres to the right and away (H, W) on a floor this far below the lens; above it, as at the horizon."""
        far = F(height) / np.maximum(-self.v, F(0.012))
        return self.u[None] * far[:, None], np.broadcast_to(far[:, None], (len(self.v), len(self.u)))

    @cached_property
    def _extent(self) -> tuple[float, float, float, float]:
        return float(self.u.min()), float(self.u.max()), float(self.v.min()), float(self.v.max())

    def sees(self, left: float, right: float, bottom: float, top: float) -> bool:
        """Whether anything of a rectangle is on the canvas."""
        low, high, floor, roof = self._extent
        return right >= low and left <= high and top >= floor and bottom <= roof

    def grid(self) -> tuple[Floats, Floats]:
        """`u` and `v` for each pixel."""
        shape = (len(self.v), len(self.u))
        return np.broadcast_to(self.u[None], shape), np.broadcast_to(self.v[:, None], shape)


@dataclass
class Layer:
    """Paint at one distance: colour times share covered (H, W, 3), and the share (H, W)."""

    canvas: Canvas
    away: float
    paint: Floats
    alpha: Floats = field(repr=False)

    def mask(self, share: Floats, colour: Colour, part: tuple[slice, slice] = (slice(None), slice(None))) -> None:
        """Paints over, as opaque as `share` (H, W), in one colour or a picture of colours."""
        kept = 1 - share
        self.paint[part] *= kept[..., None]
        self.paint[part] += share[..., None] * np.asarray(colour, np.float32)
        self.alpha[part] *= kept
        self.alpha[part] += share

    def fill(self, colour: Colour) -> None:
        """Paints all of it."""
        self.paint[:] = np.asarray(colour, np.float32)
        self.alpha[:] = 1

    def box(
        self, left: float, right: float, bottom: float, top: float, colour: Colour,
        soft: float = 0.0, share: float = 1.0,
    ) -> None:  # fmt: skip
        """An upright rectangle between directions, a little lighter where it is higher."""
        edge = max(soft, self.canvas.pixel)
        if not self.canvas.sees(left - edge, right + edge, bottom - edge, top + edge):
            return
        across, rise = ramp(self.canvas.u, left, right, edge), ramp(self.canvas.v, bottom, top, edge)
        part = _part(rise, across)
        if part is None:
            return
        up, over = self.canvas.v[part[0]], self.canvas.u[part[1]]
        low, most = max(bottom, -0.7), min(top, 0.7)
        lit = np.clip((up - F(low)) / F(max(most - low, 1e-3)), 0, 1)[:, None] * F(0.30) + F(0.83)
        lit = lit + np.clip((over - F(left)) / F(max(right - left, 1e-3)), 0, 1)[None] * F(0.08)
        paint = np.asarray(colour, np.float32) * lit[..., None]
        self.mask(rise[part[0]][:, None] * across[part[1]][None] * F(share), paint, part)

    def discs(
        self, x: Floats, y: Floats, radius: Floats, colour: Floats, share: float = 1.0, tall: float = 1.0
    ) -> None:
        """Ellipses of these centres, radii (N) and colours (N, 3), later ones in front; small ones keep their light."""
        pixel = self.canvas.pixel
        u, v = self.canvas.u, self.canvas.v
        reach = radius + pixel
        fine = radius < pixel * 0.75
        if fine.sum() > 24:
            self._specks(x[fine], y[fine], radius[fine], colour[fine], share * tall)
            x, y, radius, colour, reach = x[~fine], y[~fine], radius[~fine], colour[~fine], reach[~fine]
        seen = (
            (x + reach > u.min()) & (x - reach < u.max()) & (y + reach * tall > v.min()) & (y - reach * tall < v.max())
        )
        for k in np.flatnonzero(seen):
            r = max(float(radius[k]), pixel * 0.75)
            dim = share * min((float(radius[k]) / r) ** 2, 1.0)
            columns = np.flatnonzero(np.abs(u - x[k]) < r + pixel)
            rows = np.flatnonzero(np.abs(v - y[k]) < r * tall + pixel)
            if not len(columns) or not len(rows):
                continue
            part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            far = np.hypot((u[part[1]] - F(x[k]))[None], ((v[part[0]] - F(y[k])) / F(tall))[:, None])
            self.mask(np.clip((r - far) / pixel + F(0.5), 0, 1).astype(np.float32) * F(dim), colour[k], part)

    def _specks(self, x: Floats, y: Floats, radius: Floats, colour: Floats, share: float) -> None:
        """Discs smaller than a pixel, all at once: each shares its light among the four pixels round it."""
        pixel, (rows, columns) = self.canvas.pixel, self.alpha.shape
        order = np.argsort(self.canvas.u)
        left = np.interp(x, self.canvas.u[order], order.astype(np.float32), -9, -9)
        top = np.interp(-y, -self.canvas.v, np.arange(rows, dtype=np.float32), -9, -9)
        cover = F(share * np.pi) * (radius / F(pixel)) ** 2
        spread, gained = np.zeros((rows * columns, 3)), np.zeros(rows * columns)
        for right, below in ((0, 0), (0, 1), (1, 0), (1, 1)):
            column, row = np.floor(left).astype(int) + right, np.floor(top).astype(int) + below
            weight = cover * (1 - np.abs(left - column)) * (1 - np.abs(top - row))
            inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
            at = (row * columns + column)[inside]
            np.add.at(gained, at, weight[inside])
            np.add.at(spread, at, colour[inside] * weight[inside, None])
        mean = spread / np.maximum(gained, 1e-6)[:, None]
        thin = np.maximum(gained, 1).reshape(rows, columns)[..., None]
        self.mask(
            np.minimum(gained, 1).astype(np.float32).reshape(rows, columns), mean.reshape(rows, columns, 3) * thin
        )

    def glow(self, x: float, y: float, reach: float, colour: Colour, tall: float = 1.0) -> None:
        """Light added round a direction, that fades over `reach` radians."""
        across = np.exp(-(((self.canvas.u - F(x)) / F(reach)) ** 2))
        rise = np.exp(-(((self.canvas.v - F(y)) / F(reach * tall)) ** 2))
        self.paint += (rise[:, None] * across[None])[..., None] * np.asarray(colour, np.float32)

    def lit(self, amount: Floats) -> None:
        """All of it times `amount` (H, W) or (H, W, 3)."""
        self.paint *= amount if amount.ndim == 3 else amount[..., None]


def ramp(x: Floats, low: float, high: float, soft: float) -> Floats:
    """1 between, 0 outside, with edges as wide as `soft`."""
    rising = np.clip((x - F(low)) / F(soft) + F(0.5), 0, 1)
    return np.asarray(rising * np.clip((F(high) - x) / F(soft) + F(0.5), 0, 1), np.float32)


def step(x: Floats, low: float, high: float) -> Floats:
    """Smoothly from 0 to 1."""
    t = np.clip((x - F(low)) / F(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _part(rise: Floats, across: Floats) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(rise), np.flatnonzero(across)
    if not len(rows) or not len(columns):
        return None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def mix(low: Colour, high: Colour, share: Floats) -> Floats:
    """Between two colours by `share` (H, W)."""
    a, b = np.asarray(low, np.float32), np.asarray(high, np.float32)
    return np.asarray(a + (b - a) * share[..., None], np.float32)


def noise(x: Floats, y: Floats, random: np.random.Generator, octaves: int = 4, gain: float = 0.5) -> Floats:
    """Clouds of noise about 0 to 1, mean 0.5; its largest features are about one unit of x and y."""
    from scipy.ndimage import map_coordinates

    total, scale, strength = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32), 1.0, 0.0
    for _ in range(octaves):
        table = random.random((64, 64), np.float32) - F(0.5)
        shift = random.random(2) * 64
        at = np.stack(np.broadcast_arrays(_eased(y * scale + shift[0]), _eased(x * scale + shift[1])))
        total += F(gain**strength) * map_coordinates(table, at, order=1, mode="grid-wrap", output=np.float32)
        scale, strength = scale * 2.03, strength + 1
    return np.asarray(np.clip(total * F(0.85) + F(0.5), 0, 1), np.float32)


def _eased(x: npt.ArrayLike) -> Floats:
    """Coordinates so that straight lines between lattice points become smooth ones."""
    x = np.asarray(x, np.float32)
    whole = np.floor(x)
    t = x - whole
    return np.asarray(whole + t * t * (3 - 2 * t), np.float32)


def picked(random: np.random.Generator, colours: Sequence[Colour] | Floats, count: int, spread: float = 0.2) -> Floats:
    """Colours (N, 3) out of a few, each a little lighter or darker."""
    table = np.asarray(colours, np.float32)
    level = np.exp(random.normal(size=(count, 1)) * spread).astype(np.float32)
    return np.asarray(table[random.integers(len(table), size=count)] * level, np.float32)
