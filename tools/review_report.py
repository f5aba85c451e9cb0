"""The validation's table: areas under the curve, drift, and whom the scores treat differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.review.judged_parts import ANSWERS, LEAST_AREA, between
from engine.review.measuring import LIMITS

PAGE: Final = Path("docs/review.md")
BEGINS, ENDS = "<!-- written by tools/review_validation.py -->", "<!-- end -->"
Row = Mapping[str, Any]
"""A portrait: `truth`, and under `read` by kind ("good" is as it is) the values of its parts; `pair` is a number that
two portraits have which are alike but for the skin.
"""
_GROUPS: Final[Mapping[str, tuple[Callable[[Row], bool], Callable[[Row], bool]]]] = {
    "dark − light skin": (
        lambda row: row["truth"]["skin"] in ("dark", "brown"), lambda row: row["truth"]["skin"] in ("light", "fair")
    ),
    "glasses − none": (lambda row: bool(row["truth"]["glasses"]), lambda row: not row["truth"]["glasses"]),
    "old − others": (lambda row: row["truth"]["age"] == "old", lambda row: row["truth"]["age"] != "old"),
}  # fmt: skip
PAIRS: Final = "dark − fair in pairs"
_LEAST_PAIRS: Final = 3


@dataclass(frozen=True, slots=True)
class Area:
    """How often a good picture scores higher than a bad one, ties counting half."""

    kind: str
    part: str
    good: int
    bad: int
    area: float


def score(part: str, value: float) -> float:
    """What the review makes of a value; parts without limits are scores already."""
    return between(value, *LIMITS[part]) if part in LIMITS else value


def scores(rows: Sequence[Row], kind: str, part: str) -> list[float]:
    """The scores of a part over all pictures of a kind that have it."""
    return [score(part, row["read"][kind][part]) for row in rows if part in row["read"].get(kind, {})]


def areas(rows: Sequence[Row], kinds: Sequence[tuple[str, Sequence[str]]]) -> list[Area]:
    """Of every kind of spoiled picture, for every part that has to see it."""
    found = []
    for kind, parts in kinds:
        for part in parts:
            good, bad = np.array(scores(rows, "good", part)), np.array(scores(rows, kind, part))
            if len(good) and len(bad):
                higher = (good[:, None] > bad).mean() + 0.5 * (good[:, None] == bad).mean()
                found.append(Area(kind, part, len(good), len(bad), float(higher)))
    return found


def worth(found: Sequence[Area]) -> dict[str, float]:
    """By part the smallest of its areas."""
    return {each.part: min(other.area for other in found if other.part == each.part) for each in found}


def table(rows: Sequence[Row], found: Sequence[Area], changed: Sequence[str]) -> str:
    """Both tables, in Markdown."""
    own = worth(found)
    lines = ["| spoiled | part that must see it | good, bad | area | offered |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.kind} | {each.part} | {each.good}, {each.bad} | {each.area:.3f} | "
        f"{'yes' if own[each.part] >= LEAST_AREA else 'no'} |"
        for each in found
    ]
    lines += ["", f"| score of good pictures | mean | {' | '.join([*changed, PAIRS, *_GROUPS])} |"]
    lines.append("|---" * (3 + len(changed) + len(_GROUPS)) + "|")
    lines += [_drift(rows, part, changed) for part in own]
    return "\n".join(lines)


def _drift(rows: Sequence[Row], part: str, changed: Sequence[str]) -> str:
    cells = [f"{np.mean(scores(rows, 'good', part)):.0f}"]
    for kind in changed:
        moved = [
            score(part, row["read"][kind][part]) - score(part, row["read"]["good"][part])
            for row in rows
            if part in row["read"].get(kind, {}) and part in row["read"]["good"]
        ]
        cells.append(f"{np.mean(moved):+.1f}" if moved else "–")
    cells.append(_difference_in_pairs(rows, part))
    for one, other in _GROUPS.values():
        here, there = (scores([row for row in rows if each(row)], "good", part) for each in (one, other))
        cells.append(_difference(here, there))
    return f"| {part} | {' | '.join(cells)} |"


def _difference_in_pairs(rows: Sequence[Row], part: str) -> str:
    """The mean difference of dark and fair in pairs that are alike but for that, with its standard error."""
    skins: dict[tuple[int, str], float] = {
        (row["pair"], row["truth"]["skin"]): score(part, row["read"]["good"][part])
        for row in rows
        if row.get("pair") is not None and part in row["read"]["good"]
    }
    pairs = {pair for pair, _ in skins}
    found = [skins[one, "dark"] - skins[one, "fair"] for one in pairs if {(one, "dark"), (one, "fair")} <= skins.keys()]
    if len(found) < _LEAST_PAIRS:
        return "–"
    return f"{np.mean(found):+.1f} ± {np.std(found, ddof=1) / np.sqrt(len(found)):.1f}"


def _difference(one: Sequence[float], other: Sequence[float]) -> str:
    """The difference of two means, with its standard error."""
    if min(len(one), len(other)) < 5:
        return "–"
    error = np.sqrt(np.var(one) / len(one) + np.var(other) / len(other))
    return f"{np.mean(one) - np.mean(other):+.1f} ± {error:.1f}"


def write(told: str, found: Sequence[Area]) -> None:
    """The table into the page, and what each part is worth beside the measures."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGINS)
    PAGE.write_text(f"{before}{BEGINS}\n{told}\n{ENDS}{rest.split(ENDS)[1]}", encoding="utf-8")
    lines = [f'"{part}" = {area:.3f}' for part, area in sorted(worth(found).items())]
    head = ANSWERS.read_text(encoding="utf-8").split("[areas]")[0]
    ANSWERS.write_text("\n".join([f"{head}[areas]", *lines, ""]), encoding="utf-8")
