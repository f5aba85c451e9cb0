"""An outfit on a body: its garment's layers one over the other, dyed, and what is sewn on them."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy.ndimage import gaussian_filter

from engine.renderer import assets
from engine.renderer.body import Body
from engine.renderer.geometry import Array
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB, Outfit
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import bases, cloth_uv, collars, creases, cuts, draping, patterns, pieces, sewing, shapes
from engine.renderer.wardrobe.dyes import dyed
from engine.renderer.wardrobe.pieces import Piece
from engine.renderer.wardrobe.table import GARMENTS, WHITE, WITH_TIE, ClothLayer, Garment

_WAISTBAND: Final = 0.165
_TUCKED: Final = 0.03
"""Metres of the template: where trousers end, and how far they reach under what hangs over them."""
_SPANNED: Final = {"none": 0.012, "straps": 0.010}
"""Metres deep the hollows are at most that cloth without sleeves spans: a bodice follows the bust."""
_LOOSER: Final = 0.020
"""Metres by which trousers are wider at the knees than at the hips."""
_FINE: Final = 9000
"""Triangles from which a piece is not made finer."""
_OTHER_FABRICS: Final = {"sweat": "jersey", "twill": "denim"}
_HABITS: Final = {
    "jersey": "jersey", "sweat": "jersey", "cotton": "shirt", "linen": "shirt", "lace": "silk", "silk": "silk",
    "satin": "silk", "knit": "knit", "fine knit": "knit", "cable knit": "knit", "leather": "leather",
    "denim": "leather", "nylon": "nylon", "rubber": "nylon", "metal": "plate", "mail": "plate", "sequins": "tight",
}  # fmt: skip
"""How cloth of a fabric creases; what isn't here creases as a jacket."""
_NEAREST: Final = {
    "jacket": "blazer", "jumper": "sweater", "women's t-shirt": "t-shirt", "gown": "evening gown", "vest": "waistcoat",
}  # fmt: skip


def named(garment: str) -> str:
    """The garment of the table that is meant: itself, the one whose name it holds, or a T-shirt."""
    if garment in GARMENTS:
        return garment
    if garment in _NEAREST:
        return _NEAREST[garment]
    within = [name for name in GARMENTS if name in garment or (garment and garment in name)]
    return max(within, key=len) if within else "t-shirt"


def dress(outfit: Outfit, body: Body, legs: bool = True) -> list[Mesh]:
    """The outfit on this body, over its skin, from the innermost layer outwards; without `legs`, down to the hips."""
    name = named(outfit.garment)
    if name == "suit" and outfit.tie is None and body.person.masculinity < 0.5:
        name = "blazer"
    garment = WITH_TIE.get(name, GARMENTS[name]) if outfit.tie is not None else GARMENTS[name]
    tailor = _Tailor(outfit, body, name, garment)
    if legs:
        for layer in _legs(garment, body):
            tailor.add(layer)
    for layer in garment.layers:
        tailor.add(layer)
    if outfit.tie is not None or name == "tuxedo":
        tailor.meshes += collars.tie(tailor, bow=name == "tuxedo", there="suit" in name or name == "uniform")
    return tailor.meshes


def _legs(garment: Garment, body: Body) -> list[ClothLayer]:
    """Trousers that end under the hem of what hangs over them, or a skirt."""
    if garment.legs == "skirt":
        return [ClothLayer("skirt", ease=0.008, slack=0.0, folds=0.010, dye=garment.legs_dye)]
    if not garment.legs:
        return []
    fabric = "denim" if garment.legs_dye != "colour" else ""
    top = min(_WAISTBAND, *(_hem(layer, body.person.masculinity < 0.5) + _TUCKED for layer in garment.layers))
    told = ClothLayer("close", region="legs", hem=top, ease=0.009, slack=0.0, folds=1.0, dye=garment.legs_dye)
    return [replace(told, fabric=fabric, habit="trousers")]


def _hem(layer: ClothLayer, woman: bool) -> float:
    """The template's height at which a layer ends."""
    if layer.hem is not None:
        return layer.hem
    name, _, part = (layer.women if layer.women and woman else layer.base).partition("/")
    return bases.lowest(name, part or "top") if part else _WAISTBAND


