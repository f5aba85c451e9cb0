"""Skin, cloth and plain things: what they are where a ray meets them, and how they send light on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.renderer.mesh import Mesh
from engine.renderer.tracing.noise import grain
from engine.renderer.tracing.textures import texel, tiled
from engine.renderer.tracing.vectors import PI, F, Floats, dot, unit

Values = Mapping[str, Floats]


@dataclass
class Surface:
    """Points to be lit; (3, N) or (N)."""

    position: Floats
    normal: Floats
    """Bent by pores, threads and folds."""
    true_normal: Floats
    """The mesh's own, to leave the surface by."""
    view: Floats
    albedo: Floats
    rough: Floats
    f0: Floats
    """Reflectance head on: (1, 1) for what isn't metal, (3, N) for what is."""
    gloss: float = 1.0
    soft: bool = False
    """Skin's two lobes, and light that goes through it."""
    sheen: float = 0.0
    """How much the fuzz of cloth shines at grazing angles."""
    silk: float = 0.0
    """How much of the gloss is drawn out along the threads."""
    mirror: float = 0.35
    """How much of the place is seen mirrored in it: polish."""


_TO_GRAZING = F(80)
"""In times the reflectance head on, how much grazing light is mirrored at most."""


def bent(normal: Floats, slope: Floats, strength: Floats | float) -> Floats:
    """A normal leant against a slope, without the part of it that points along the normal."""
    return unit(normal - strength * (slope - dot(slope, normal) * normal))


def most_mirrored(f0: Floats) -> Floats:
    """Reflectance at grazing angles: 1, but for what mirrors less head on than any dry skin, since hairs shade it."""
    return np.minimum(f0 * _TO_GRAZING, F(1))


def lobe(surface: Surface, way: Floats, rough: Floats) -> Floats:
    """GGX with Smith's shadowing and Schlick's Fresnel, for unit directions to light; without the cosine."""
    half = unit(way + surface.view)
    nh = np.clip(dot(surface.normal, half), 0, 1)
    nv = np.clip(dot(surface.normal, surface.view), F(0.02), 1)
    nl = np.clip(dot(surface.normal, way), F(0.01), 1)
    grazing = 1 - np.clip(dot(surface.view, half), 0, 1)
    a = rough * rough
    a2 = a * a
    spread = nh * nh * (a2 - 1) + 1
    k = a * F(0.5)
    shape = a2 * F(0.25) / (PI * spread * spread + F(1e-7)) / ((nv * (1 - k) + k) * (nl * (1 - k) + k) + F(1e-5))
    fifth = grazing * grazing
    fifth = fifth * fifth * grazing
    return shape * (surface.f0 + (most_mirrored(surface.f0) - surface.f0) * fifth)


def sent(surface: Surface, way: Floats) -> Floats:
    """What of light from `way` is mirrored to the view (3 or 1, N), without the cosine."""
    if surface.soft:
        return F(0.75) * lobe(surface, way, surface.rough * F(1.10)) + F(0.25) * lobe(
            surface, way, surface.rough * F(0.75)
        )
    if surface.silk:
        return F(1 - surface.silk) * lobe(surface, way, surface.rough) + F(surface.silk) * _drawn_out(surface, way)
    return lobe(surface, way, surface.rough)


def _drawn_out(surface: Surface, way: Floats) -> Floats:
    """Satin: a highlight that runs across the folds, by Kajiya and Kay's cosine about the threads."""
    thread = unit(np.stack((-surface.true_normal[1], surface.true_normal[0], 0.3 + 0 * surface.true_normal[0])))
    along = dot(thread, unit(way + surface.view))
    across = np.sqrt(np.clip(1 - along * along, 0, 1))
    sharp = across * across
    sharp *= sharp
    sharp *= sharp
    return (sharp * sharp * F(0.5)) * (surface.f0 + surface.albedo * F(0.35))


_ASKEW = np.array([[0.80, 0.36, 0.48], [-0.60, 0.48, 0.64], [0.0, -0.80, 0.60]], np.float32)
"""Turns the fine grain of skin against the coarse, so that neither repeats along a face."""
_LIP_LINES = np.array([[1.0], [0.45], [0.22]], np.float32)
"""Lips are furrowed from edge to edge: what varies fast across varies slowly down."""
_SKIN_F0 = F(0.028)
_LINED = 0.04
"""Less lined skin is taken to be smooth."""


