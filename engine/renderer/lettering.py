"""Words in the picture, spelled as they are: on a badge, a shirt, a hat, a sign beside the sitter, a wall behind.

They are drawn with the typeface that comes with Pillow (Aileron, CC0) and lie on things in the studio, so that light,
perspective and the lens treat them as everything else.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from engine.renderer import accessories, body, hats, heads
from engine.renderer.camera import FRAMINGS, Optics
from engine.renderer.geometry import Array
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB, Lettering, Scene, Sitter
from engine.renderer.tracing.embree import RayScene
from engine.renderer.wardrobe import parts

_NEEDS: Final = {
    "badge": "bust",
    "shirt": "bust",
    "hat": "head and shoulders",
    "sign": "bust",
    "wall": "bust",
}
"""The closest framing that shows the words."""
_ASIDE: Final = {"bust": 0.12, "half length": 0.07}
"""How far aside, as a share of the picture's width, the camera goes to have room for words beside a head."""
_BADGE_M: Final = (0.094, 0.050)
_BADGE_SEEN: Final = 0.15
"""The least share of the picture's width that a badge takes: one that is read from afar is a larger one."""
_BADGE_MOST_M: Final = 0.135
_PRINT_M: Final = (0.215, 0.120)
"""The most that words on a shirt take, and where their middle is on the template."""
_PRINT_Z: Final = 0.434
_BEHIND_M: Final = {"sign": 0.06, "wall": 0.32}
_POST_BEHIND_M: Final = 0.17
"""A sign's post stands behind the shoulder."""
_STOPPED_DOWN: Final = {"sign": 5.6, "wall": 9.0}
"""The least f-number at which words that lie behind the eyes are sharp."""
_BESIDE_HEAD_M: Final = 0.115
_LEAST_ROOM_M: Final = 0.09
_FREE_M: Final = 0.012
"""How far hair is kept from words."""
_SWEPT_M: Final = 0.10
"""How far above words hair begins to fall aside of them."""
_FILLED: Final = (0.88, 0.76)
"""How much of a page's width and height words may fill."""
_SIGN_MOST_M: Final = 0.34
_TEXELS: Final = 640
"""Along a text's wider side."""
INK: Final[RGB] = (0.012, 0.012, 0.014)
PAPER: Final[RGB] = (0.78, 0.78, 0.76)


def fits(scene: Scene) -> Scene:
    """The scene framed so that all of its words are read: widely enough, stopped down, with room beside a head."""
    least = max((_STOPPED_DOWN.get(one.on, 0.0) for one in scene.lettering), default=0.0)
    if scene.camera.f_number < least:
        scene = replace(scene, camera=replace(scene.camera, f_number=least))
    scene = _widened(scene)
    if any(one.on in _BEHIND_M for one in scene.lettering) and len(scene.sitters) == 1:
        aside = _ASIDE.get(scene.camera.framing, 0.0)
        scene = replace(scene, camera=replace(scene.camera, aside=max(aside, scene.camera.aside)))
    return scene


def _widened(scene: Scene) -> Scene:
    order = list(FRAMINGS)
    at = order.index(scene.camera.framing) if scene.camera.framing in order else 2
    needed = max((order.index(_NEEDS.get(one.on, "half length")) for one in scene.lettering), default=0)
    if needed <= at:
        return scene
    return replace(scene, camera=replace(scene.camera, framing=order[needed]))


def added(scene: Scene, sitter: Sitter, shift: Array, meshes: Sequence[Mesh], optics: Optics) -> list[Mesh]:
    """The sitter's meshes with the scene's words on them and beside them; `shift` is where the sitter sits."""
    made = list(meshes)
    for one in scene.lettering:
        if one.words.strip():
            made = _PUT.get(one.on, _sign)(one, sitter, np.asarray(shift, float), made, optics)
    return made


def _badge(one: Lettering, sitter: Sitter, shift: Array, meshes: list[Mesh], optics: Optics) -> list[Mesh]:
    worn = [replace(mesh, v=mesh.v - shift) for mesh in meshes if mesh.kind == "cloth"]
    wide = float(np.clip(_BADGE_SEEN * _across(optics), _BADGE_M[0], _BADGE_MOST_M))
    size = (wide, wide * _BADGE_M[1] / _BADGE_M[0])
    face = _page(one.words, size, PAPER, INK)
    plate = accessories.plate(
        body.build(sitter.person, sitter.pose), worn, 0.078, 0.425, size,
        colour=np.ones(3, np.float32), map=face, rough=0.6,
    )  # fmt: skip
    kept = [mesh for mesh in meshes if mesh.info.get("badge") is None]
    if plate is None:
        return kept
    plate = replace(plate, v=plate.v + shift)
    return [*_swept(kept, np.asarray(plate.v, float)), plate]


