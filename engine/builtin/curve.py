"""A plot of shares against steps, as SVG. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDE, TALL, MARGIN = 560, 300, 46
COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5")


def svg(steps: Sequence[int], shares: Mapping[str, Sequence[float]]) -> str:
    """Lines of `shares` (0…1, one a number of steps) over evenly spaced `steps`, with their names."""
    across = [MARGIN + (WIDE - 2 * MARGIN) * at / max(1, len(steps) - 1) for at in range(len(steps))]

    def up(share: float) -> float:
        return TALL - MARGIN - (TALL - 2 * MARGIN) * share

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{TALL}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDE}" height="{TALL}" fill="white"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = up(share)
        parts.append(f'<line x1="{MARGIN}" x2="{WIDE - MARGIN}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for x, step in zip(across, steps, strict=True):
        parts.append(f'<text x="{x:.1f}" y="{TALL - MARGIN + 16}" text-anchor="middle">{step}</text>')
    parts.append(f'<text x="{WIDE / 2}" y="{TALL - 10}" text-anchor="middle">steps</text>')
    for at, ((name, values), colour) in enumerate(zip(shares.items(), COLOURS, strict=False)):
        points = " ".join(f"{x:.1f},{up(value):.1f}" for x, value in zip(across, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{MARGIN + 140 * at}" y="20" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
