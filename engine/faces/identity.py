"""Faces in pictures, by dlib: where they are, how sharp, how they are turned, and the numbers that tell people apart.

dlib is an extra (`identity`). Faces are looked for in a process apart, one picture at a time, because dlib keeps the
interpreter for itself while it measures one; everything here blocks and belongs in a thread. Its weights come from the
`face_recognition_models` package and are loaded by path, because that package's own import needs a module that
setuptools no longer ships.
"""

from __future__ import annotations

import atexit
import importlib.util
import io
import math
import threading
from array import array
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageFilter

from engine.sayings import worded

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from engine.apart.process import Apart

MEASURE: Final = 1
"""The version of what is measured: embeddings and patterns of different versions are not compared."""
SHORT_SIDE_PX: Final = 384
"""Pictures are scaled to this before detection: dlib looks for faces of 80 pixels and more."""
THOROUGH_PX: Final = 768
"""What the short side is scaled to at most when every face counts."""
REACH: Final = 1.5
"""Side of a face's crop over the width of the face that dlib finds."""
MOST_FACES: Final = 9
_MOST_PIXELS: Final = 2_000_000
"""What is looked at in one picture at most: one of 9:16 at `THOROUGH_PX` has 1.05 million."""
_SHARPNESS_PX: Final = 64
_PATTERN_PX: Final = 64
_SHIFT_PX: Final = 5
INSTALL: Final = '.venv/bin/pip install -e ".[identity]"'
"""In the checkout: this package is not on PyPI, and somebody else's of the same name may be."""
_LOOK_S: Final = 60.0
"""What one picture may take by the clock, the start of the process and of dlib on a busy machine included."""
_LOCK = threading.Lock()

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture."""


class LookFailed(RuntimeError):
    """The process that looks for faces ended twice over a picture, or could not; str() says how, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face. `width_px` is that of its box in the picture as it was given.

    `turn` is how far the nose is from the middle between the eyes, as a share of the eyes' distance: 0 looks straight
    ahead. `sharpness` and `eyes` (the same for the band of the eyes) are about 0.3 in a sharp picture and 0.01 in a
    blurred one. `embedding` is 128 little-endian float32, `pattern` what the aligned face looks like in detail.
    `points` are dlib's five, as fractions of the picture: two corners of one eye, of the other, the base of the nose.
    """

    box: Box
    width_px: float
    turn: float
    sharpness: float
    eyes: float
    embedding: bytes
    pattern: bytes
    points: tuple[Point, ...] = ()


def missing() -> str:
    """Why faces cannot be looked for here, as a clause; "" when they can. Imports nothing."""
    for module, package in (("dlib", "dlib-bin"), ("face_recognition_models", "face_recognition_models")):
        if importlib.util.find_spec(module) is None:
            return worded("{package} is not installed", package=package)
    return ""


def look(picture: Image.Image | bytes | Path, *, thorough: bool = False) -> tuple[Face, ...]:
    """The faces that look into the camera, the largest first, at most `MOST_FACES`; `thorough` finds small ones too.

    Raises RuntimeError when dlib is missing, and LookFailed.
    """
    if why := missing():
        raise RuntimeError(f"Faces cannot be looked for: {why}. Install it: {INSTALL}.")
    with _LOCK:
        told = _asked("every face" if thorough else "faces", _bytes(picture))
    return tuple(_face_of(each) for each in told)


def _asked(job: str, raw: bytes) -> list[dict[str, Any]]:
    """What the process says of each face; a process that ended is given one more chance."""
    from engine.apart.process import Ended

    for chance in (1, 2):
        try:
            facts, _ = _apart().ask(job, raw)
        except Ended as error:
            if chance == 2:
                raise LookFailed(str(error)) from error
            continue
        if "faces" not in facts:
            raise LookFailed(str(facts.get("error", "unknown")))
        return list(facts["faces"])
    raise AssertionError  # pragma: no cover


@lru_cache(maxsize=1)
def _apart() -> Apart:
    from engine.apart.process import Apart

    process = Apart(wall_s=_LOOK_S)
    atexit.register(process.reap)
    return process


def _bytes(picture: Image.Image | bytes | Path) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, Path):
        return picture.read_bytes()
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def facts_of(face: Face) -> dict[str, Any]:
    """The face as JSON can carry it."""
    return {**asdict(face), "embedding": face.embedding.hex(), "pattern": face.pattern.hex()}


def _face_of(facts: dict[str, Any]) -> Face:
    left, top, right, bottom = facts["box"]
    raw = {name: bytes.fromhex(facts[name]) for name in ("embedding", "pattern")}
    points = tuple((float(x), float(y)) for x, y in facts["points"])
    return Face(**{**facts, **raw, "box": (left, top, right, bottom), "points": points})


def looked(picture: Image.Image | bytes | Path, *, thorough: bool = False) -> tuple[Face, ...]:
    """As `look`, in this process: it stands still meanwhile. Raises RuntimeError when dlib is missing."""
    image = _opened(picture)
    wanted = min(max(SHORT_SIDE_PX, min(image.size)), THOROUGH_PX) if thorough else SHORT_SIDE_PX
    pixels = _scaled(image, wanted)
    with _LOCK:
        detector, predictor, _ = _tools()
        found = sorted(detector(pixels, 0), key=lambda r: -r.area())[:MOST_FACES]
        return tuple(_face(image, pixels, each, predictor(pixels, each)) for each in found)


def boxes(picture: Image.Image | bytes | Path) -> list[Box]:
    """Where faces are, unsorted; cheaper than looking at them. Raises RuntimeError when dlib is missing."""
    pixels = _scaled(_opened(picture), SHORT_SIDE_PX)
    height, width = pixels.shape[:2]
    with _LOCK:
        found = _tools()[0](pixels, 0)
    return [(r.left() / width, r.top() / height, r.right() / width, r.bottom() / height) for r in found]


def landmarks(picture: Image.Image) -> list[Point] | None:
    """dlib's five points (two corners of each eye, and the nose) as fractions of it; None unless it has one face."""
    pixels = _scaled(_opened(picture), SHORT_SIDE_PX)
    height, width = pixels.shape[:2]
    with _LOCK:
        detector, predictor, _ = _tools()
        found = detector(pixels, 0)
        if len(found) != 1:
            return None
        return [(part.x / width, part.y / height) for part in predictor(pixels, found[0]).parts()]