def _across(optics: Optics) -> float:
    """Metres that an upright 2:3 picture shows across where the sitter is; wider ones show more."""
    return optics.view * 2 / 3


def _shirt(one: Lettering, sitter: Sitter, shift: Array, meshes: list[Mesh], optics: Optics) -> list[Mesh]:
    """Printed on the cloth that is outermost on the chest."""
    del sitter, shift, optics
    chest = [k for k, mesh in enumerate(meshes) if mesh.kind == "cloth" and _covers_chest(mesh)]
    if not chest:
        return meshes
    outer = min(chest, key=lambda k: _chest_front(meshes[k]))
    mesh = meshes[outer]
    colour = np.asarray(mesh.info.get("colour", (0.5, 0.5, 0.5)), float)
    ink = INK if colour.mean() > 0.16 and "tile" not in mesh.info else PAPER
    here = mesh.v[_on_chest(mesh)]
    place = (mesh.v - (here.min(0) + here.max(0)) / 2)[:, [0, 2]] / _PRINT_M + 0.5
    place[mesh.extra["rest"][:, 1] > -0.03] = -9.0  # not on the back
    inked = replace(
        mesh, info=mesh.info | {"print": _ink(one.words, _PRINT_M, ink)}, extra=mesh.extra | {"print": place}
    )
    under = np.asarray(mesh.v[(np.abs(place - 0.5) < 0.5).all(1)], float)
    return _swept([inked if k == outer else m for k, m in enumerate(meshes)], under)


def _swept(meshes: list[Mesh], page: Array) -> list[Mesh]:
    """Hair laid aside of the words whose page has these points (N, 3): as somebody does who wants them to be read."""
    if not len(page):
        return meshes
    low, high = page.min(0), page.max(0)
    middle, half = (low[0] + high[0]) / 2, (high[0] - low[0]) / 2 + _FREE_M
    made = []
    for mesh in meshes:
        if mesh.kind == "fibre":
            off = mesh.v[:, 0] - middle
            away = np.clip((high[2] + _SWEPT_M - mesh.v[:, 2]) / _SWEPT_M, 0, 1)
            away *= away * (3 - 2 * away) * (mesh.v[:, 1] < high[1] + _SWEPT_M)
            aside = np.maximum(half + 0.3 * np.abs(off) - np.abs(off), 0) * np.where(off < 0, -1, 1)
            moved = mesh.v.copy()
            moved[:, 0] += (away * aside).astype(mesh.v.dtype)
            mesh = replace(mesh, v=moved)
        made.append(mesh)
    return made


def _ink(words: str, size: tuple[float, float], ink: RGB) -> Array:
    """A picture (H, W, 4) of words in room of `size` metres: the ink's colour, and how much it covers."""
    cover = _cover(words, size)
    colour = np.broadcast_to(np.array(ink, np.float32), (*cover.shape, 3))
    return np.ascontiguousarray(np.concatenate([colour, cover[..., None]], 2), np.float32)


def _on_chest(mesh: Mesh) -> Array:
    rest = mesh.extra.get("rest")
    if rest is None:
        return np.zeros(len(mesh.v), bool)
    return np.asarray((np.abs(rest[:, 0]) < 0.09) & (np.abs(rest[:, 2] - _PRINT_Z) < 0.05) & (rest[:, 1] < -0.06))


def _covers_chest(mesh: Mesh) -> bool:
    rest = mesh.extra.get("rest")
    if rest is None:
        return False
    here = _on_chest(mesh)
    return bool(here.sum() > 40 and np.ptp(rest[here, 0]) > 0.12 and (np.abs(rest[here, 0]) < 0.03).sum() > 5)


def _chest_front(mesh: Mesh) -> float:
    return float(mesh.v[_on_chest(mesh), 1].mean())