def skin(mesh: Mesh, values: Values, position: Floats, view: Floats, normal: Floats) -> Surface:
    """Skin: photographed colour, pores and fine lines from noise that sticks to the body, lips with furrows.

    `wet` says how much a point is lip or moist rim, and how much the skin there shines.
    """
    rest = values.get("rest", position)
    albedo = texel(mesh.info["map"], values["uv"]) * values["tint"] + values["add"]
    wet, oil = values["wet"]
    dry = 1 - wet
    lines = F(mesh.info.get("lines", 0.0))
    depth = F(mesh.info.get("bump", 0.2))
    fine, pore = grain(_ASKEW @ rest, 0.00024)
    broad, relief = grain(rest * np.array([[1 - 0.5 * lines], [1.0], [1.0]], np.float32), 0.00055)
    furrow, groove = grain(rest * _LIP_LINES, 0.00042)
    pits = np.maximum(pore - F(0.6), 0) + F(0.6) * np.maximum(relief - F(0.8), 0)
    spread = depth * (F(0.13) * relief + F(0.24) * pore - F(0.45) * pits)
    albedo = albedo * (1 + dry * spread - F(0.06) * wet * np.maximum(groove, 0))
    albedo[1:] *= 1 + F(0.012) * relief
    shading = bent(normal, fine, depth * F(0.50) * dry)
    shading = bent(shading, broad, depth * (F(0.28) + F(0.5) * lines) * dry)
    if lines > _LINED:
        shading = bent(shading, _folds(mesh, rest), float(lines))
    shading = bent(shading, furrow * _LIP_LINES, F(0.16) * wet)
    rough = F(mesh.info.get("rough", 0.46)) - F(0.07) * oil - F(0.10) * wet + F(0.03) * np.clip(relief, -1, 1)
    strength = (F(0.45) + F(0.62) * oil + F(0.50) * wet) * np.clip(1 - F(1.4) * depth * dry * pits, F(0.25), 1)
    return Surface(
        position, shading, normal, view, albedo, np.clip(rough, F(0.2), 1), (_SKIN_F0 * strength)[None],
        gloss=0.85 * float(mesh.info.get("gloss", 1.0)), soft=True, mirror=0.38,
    )  # fmt: skip


def _folds(mesh: Mesh, rest: Floats) -> Floats:
    """How wrinkles slope (3, N) at the template's positions: only on the front, which is what they were drawn for."""
    left, low, right, high = mesh.info["folds_box"]
    at = np.stack([(rest[0] - F(left)) / F(right - left), (rest[2] - F(low)) / F(high - low)])
    shown = (rest[1] < F(-0.075)) & ((at > 0) & (at < 1)).all(0)
    across, up = texel(mesh.info["folds"], at) * shown
    return np.stack([across, np.zeros_like(across), up])


@dataclass(frozen=True)
class Fabric:
    """How cloth takes light. Sizes in metres, the rest shares."""

    thread: float = 0.0005
    weave: float = 0.035
    """How much threads bend the normal."""
    fold: float = 0.08
    mottle: float = 0.02
    """How uneven the colour is from thread to thread."""
    rough: float = 0.75
    f0: float = 0.03
    gloss: float = 0.5
    sheen: float = 0.22
    silk: float = 0.0
    metal: bool = False
    mirror: float = 0.0
    """How much of the place is seen in it at grazing angles: none in what is rough."""
    weave_of: str = ""
    """knit, cable, rib, twill, cord, rings, lace: threads that are seen one by one; "" is a grain."""
    stitch: float = 0.004
    """Width of one of those, in metres."""


_KNIT = Fabric(thread=0.0008, weave=0.22, mottle=0.03, rough=0.9, gloss=0.2, sheen=0.5, weave_of="knit", stitch=0.0046)

