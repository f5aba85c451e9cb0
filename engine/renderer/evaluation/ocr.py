"""Words in pictures, read by the `tesseract` command where it is installed: in the place where the scene has them."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from engine.renderer import camera, sitting
from engine.renderer import lettering as letters
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Scene

Picture = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float64]

COMMAND: Final = "tesseract"
_LIMIT_S: Final = 60.0
_ENLARGED: Final = (2, 4)
_CLOSE: Final = 6
_LOOKED_AT: Final = 14
_LAYOUTS: Final = ("11", "6")
"""tesseract's page segmentation: words anywhere, and one block of them."""
_PAGE_LAYOUTS: Final = ("7", "6", "8")
"""One line, one block, one word."""
_PAGE_ROWS: Final = (150, 90)
"""How high a page is made before it is read: letters of 30 to 90 pixels."""
_ROOM: Final = {"print": 1.12, "uv": 0.94}
"""How much of a page is looked at: cloth gives way round a print, and a board's edge is read as a letter."""
_HAIR: Final = 0.4
"""The share of hair that is grown to know where a sign is beside it."""
_PLAIN: Final = re.compile(r"[^A-Z0-9]+")


def missing() -> str:
    """Why words cannot be read here; "" when they can."""
    return "" if shutil.which(COMMAND) else f"the {COMMAND} command is not installed"


def same(told: str, asked: str) -> bool:
    """Whether the asked words were read one after the other, whatever case, spaces, stops, and specks between lines."""
    rest = _plain(told)
    for word in asked.split():
        _, found, rest = rest.partition(_plain(word))
        if not found:
            return False
    return True


def read(picture: Picture, asked: str, pages: Sequence[Corners] = ()) -> str:
    """What stands in a picture (H, W, 3): the first reading that has the asked words, or else the longest one.

    With `pages`, what stands on them, each laid flat; else the picture is looked at whole and in parts. Either way in
    several sizes, and as a negative: as a person steps closer.
    """
    longest = ""
    for part, layout in _flat(picture, pages) if len(pages) else product(_parts(picture), _LAYOUTS):
        told = " ".join(_read(part, layout).split())
        if same(told, asked):
            return told
        longest = max(longest, told, key=len)
    return longest


def pages(scene: Scene, size: tuple[int, int]) -> list[Corners]:
    """Where a picture of `size` has the scene's words: corners (4, 2) in pixels, from the page's upper left round."""
    scene = letters.fits(scene)
    seats = [sitting.seat(sitter) for sitter in scene.sitters]
    eyes = np.mean([seat.eyes for seat in seats], axis=0)
    optics = camera.aim(scene.camera, eyes, size, len(seats))
    bare = [mesh for seat in seats for mesh in seat.meshes(optics.eye, _HAIR, sitting.shows_legs(optics, seat.eyes))]
    found = []
    for one in scene.lettering:
        alone = replace(scene, lettering=(one,))
        made = letters.added(alone, seats[0].sitter, seats[0].shift, bare, optics)
        found += [_corners(mesh, optics, size) for mesh in made if _is_page(mesh, bare)]
    return found


def _is_page(mesh: Mesh, bare: Sequence[Mesh]) -> bool:
    new = all(mesh is not other for other in bare)
    return new and mesh.kind != "fibre" and ("print" in mesh.info or mesh.info.get("map") is not None)


def _corners(mesh: Mesh, optics: camera.Optics, size: tuple[int, int]) -> Corners:
    name = "print" if "print" in mesh.info else "uv"
    place = mesh.extra[name]
    near = (np.abs(place - 0.5) < 0.6).all(1)
    near = near if near.sum() > 3 else np.ones(len(place), bool)  # a wall's corners are far from its words
    plane = np.linalg.lstsq(np.c_[place, np.ones(len(place))][near], mesh.v[near], rcond=None)[0]
    turns = np.array(((-1, 1), (1, 1), (1, -1), (-1, -1))) * _ROOM[name] / 2 + 0.5
    return np.array([optics.shown(np.array((*corner, 1.0)) @ plane, size) for corner in turns])


def _flat(picture: Picture, pages: Sequence[Corners]) -> Iterator[tuple[Image.Image, str]]:
    """Pages as if they lay before us, in two sizes, each as it is and as a negative, with how they may be set."""
    whole = Image.fromarray(picture).convert("L")
    for corners, rows in product(pages, _PAGE_ROWS):
        wide = np.linalg.norm(corners[1] - corners[0]) / max(float(np.linalg.norm(corners[3] - corners[0])), 1.0)
        quad = corners[[0, 3, 2, 1]].reshape(-1).tolist()  # PIL goes round the other way
        size = (round(rows * float(wide)), rows)
        large = ImageOps.autocontrast(whole.transform(size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC), 1)
        yield from product((large, ImageOps.invert(large)), _PAGE_LAYOUTS)


def _parts(picture: Picture) -> Iterator[Image.Image]:
    """The whole, then what looks most like writing, each as it is and as a negative."""
    whole = Image.fromarray(picture).convert("L")
    for times in _ENLARGED:
        yield from _both(whole, times)
    for box in _written(np.asarray(whole, float)):
        yield from _both(whole.crop(box), _CLOSE)


def _both(part: Image.Image, times: int) -> Iterator[Image.Image]:
    large = part.resize((part.width * times, part.height * times), Image.Resampling.BICUBIC)
    large = ImageOps.autocontrast(large, 1)
    yield large
    yield ImageOps.invert(large)


def _written(grey: npt.NDArray[np.float64]) -> list[tuple[int, int, int, int]]:
    """Parts (left, top, right, bottom) of a grey picture with the most upright strokes, no two the same."""
    height, width = grey.shape
    tall, wide = height // 8, width // 3
    strokes = np.minimum(np.abs(np.diff(grey, axis=1)), 60) ** 2
    found = [
        (float(strokes[top : top + tall, left : left + wide].mean()), (left, top, left + wide, top + tall))
        for top in range(0, height - tall + 1, tall // 2)
        for left in range(0, width - wide + 1, wide // 3)
    ]
    return [box for _, box in sorted(found, reverse=True)[:_LOOKED_AT]]


def _read(part: Image.Image, layout: str) -> str:
    raw = io.BytesIO()
    part.save(raw, "PNG", compress_level=1)
    command = [COMMAND, "stdin", "stdout", "--psm", layout, "-l", "eng"]
    told = subprocess.run(  # noqa: S603  # fixed words, and the picture as input
        command, input=raw.getvalue(), capture_output=True, timeout=_LIMIT_S, check=False, env=_environment()
    )
    return told.stdout.decode(errors="replace")


def _environment() -> dict[str, str]:
    """One thread: more of them are slower for pictures so small."""
    return {**os.environ, "OMP_THREAD_LIMIT": "1"}


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.upper())