def eyes(picture: Image.Image) -> tuple[Point, Point] | None:
    """The middles of the eyes, left before right in the picture, as fractions of it; None unless it has one face."""
    points = landmarks(picture)
    if points is None:
        return None
    one, other = sorted((_between(points[0], points[1]), _between(points[2], points[3])))
    return one, other


def _opened(picture: Image.Image | bytes | Path) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as opened:
        return opened.convert("RGB")


def _scaled(image: Image.Image, short_side_px: int) -> npt.NDArray[np.uint8]:
    import numpy as np

    # A strip is not blown up to a short side like a portrait's: its long side would take all the time there is.
    scale = min(short_side_px / min(image.size), math.sqrt(_MOST_PIXELS / (image.width * image.height)))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


@lru_cache(maxsize=1)
def _tools() -> tuple[Any, Any, Any]:
    if why := missing():
        raise RuntimeError(f"Faces cannot be looked for: {why}. Install it: {INSTALL}.")
    import dlib

    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(weights("shape_predictor_5_face_landmarks.dat")),
        dlib.face_recognition_model_v1(weights("dlib_face_recognition_resnet_model_v1.dat")),
    )


def weights(name: str) -> str:
    """The path of a file of dlib's weights. Raises RuntimeError when the package has lost its files."""
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise RuntimeError("face_recognition_models is installed without its files.")
    return str(Path(spec.origin).parent / "models" / name)


def _face(image: Image.Image, pixels: npt.NDArray[np.uint8], found: Any, shape: Any) -> Face:
    height, width = pixels.shape[:2]
    box = (found.left() / width, found.top() / height, found.right() / width, found.bottom() / height)
    points = [(part.x / width, part.y / height) for part in shape.parts()]
    embedding = array("f", _tools()[2].compute_face_descriptor(pixels, shape))
    return Face(
        box=box,
        width_px=(box[2] - box[0]) * image.width,
        turn=_turn([(x * image.width, y * image.height) for x, y in points]),
        sharpness=_sharpness(image, box),
        eyes=_sharpness(image, _band_of_eyes(points, box)),
        embedding=embedding.tobytes(),
        pattern=_pattern(pixels, shape),
        points=tuple(points),
    )