FABRICS: dict[str, Fabric] = {
    "cotton": Fabric(),
    "jersey": Fabric(thread=0.0006, rough=0.8, gloss=0.35, sheen=0.3),
    "linen": Fabric(thread=0.0009, weave=0.08, mottle=0.045, sheen=0.2),
    "wool": Fabric(thread=0.0009, weave=0.06, mottle=0.03, rough=0.9, gloss=0.25, sheen=0.5),
    "knit": _KNIT,
    "fine knit": replace(_KNIT, weave=0.16, stitch=0.0026),
    "cable knit": replace(_KNIT, weave=0.36, weave_of="cable", stitch=0.0052),
    "rib": replace(_KNIT, weave=0.36, weave_of="rib", stitch=0.0050),
    "denim": Fabric(thread=0.0007, weave=0.14, mottle=0.05, rough=0.85, gloss=0.3, weave_of="twill", stitch=0.0022),
    "corduroy": replace(_KNIT, weave=0.45, sheen=1.0, weave_of="cord", stitch=0.0045),
    "leather": Fabric(thread=0.0012, weave=0.05, mottle=0.02, rough=0.44, f0=0.04, gloss=0.8, sheen=0.0, mirror=0.25),
    "silk": Fabric(
        thread=0.0004, weave=0.02, mottle=0.008, rough=0.58, f0=0.04, gloss=0.42, sheen=0.35, silk=0.55, mirror=0.03
    ),
    "satin": Fabric(
        thread=0.0004, weave=0.012, mottle=0.006, rough=0.44, f0=0.045, gloss=0.75, sheen=0.2, silk=0.65, mirror=0.10
    ),
    "velvet": Fabric(thread=0.0006, weave=0.05, mottle=0.02, rough=0.95, gloss=0.1, sheen=2.2),
    "lace": Fabric(thread=0.0014, weave=0.30, mottle=0.06, sheen=0.2, weave_of="lace", stitch=0.012),
    "nylon": Fabric(thread=0.0005, weave=0.02, mottle=0.005, rough=0.50, f0=0.04, gloss=0.8, sheen=0.1, mirror=0.2),
    "rubber": Fabric(thread=0.0009, weave=0.01, mottle=0.005, rough=0.3, f0=0.045, gloss=1.0, sheen=0.0, mirror=0.3),
    "canvas": Fabric(thread=0.0008, weave=0.05, mottle=0.02, rough=0.85, gloss=0.25, sheen=0.2),
    "metal": Fabric(thread=0.0026, weave=0.05, mottle=0.04, rough=0.40, f0=0.6, gloss=1.0, sheen=0.0, metal=True),
    "mail": Fabric(
        thread=0.0010, weave=0.55, mottle=0.10, rough=0.42, f0=0.5, gloss=1.0, sheen=0.0, metal=True,
        weave_of="rings", stitch=0.0060,
    ),
    "sequins": Fabric(
        thread=0.0010, weave=0.55, mottle=0.15, rough=0.22, f0=0.6, gloss=1.0, sheen=0.0, metal=True,
        weave_of="rings", stitch=0.0050,
    ),
}  # fmt: skip
"""Cloth by name; unknown names are cotton."""


def cloth(mesh: Mesh, values: Values, position: Floats, view: Floats, normal: Floats) -> Surface:
    """Cloth of a fabric: threads, fuzz, or a sheet of metal. The mesh has the folds."""
    fabric = mesh.info.get("look") or FABRICS.get(str(mesh.info.get("fabric", "")), FABRICS["cotton"])
    place = values.get("rest", position)
    albedo = _painted(mesh, values, position)
    grained, thread = grain(place, fabric.thread)
    shading = bent(normal, grained, fabric.weave if not fabric.weave_of else 0.04)
    shade: Floats = F(0.6 * fabric.mottle) * np.clip(grain(place, fabric.thread * 6)[1], -2, 2)
    creases = mesh.info.get("creases")
    if creases is not None:
        across, up, deep = texel(creases, values["crease"])
        along = unit(values["along"])
        shading = bent(shading, across * along + up * np.cross(normal, along, axis=0), 1.0)
        shade -= deep
    if fabric.weave_of and "chart" in values:
        across, up, dark = woven(fabric.weave_of, values["chart"] * F(1 / fabric.stitch))
        shade += dark
        along = unit(values["along"])
        slope = across * along + up * np.cross(normal, along, axis=0)
        shading = bent(shading, slope, fabric.weave)
    albedo = albedo * (1 + F(fabric.mottle) * np.clip(thread, -2, 2)) * (1 + shade)
    f0 = albedo.copy() * F(fabric.f0 / 0.6) if fabric.metal else np.full((1, 1), fabric.f0, np.float32)
    rough = np.full(position.shape[1], fabric.rough, np.float32)
    return Surface(
        position, shading, normal, view, albedo * F(0.16) if fabric.metal else albedo, rough, f0,
        gloss=fabric.gloss, sheen=fabric.sheen, silk=fabric.silk, mirror=0.4 if fabric.metal else fabric.mirror,
    )  # fmt: skip