def _hat(one: Lettering, sitter: Sitter, shift: Array, meshes: list[Mesh], optics: Optics) -> list[Mesh]:
    """Over the brow, on the hat; on a sign where there is none."""
    if not sitter.outfit.hat:
        return _sign(one, sitter, shift, meshes, optics)
    built = body.build(sitter.person, sitter.pose)
    head, worn = heads.head(built), hats.hat(sitter.outfit, built)
    rays = RayScene()
    for mesh in worn:
        rays.add_triangles(mesh.v.astype(np.float32), mesh.f)
    rays.commit()
    u, v = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 17), indexing="ij")
    around, up = (u - 0.5) * 72, 32 + v * 25
    ways = heads.way(around, up).reshape(-1, 3) @ head.turn.T
    hits = rays.first((head.centre + ways * 0.4).T.astype(np.float32), (-ways).T.astype(np.float32))
    far = np.where(hits.geometry >= 0, 0.4 - np.minimum(hits.distance, 1), np.nan)
    far = np.where(np.isnan(far), np.nanmedian(far), far) if np.isfinite(far).any() else np.full(len(far), 0.12)
    far = gaussian_filter(far.reshape(u.shape), 2.0, mode="nearest").reshape(-1)
    # the patch is sewn flat onto the hat: its border lies within it
    border = np.minimum(np.minimum(u, 1 - u) * 2.4, np.minimum(v, 1 - v)).reshape(-1)
    points = (head.centre + ways * (far + np.clip(border * 0.03, 0, 0.0032) - 0.0014)[:, None]).reshape(*u.shape, 3)
    size = (
        float(np.linalg.norm(np.diff(points[:, 8], axis=0), axis=1).sum()),
        float(np.linalg.norm(np.diff(points[20], axis=0), axis=1).sum()),
    )
    colour = np.asarray(worn[0].info["colour"], float)
    paper = (float(colour[0]), float(colour[1]), float(colour[2]))
    page = _page(one.words, size, paper, INK if colour.mean() > 0.16 else PAPER)
    told: dict[str, Any] = {
        "colour": np.ones(3, np.float32),
        "map": page,
        "look": worn[0].info.get("look"),
        "rough": 0.5,
    }
    patch = parts.sheet(points + shift, np.stack([u, v], -1) * 0.1, out=points - head.centre, **told)
    patch.extra["uv"] = np.stack([u, v], -1).reshape(-1, 2)
    return [*meshes, patch]


def _sign(one: Lettering, sitter: Sitter, shift: Array, meshes: list[Mesh], optics: Optics) -> list[Mesh]:
    """A board on a post, beside the head and a little behind it."""
    centre, right, up, room = _beside(sitter, shift, meshes, optics, _BEHIND_M["sign"])
    wide = min(room, _SIGN_MOST_M)
    size = (wide, wide * _tallness(one.words))
    page = _framed(_page(one.words, size, PAPER, INK))
    told: dict[str, Any] = {"colour": np.ones(3, np.float32), "map": page, "rough": 0.6}
    board = accessories.board(centre, right, up, size, **told)
    back = np.cross(up, right)
    post = parts.tube(
        centre + back * _POST_BEHIND_M - up * np.linspace(0, 1.5, 12)[:, None], 0.011, kind="plain",
        colour=np.array((0.16, 0.10, 0.06), np.float32), rough=0.7,
    )  # fmt: skip
    return [*meshes, board, post]


def _wall(one: Lettering, sitter: Sitter, shift: Array, meshes: list[Mesh], optics: Optics) -> list[Mesh]:
    """Painted on a wall right behind."""
    centre, right, up, room = _beside(sitter, shift, meshes, optics, _BEHIND_M["wall"])
    size = (room, room * _tallness(one.words))
    depth = float((centre - optics.eye) @ optics.forward)
    middle = optics.eye + optics.forward * depth
    plaster = np.array((0.40, 0.37, 0.33), np.float32)
    wall = accessories.board(middle - np.cross(right, up) * 0.001, right, up, (3.0, 3.0), colour=plaster, rough=0.9)
    offset = wall.v - centre
    place = np.stack([offset @ right / size[0], offset @ up / size[1]], 1) + 0.5
    told = wall.info | {"print": _ink(one.words, size, (0.03, 0.05, 0.12))}
    return [*meshes, replace(wall, info=told, extra=wall.extra | {"print": place})]


def _beside(
    sitter: Sitter, shift: Array, meshes: Sequence[Mesh], optics: Optics, behind: float
) -> tuple[Array, Array, Array, float]:
    """The middle, the two directions and the width of the free room on the viewer's right of a head and its hair."""
    eyes = body.eyes_middle(sitter.person, sitter.pose) + shift - optics.eye
    right, up = optics.right, optics.up
    near = float(eyes @ optics.forward)
    depth = near + behind
    half = optics.height * depth / 3  # pictures are 2:3 upright; wider ones have more room
    edge = max(float(eyes @ right) + _BESIDE_HEAD_M, _hair_edge(meshes, optics, float(eyes @ up)) + _FREE_M)
    start = min(edge * depth / near, half - _LEAST_ROOM_M)
    room = half - start
    centre = optics.eye + optics.forward * depth + right * (start + room * 0.49)
    level = float(eyes @ up) * depth / near + 0.03
    return np.asarray(centre + up * level), right, up, room * 0.90