@dataclass
class _Tailor:
    """Dresses one body: what is on it so far."""

    outfit: Outfit
    body: Body
    name: str
    garment: Garment
    meshes: list[Mesh] = field(default_factory=list)
    below: list[tuple[str, draping.Under]] = field(default_factory=list)
    """What is on, and the mesh of the pack that it is of."""
    piece: Piece | None = None
    """The piece on top."""

    def add(self, layer: ClothLayer) -> None:
        """One more layer over what is on."""
        piece = self._cut(layer)
        if not len(piece.f):
            return
        legs, skirt = layer.base == "skirt" or layer.region == "legs", layer.base == "skirt"
        if layer.base in ("close", "skirt"):
            deepest = draping.FARTHEST if layer.region else _SPANNED.get(layer.sleeve, draping.FARTHEST)
            piece = draping.stretched(piece, self._ease(layer, piece), deepest)
        if layer.sleeve == "wide":
            piece = draping.sleeves_hung(piece)
        if not legs:
            piece = draping.hung(piece, layer.slack)
        if not legs and not layer.region:
            piece = draping.laid(piece, draping.skin_of(self.body), max(layer.lies, 0.003 + layer.ease))
        piece = self._over(piece, layer) if layer.base == "close" and not legs else piece
        piece = pieces.even(pieces.finer(piece, 1 if len(piece.f) < _FINE and not skirt else 0))
        worn = self._creases(layer, piece)
        piece = draping.folded(piece, worn.height, layer.folds) if not skirt else _pleated(piece, layer.folds)
        if layer.base in ("close", "skirt"):
            piece = pieces.even(piece, 4)
        piece = self._over(piece, layer)
        thick = 0.0025 if layer.region != "cuirass" else 0.004
        self.meshes.append(cloth_uv.mesh(pieces.hemmed(piece, thick), **self.look(layer), creases=worn.shade))
        if layer.base != "skirt":
            self.below.append((layer.base.partition("/")[0], draping.Under.of(piece.v, piece.normals, piece.arm)))
        if not legs:
            self.piece = piece
        up = {"hood"} if self.outfit.hat == "hood" else set()  # it is on the head, not on the back
        for name in (name for name in layer.sewn if name not in up):
            self.meshes += sewing.sewn(name, self, piece, self.look(layer))

    def _cut(self, layer: ClothLayer) -> Piece:
        """The layer's base, cut to its neckline, sleeves, hem and shape."""
        woman = self.body.person.masculinity < 0.5
        base = layer.women if layer.women and woman else layer.base
        piece = self._base(base)
        height = np.full(len(piece.v), 0.5)
        if layer.neck:
            height = cuts.both(height, cuts.NECKLINES[layer.neck](piece.rest))
        if layer.sleeve in cuts.SHOULDERS:
            hole = cuts.armhole(piece.rest, cuts.SHOULDERS[layer.sleeve])
            height = cuts.both(height, np.minimum(hole, 0.85 - piece.arm))
        elif layer.sleeve:
            height = np.minimum(
                height, cuts.sleeve(piece.rest, piece.arm, cuts.SLEEVES.get(layer.sleeve, cuts.WRIST_M))
            )
        if layer.hem is not None and layer.region != "legs":
            height = np.minimum(height, np.where(piece.arm > 0.4, 0.5, piece.rest[:, 2] - layer.hem))
        if base.endswith(("/shirt", "/tie")):
            tie = bases.tie_line(piece.rest)
            height = np.minimum(height, tie if base.endswith("/tie") else np.where(piece.rest[:, 2] < 0.2, 0.5, -tie))
        if layer.region == "legs":
            height = np.minimum(np.minimum(height, (layer.hem or _WAISTBAND) - piece.rest[:, 2]), 0.2 - piece.arm)
        elif layer.region:
            height = np.minimum(height, shapes.SHAPES[layer.region](piece.rest, piece.arm))
        return pieces.cut(piece, height)[0] if height.min() <= 0 else piece

    def _creases(self, layer: ClothLayer, piece: Piece) -> creases.Creased:
        """The same for every garment of its name."""
        habit = layer.habit or _HABITS.get(self._fabric(layer), "jacket")
        sleeves, s = piece.arm > 0.5, cuts.along_arm(piece.rest)
        torso = piece.rest[piece.arm < 0.3, 2]
        ends = (float(torso.min()) if len(torso) else 0.0, float(s[sleeves].max()) if sleeves.any() else 0.6)
        return creases.creased(habit, sum(map(ord, self.name)) + len(self.meshes), ends)

    def _fabric(self, layer: ClothLayer) -> str:
        return layer.fabric or self.outfit.fabric or self.garment.fabric

    def _base(self, base: str) -> Piece:
        if base == "close":
            return pieces.finer(bases.close(self.body), 1)
        if base == "skirt":
            return bases.skirt(self.body)
        name, _, part = base.partition("/")
        return bases.shipped(name, self.body, part or "top")

    def _ease(self, layer: ClothLayer, piece: Piece) -> Array:
        ease = np.full(len(piece.v), layer.ease)
        if layer.sleeve == "wide":
            s = cuts.along_arm(piece.rest)
            ease = ease + 0.022 * np.clip(s / 0.3, 0, 1) * np.clip(piece.arm, 0, 1)
        if layer.base == "skirt":
            ease = 0.001 + (layer.ease - 0.001) * np.clip((0.15 - piece.rest[:, 2]) / 0.10, 0, 1)
        if layer.region == "legs":  # their waistband is flat under what hangs over it
            ease = ease * np.clip(((layer.hem or _WAISTBAND) - piece.rest[:, 2]) / 0.06, 0.1, 1)
            ease = ease + _LOOSER * np.clip((0.06 - piece.rest[:, 2]) / 0.30, 0, 1)
        if (
            layer.sleeve == "none" and not layer.region and layer is self.garment.layers[0]
        ):  # straps and bare edges lie on the skin
            ease = ease - 0.009 * np.clip((piece.rest[:, 2] - 0.39) / 0.06, 0, 1)
        if layer.region and layer.region != "legs":
            ease = ease + shapes.relief(layer.region, piece.rest)
        return ease

    def _over(self, piece: Piece, layer: ClothLayer) -> Piece:
        """Clear of the skin and of every layer below."""
        own = layer.ease if "/" in layer.base else 0.0
        if "/" in layer.base and own:
            piece = pieces.moved(piece, piece.normals * own)
        piece = draping.clear(piece, draping.skin_of(self.body), 0.0025 + own)
        mesh, _, part = layer.base.partition("/")
        for other, under in self.below:
            if not part or other != mesh:  # parts of one mesh lie as they were modelled
                piece = draping.clear(piece, under, 0.0065)
        return piece

    def dye(self, which: str | RGB) -> RGB:
        """A colour of the outfit."""
        if which == "colour":
            return self.outfit.colour
        if which == "second":
            return self.outfit.second or self.garment.second or _deeper(self.outfit.colour)
        if which == "tie":
            return self.outfit.tie or self.outfit.second or (0.10, 0.012, 0.018)
        return which if isinstance(which, tuple) else WHITE

    def look(self, layer: ClothLayer) -> dict[str, Any]:
        """What the tracer is told of a layer's cloth."""
        own = self._fabric(layer)
        fabric = FABRICS.get(_OTHER_FABRICS.get(own, own), FABRICS["cotton"])
        if own == "sweat":
            fabric = replace(fabric, weave=0.10, sheen=0.5, thread=0.0009)
        info: dict[str, Any] = {"look": fabric, "colour": np.array(dyed(self.dye(layer.dye), own), np.float32)}
        if layer.dye == "colour":
            second = None if self.outfit.second is None else dyed(self.outfit.second, own)
            found = patterns.tile(self.outfit.pattern, dyed(self.outfit.colour, own), second, self.name)
            if found is not None:
                info |= {"tile": found[0], "tile_m": found[1], "colour": np.ones(3, np.float32)}
        if layer.region == "obi":
            info |= self._brocade(layer, own)
        shade = _shade(layer, self.body.person.masculinity < 0.5)
        return info | ({"map": shade} if shade is not None else {})

    def _brocade(self, layer: ClothLayer, fabric: str) -> dict[str, Any]:
        """Flowers woven into cloth of one dye, a lighter silk on a deeper one."""
        ground = dyed(_deeper(self.dye(layer.dye)), fabric)
        lighter = tuple(min(1.9 * channel + 0.03, 0.6) for channel in ground)
        found = patterns.tile("floral", ground, (lighter[0], lighter[1], lighter[2]), self.name)
        return {} if found is None else {"tile": found[0], "tile_m": found[1], "colour": np.ones(3, np.float32)}