def _turn(points: list[tuple[float, float]]) -> float:
    """dlib's five points: the corners of one eye, those of the other, and the nose; in pixels."""
    one, other = (_between(points[0], points[1]), _between(points[2], points[3]))
    across = (one[0] - other[0], one[1] - other[1])
    apart = math.hypot(*across) or 1.0
    middle = _between(one, other)
    nose = (points[4][0] - middle[0], points[4][1] - middle[1])
    return (nose[0] * across[0] + nose[1] * across[1]) / apart**2


def _between(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _band_of_eyes(points: list[tuple[float, float]], box: Box) -> Box:
    across = [x for x, _ in points[:4]]
    level = sum(y for _, y in points[:4]) / 4
    tall = 0.22 * (box[3] - box[1])
    margin = 0.15 * (max(across) - min(across))
    return min(across) - margin, level - tall, max(across) + margin, level + tall


def _sharpness(image: Image.Image, box: Box) -> float:
    """How much of the contrast is in single pixels, at a scale that is the face's own: contrast and size cancel out."""
    import numpy as np

    left, top, right, bottom = box
    region = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    cut = image.convert("L").crop(tuple(round(side) for side in region))  # type: ignore[arg-type]  # four of them
    if min(cut.size) < 2:
        return 0.0
    high = max(8, round(_SHARPNESS_PX * cut.height / cut.width))
    a = np.asarray(cut.resize((_SHARPNESS_PX, high), Image.Resampling.LANCZOS), float)
    edges = a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] - 4 * a[1:-1, 1:-1]
    return float(edges.var() / (a.var() + 25))


def _pattern(pixels: npt.NDArray[np.uint8], shape: Any) -> bytes:
    """The aligned face with its light and its grain taken out, 64 × 64 signed bytes."""
    import dlib
    import numpy as np

    chip = Image.fromarray(dlib.get_face_chip(pixels, shape, size=_PATTERN_PX, padding=0.2)).convert("L")
    fine, coarse = (np.asarray(chip.filter(ImageFilter.GaussianBlur(px)), float) for px in (1.2, 7.0))
    return bytes(np.clip(np.round(fine - coarse), -127, 127).astype(np.int8).tobytes())


def distance(one: bytes, other: bytes) -> float:
    """Between two embeddings: 0 is the same picture, about 0.4 the same person, 0.6 and more somebody else."""
    return math.dist(array("f", one), array("f", other))


def sameness(one: bytes, other: bytes) -> float:
    """How far two patterns are the same picture: 1 is the very same pose and light, unrelated ones are below 0.8."""
    import numpy as np

    a, b = (np.frombuffer(each, np.int8).astype(float).reshape(_PATTERN_PX, _PATTERN_PX) for each in (one, other))
    inner = _PATTERN_PX - 2 * _SHIFT_PX
    middle = _centred(a[_SHIFT_PX : _SHIFT_PX + inner, _SHIFT_PX : _SHIFT_PX + inner])
    shifts = range(2 * _SHIFT_PX + 1)
    return float(max((middle * _centred(b[y : y + inner, x : x + inner])).sum() for y in shifts for x in shifts))


def _centred(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    values = values - values.mean()
    length = float(np.sqrt((values * values).sum()))
    return values / (length or 1.0)


def crop(picture: Image.Image | bytes, face: Face, *, reach: float = REACH, most_px: int = 512) -> Image.Image:
    """The square around a face, RGB; where it leaves the picture, the edge goes on."""
    import numpy as np

    image = _opened(picture)
    left, top, right, bottom = face.box
    side = reach * (right - left) * image.width
    x, y = (left + right) / 2 * image.width, (top + bottom) / 2 * image.height
    sides = round(x - side / 2), round(y - side / 2), round(x + side / 2), round(y + side / 2)
    pad = max(0, -sides[0], -sides[1], sides[2] - image.width, sides[3] - image.height)
    pixels = np.pad(np.asarray(image), ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    cut = Image.fromarray(pixels[sides[1] + pad : sides[3] + pad, sides[0] + pad : sides[2] + pad])
    whole_px = min(cut.width, most_px)
    return cut.resize((whole_px, whole_px), Image.Resampling.BICUBIC)