def _hair_edge(meshes: Sequence[Mesh], optics: Optics, level: float) -> float:
    """How far to the viewer's right hair reaches beside a face, in metres from the picture's middle."""
    far = [-1.0]
    for mesh in meshes:
        if mesh.kind == "fibre" and len(mesh.v):
            off = mesh.v - optics.eye
            beside = off[np.abs(off @ optics.up - level - 0.03) < _BESIDE_HEAD_M]
            if len(beside):
                far.append(float(np.quantile(beside @ optics.right, 0.995)))
    return max(far)


def _tallness(words: str) -> float:
    """Height over width of the room that words want: more lines for more words."""
    return float(np.clip(0.34 * len(words.split()), 0.42, 1.2))


def _framed(page: Array) -> Array:
    """A page with a thin dark border."""
    edge = max(3, round(0.012 * max(page.shape[:2])))
    framed = page.copy()
    for part in (np.s_[:edge], np.s_[-edge:], np.s_[:, :edge], np.s_[:, -edge:]):
        framed[part] = INK
    return framed


def _page(words: str, size: tuple[float, float], paper: RGB, ink: RGB) -> Array:
    """A picture (H, W, 3) in linear light of words on paper of `size` metres."""
    cover = _cover(words, size)[..., None]
    return np.ascontiguousarray(np.array(paper) * (1 - cover) + np.array(ink) * cover, np.float32)


@lru_cache(maxsize=16)
def _cover(words: str, size: tuple[float, float]) -> Array:
    """How much ink lies at each texel (H, W), the words as large as they go, over as many lines as that takes."""
    scale = _TEXELS / max(size)
    width, height = max(8, round(size[0] * scale)), max(8, round(size[1] * scale))
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    text, font_size = _set(draw, words, width * _FILLED[0], height * _FILLED[1])
    left, top, right, bottom = _box(draw, text, font_size)
    middle = ((width - left - right) / 2, (height - top - bottom) / 2)  # of the ink: capitals have no descenders
    draw.multiline_text(middle, text, 255, **_type(font_size))
    return np.asarray(image, np.float32) / 255


def _type(font_size: int) -> dict[str, Any]:
    return {
        "font": ImageFont.load_default(font_size), "align": "center", "spacing": font_size * 0.22,
        "stroke_width": _stroke(font_size),
    }  # fmt: skip


def _box(draw: ImageDraw.ImageDraw, text: str, font_size: int) -> tuple[float, float, float, float]:
    """Where ink lies (left, top, right, bottom) of lines that are set at (0, 0)."""
    return draw.multiline_textbbox((0, 0), text, **_type(font_size))


def _stroke(font_size: float) -> int:
    """Makes the regular weight bold."""
    return max(0, round(font_size / 34))


def _set(draw: ImageDraw.ImageDraw, words: str, width: float, height: float) -> tuple[str, int]:
    """The breaking into lines that lets letters be largest, and their size."""
    best = ("", 0)
    for text in _breakings(words.split()):
        low, high = 4, 600
        while low < high:
            middle = (low + high + 1) // 2
            box = _box(draw, text, middle)
            fits_in = box[2] - box[0] <= width and box[3] - box[1] <= height
            low, high = (middle, high) if fits_in else (low, middle - 1)
        if low > best[1]:
            best = (text, low)
    return best


def _breakings(words: list[str]) -> list[str]:
    """Words over one to six lines, as even as can be."""
    found = []
    for lines in range(1, min(len(words), 6) + 1):
        target = sum(len(word) + 1 for word in words) / lines
        rows: list[str] = [""]
        for k, word in enumerate(words):
            longer = f"{rows[-1]} {word}".strip()
            left = len(words) - k
            if rows[-1] and len(rows) < lines and (len(longer) > target + 1 or left <= lines - len(rows)):
                rows.append(word)
            else:
                rows[-1] = longer
        found.append("\n".join(rows))
    return found or [""]


_PUT: Final = {"badge": _badge, "shirt": _shirt, "hat": _hat, "sign": _sign, "wall": _wall}