def _deeper(colour: RGB) -> RGB:
    """Cloth of the same dye, a little darker."""
    red, green, blue = (0.75 * channel for channel in colour)
    return red, green, blue


def _pleated(piece: Piece, depth: float) -> Piece:
    """Folds that fall from the waist."""
    angle = np.arctan2(piece.rest[:, 0], -piece.rest[:, 1])
    fall = np.clip((0.17 - piece.rest[:, 2]) / 0.25, 0, 1)
    height = depth * fall * np.sin(angle * 11 + 1.3 * np.sin(3 * angle))
    return pieces.moved(piece, piece.normals * height[:, None])


def _shade(layer: ClothLayer, woman: bool) -> Array | None:
    """A picture of shaded creases that the colour is multiplied with; it never brightens, and its mean is near 1."""
    name = (layer.women if layer.women and woman else layer.base).partition("/")[0]
    return _shade_of(f"clothes-{name}")


@lru_cache(maxsize=16)
def _shade_of(name: str) -> Array | None:
    if assets.has(f"{name}-ao"):
        shade = 0.55 + 0.45 * np.clip(assets.picture(f"{name}-ao")[..., :1], 0, 1)
    elif "suit" in name and assets.has(f"{name}-diffuse"):  # lapels, darts and seams are painted in its cloth
        light = assets.picture(f"{name}-diffuse").mean(2, keepdims=True)
        shade = np.clip(gaussian_filter(light / np.median(light), (0.6, 0.6, 0)), 0.15, 1) ** 1.6
    else:
        return None
    return np.ascontiguousarray(np.broadcast_to(shade, (*shade.shape[:2], 3)), np.float32)