def woven(kind: str, at: Floats) -> tuple[Floats, Floats, Floats]:
    """Slopes across and up of threads seen one by one, and how much they darken (about 0), at (2, N) in stitches."""
    x, y = at
    turn, none = F(2 * PI), np.zeros_like(x)
    if kind == "rib":
        return np.sin(x * turn), none, F(0.16) * np.cos(x * turn)
    if kind == "cord":
        return np.sin(x * turn), none, F(0.22) * np.cos(x * turn)
    if kind == "twill":
        wave = np.sin((x + y * F(0.6)) * turn)
        return wave, F(0.6) * wave, F(0.12) * np.cos((x + y * F(0.6)) * turn)
    if kind in ("rings", "lace"):
        x = x + F(0.5) * (np.floor(y) % 2)
        u, v = x - np.floor(x) - F(0.5), y - np.floor(y) - F(0.5)
        radius = np.sqrt(u * u + v * v) + F(1e-4)
        wave = np.sin(radius * turn * F(1.6))
        return wave * u / radius, wave * v / radius, F(0.25) * np.cos(radius * turn * F(1.6) - F(1.2))
    # stitches lean to the left and to the right by turns: a chain of V
    leg = np.abs(x - np.floor(x) - F(0.5)) * 2
    phase = (y * F(1.25) - leg * F(0.55)) * turn
    edge = np.sign(x - np.floor(x) - F(0.5)) * (leg - F(0.5)) * F(2.0)
    across, up, dark = F(0.9) * edge, F(0.8) * np.sin(phase), F(0.10) * np.cos(phase) - F(0.10) * (leg > F(0.9))
    if kind == "cable":
        wide = x * F(1 / 7)
        sway = np.sin(y * turn / 9) * F(0.18)
        inside = np.abs(wide - np.floor(wide) - F(0.5)) + 0 * y
        rope = np.sin((wide * 4 + sway * np.sign(np.sin(wide * turn)) * 2) * turn)
        roped = (inside < F(0.36)).astype(np.float32)
        across = across * F(0.5) + roped * rope * F(0.9)
        dark = dark - F(0.14) * roped * np.clip(rope * rope - F(0.6), 0, 1)
    return across, up, dark


def plain(mesh: Mesh, values: Values, position: Floats, view: Floats, normal: Floats) -> Surface:
    """Plastic, teeth, metal of frames and jewellery: `rough`, `f0` and `metal` are in the mesh's info."""
    albedo = _painted(mesh, values, position)
    metal = bool(mesh.info.get("metal", False))
    f0 = albedo if metal else np.full((1, 1), mesh.info.get("f0", 0.05), np.float32)
    rough = np.full(position.shape[1], mesh.info.get("rough", 0.25), np.float32)
    base = albedo * F(0.05) if metal else albedo
    return Surface(position, normal, normal, view, base, rough, f0, mirror=0.8 if metal else 0.5)


def _painted(mesh: Mesh, values: Values, position: Floats) -> Floats:
    """The mesh's colour, times its colours a vertex, times its picture (`repeat` times over if it tiles), under ink.

    Ink is `print` (H, W, 4: colour and cover) where a vertex's own `print` coordinates are between 0 and 1.
    """
    colour = np.asarray(mesh.info.get("colour", (1.0, 1.0, 1.0)), np.float32).reshape(3, 1)
    albedo = np.broadcast_to(colour, position.shape) * values.get("colour", F(1))
    picture = mesh.info.get("map")
    if picture is not None:
        repeat: Any = mesh.info.get("repeat")
        uv = values["uv"]
        found = texel(picture, uv) if repeat is None else tiled(picture, (uv * F(repeat)) % F(1))
        albedo = albedo * found[:3]
    tile = mesh.info.get("tile")
    if tile is not None and "chart" in values:
        size = np.asarray(mesh.info["tile_m"], np.float32).reshape(2, 1)
        albedo = albedo * tiled(tile, (values["chart"] / size) % F(1))
    printed = mesh.info.get("print")
    if printed is not None:
        ink, uv = texel(printed, values["print"]), values["print"]
        cover = ink[3] * ((uv > 0) & (uv < 1)).all(0)
        albedo = albedo * (1 - cover) + ink[:3] * cover
    return np.clip(albedo, 0, F(0.95)).astype(np.float32)


SURFACES: dict[str, Callable[[Mesh, Values, Floats, Floats, Floats], Surface]] = {
    "skin": skin,
    "cloth": cloth,
    "plain": plain,
}
