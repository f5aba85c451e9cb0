"""Embree through ctypes: scenes of triangles and of hair, and rays in packets of sixteen.

The `embreex` package brings the library; its own calls copy meshes number by number and know no curves. Flat curves
turn to whoever looks at them, so that hair is the same for the lens, for a lamp and for every camera.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.renderer.tracing.vectors import Floats

Whole = npt.NDArray[np.int32]

LANES: Final = 16
FAR: Final = 1e30
NONE: Final = 0xFFFFFFFF
_TRIANGLE, _FLAT_LINEAR_CURVE = 0, 17
_INDEX, _VERTEX = 0, 1
_UINT, _UINT3, _FLOAT3, _FLOAT4 = 0x5001, 0x5003, 0x9003, 0x9004
_RAY_ROWS, _HIT_ROWS = 12, 21


class NoRays(RuntimeError):
    """This machine has no ray caster: install `embreex` (there is none for Linux on ARM), or choose another model."""


@dataclass(frozen=True, slots=True)
class Hits:
    """What rays met first: geometry (−1: nothing), primitive, place on it (u, v), distance, geometric normal (3, N)."""

    geometry: Whole
    primitive: Whole
    u: Floats
    v: Floats
    distance: Floats
    normal: Floats


def _library_file() -> Path:
    found = importlib.util.find_spec("embreex")
    if found is None or not found.submodule_search_locations:
        raise NoRays(NoRays.__doc__)
    package = Path(found.submodule_search_locations[0])
    folders = (package.parent / "embreex.libs", package / ".dylibs", package)
    files = [file for folder in folders for file in sorted(folder.glob("*embree4*")) if file.suffix != ".pdb"]
    if not files:
        raise NoRays(NoRays.__doc__)
    return files[0]


@functools.cache
def _library() -> Any:
    """Embree, once a process. The GIL is kept: a packet takes microseconds, and work is shared among processes."""
    import embreex.rtcore  # loads what the library needs

    del embreex
    file = _library_file()
    if os.name == "nt":
        os.add_dll_directory(str(file.parent))  # type: ignore[attr-defined, unused-ignore]
    library = ctypes.PyDLL(str(file))
    pointer, whole, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    buffer = [pointer, whole, ctypes.c_uint, whole, pointer, size, size, size]
    for name, result, arguments in (
        ("rtcNewDevice", pointer, [ctypes.c_char_p]),
        ("rtcGetDeviceError", whole, [pointer]),
        ("rtcNewScene", pointer, [pointer]),
        ("rtcReleaseScene", None, [pointer]),
        ("rtcCommitScene", None, [pointer]),
        ("rtcNewGeometry", pointer, [pointer, whole]),
        ("rtcReleaseGeometry", None, [pointer]),
        ("rtcSetSharedGeometryBuffer", None, buffer),
        ("rtcCommitGeometry", None, [pointer]),
        ("rtcAttachGeometry", ctypes.c_uint, [pointer, pointer]),
        ("rtcIntersect16", None, [pointer] * 4),
        ("rtcOccluded16", None, [pointer] * 4),
    ):
        call = getattr(library, name)
        call.restype, call.argtypes = result, arguments
    return library


@functools.cache
def _device(threads: int) -> int:
    device = _library().rtcNewDevice(f"threads={threads}".encode())
    if not device:
        raise NoRays("The ray caster did not start: this processor is not supported. Choose another model.")
    return int(device)


def _aligned(count: int) -> Floats:
    """Numbers not yet set, at an address that is a multiple of 64: with AVX-512 Embree crashes at any other, for rays
    and for the mask of a packet alike (its reference on `rtcIntersect16`)."""
    raw = np.empty(count + 16, np.float32)
    shift = (-raw.ctypes.data % 64) // 4
    return raw[shift : shift + count]


class RayScene:
    """Geometry that rays can meet; ids count from 0 in the order of adding. `commit` before the first ray."""

    def __init__(self, threads: int = 2) -> None:
        self._rtc, self._device = _library(), _device(threads)
        self._scene = self._rtc.rtcNewScene(self._device)
        self._kept: list[Any] = []
        self._valid = _aligned(LANES).view(np.int32)
        self._valid[:] = -1
        self.empty = True

    def __del__(self) -> None:
        if getattr(self, "_scene", None):
            self._rtc.rtcReleaseScene(self._scene)
            self._scene = None

    def add_triangles(self, vertices: Floats, faces: npt.NDArray[Any]) -> int:
        """Triangles (F, 3) of vertices (V, 3); returns the geometry's id."""
        padded = np.zeros((len(vertices) + 1, 3), np.float32)  # Embree reads four floats of the last vertex
        padded[:-1] = vertices
        return self._add(_TRIANGLE, padded, _FLOAT3, np.ascontiguousarray(faces, np.uint32), _UINT3)

    def add_strands(self, points: Floats, radius: Floats, segments: npt.NDArray[Any]) -> int:
        """Segments (S) from point i to point i + 1 of (V, 3), half as wide as `radius` (V) says; returns the id."""
        corners = np.empty((len(points), 4), np.float32)
        corners[:, :3], corners[:, 3] = points, radius.reshape(-1)
        return self._add(_FLAT_LINEAR_CURVE, corners, _FLOAT4, np.ascontiguousarray(segments, np.uint32), _UINT)

    def _add(self, kind: int, vertices: Floats, vertex: int, index: npt.NDArray[np.uint32], item: int) -> int:
        rtc = self._rtc
        geometry = rtc.rtcNewGeometry(self._device, kind)
        width, count = vertices.strides[0], len(vertices) - (kind == _TRIANGLE)
        rtc.rtcSetSharedGeometryBuffer(geometry, _VERTEX, 0, vertex, vertices.ctypes.data, 0, width, count)
        rtc.rtcSetSharedGeometryBuffer(geometry, _INDEX, 0, item, index.ctypes.data, 0, index.strides[0], len(index))
        rtc.rtcCommitGeometry(geometry)
        number = int(rtc.rtcAttachGeometry(self._scene, geometry))
        rtc.rtcReleaseGeometry(geometry)
        self._kept += [vertices, index]
        self.empty = False
        return number

    def commit(self) -> None:
        """Builds the tree that makes rays fast; nothing can be added afterwards."""
        self._rtc.rtcCommitScene(self._scene)
        if code := self._rtc.rtcGetDeviceError(self._device):
            raise NoRays(f"The ray caster refused the scene (its error {code}). This is a mistake of ours: report it.")

    def first(self, origin: Floats, direction: Floats) -> Hits:
        """The nearest hit of rays (3, N) and (3, N)."""
        count = origin.shape[1]
        rays = self._packed(origin, direction, FAR, _HIT_ROWS)
        rays.view(np.uint32)[:, 17:21] = NONE
        self._each(self._rtc.rtcIntersect16, rays)
        flat = np.ascontiguousarray(rays[:, [8, *range(12, 19)]].transpose(1, 0, 2)).reshape(8, -1)[:, :count]
        whole = flat.view(np.int32)
        return Hits(whole[7], whole[6], flat[4], flat[5], flat[0], flat[1:4])

    def blocked(self, origin: Floats, direction: Floats, far: Floats | float) -> npt.NDArray[np.bool_]:
        """Whether anything stands in the way within `far`."""
        rays = self._packed(origin, direction, far, _RAY_ROWS)
        self._each(self._rtc.rtcOccluded16, rays)
        return np.asarray(rays[:, 8].reshape(-1)[: origin.shape[1]] < 0)

    def _each(self, call: Callable[..., None], rays: Floats) -> None:
        scene, valid = ctypes.c_void_p(self._scene), ctypes.c_void_p(self._valid.ctypes.data)
        start, step = rays.ctypes.data, rays.strides[0]
        for at in range(start, start + step * len(rays), step):
            call(valid, scene, at, None)

    def _packed(self, origin: Floats, direction: Floats, far: Floats | float, rows: int) -> Floats:
        """Rays as Embree's packets (packets, rows, 16), at addresses that are multiples of 64."""
        count = origin.shape[1]
        packets = -(-count // LANES)
        rays = _aligned(packets * rows * LANES).reshape(packets, rows, LANES)
        full = packets * LANES
        lanes = np.zeros((9, full), np.float32)
        lanes[0:3, :count], lanes[4:7, :count] = origin, direction
        lanes[6, count:] = 1.0
        lanes[8, :count] = far
        lanes[8, count:] = -1.0
        rays[:, :9] = lanes.reshape(9, packets, LANES).transpose(1, 0, 2)
        bits = rays.view(np.uint32)
        bits[:, 9] = NONE
        bits[:, 10:12] = 0
        return rays
