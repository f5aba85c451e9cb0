"""Renders portraits of people who do not exist: `python -m engine.builtin.render --count N --out DIR`.

Picture `i` shows person `i // PER_PERSON`; the same index gives the same picture. A sitting is rendered once, its
hair and clothes apart from the rest; its looks are painted from that (`paint`). A run that is stopped goes on where it
was: finished pictures are kept. Needs the `builtin` extra (anny, mitsuba, pyoidn).
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.builtin import backdrops, hair, skin, wardrobe
from engine.builtin.geometry import Array, Part, template
from engine.builtin.scenes import LOOKS, PER_PERSON, Scene, scene

OVERSAMPLE = 1.25
SAMPLES = 7
DEPTH = 2
LAYERS = {"hair": ("cap", "strands", "knot", "beard"), "cloth": ("cloth", "collar"), "under": ("under",)}
"""Meshes whose colour is a look's, by layer: rendered in red, in green and in blue."""
HAIR_CODE, CLOTH_CODE, UNDER_CODE = np.diag((0.5, 0.6, 0.6))
"""Those colours."""
UNDER_PALE, UNDER_DARK = (0.72, 0.72, 0.72), (0.05, 0.05, 0.06)
"""What is worn under a jacket, and under a white one."""
AMBIENCE = 0.3
"""How much of the place's mean light falls on the sitter."""
LIGHT_M = {"soft": 0.9, "hard": 0.16}
FILL = {"soft": 0.34, "hard": 0.22}
LIGHT_RGB = {"warm": (1.14, 0.95, 0.72), "neutral": (1.0, 1.0, 1.0), "cool": (0.85, 0.98, 1.18)}
FRAME_M = {"close-up": (0.335, 0.330, 0.320), "head and shoulders": (0.480, 0.460, 0.435)}
"""Height of the frame at the face for a tall, a square and a wide picture."""


def _one_thread() -> None:
    """Several processes of one thread each render more pictures than one of several."""
    import drjit

    os.environ.setdefault("OIDN_NUM_THREADS", "1")
    drjit.set_thread_count(1)


@lru_cache(maxsize=1)
def _mitsuba() -> Any:
    import mitsuba as mi

    mi.set_variant(os.environ.get("LIKENESS_MITSUBA", "scalar_rgb"))
    return mi


def _bsdf(kind: str, colour: Any) -> dict[str, Any]:
    settings: dict[str, dict[str, Any]] = {
        "skin": {"roughness": 0.5, "specular": 0.3},
        "hair": {"roughness": 0.42, "specular": 0.35},
        "cloth": {"roughness": 0.9, "specular": 0.15},
        "eye": {"roughness": 0.06, "specular": 0.8},
        "frame": {"roughness": 0.25, "specular": 0.6},
        "teeth": {"roughness": 0.3, "specular": 0.4},
        "dark": {"roughness": 0.8, "specular": 0.1},
    }
    inner = {"type": "principled", "base_color": colour, **settings[kind]}
    return {"type": "twosided", "inner": inner}


def _texture(picture: Array) -> dict[str, Any]:
    mi = _mitsuba()
    bitmap = mi.Bitmap(np.ascontiguousarray(picture, dtype=np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "raw": True, "filter_type": "bilinear", "wrap_mode": "clamp"}


def _mesh(part: Part, kind: str, colour: Any, normals: Array | None = None, uv: Array | None = None) -> Any:
    """A mitsuba mesh; `colour` is one RGB, one RGB a vertex, or a texture with `uv`."""
    mi = _mitsuba()
    per_vertex = isinstance(colour, np.ndarray) and colour.ndim == 2
    if per_vertex:
        source: Any = {"type": "mesh_attribute", "name": "vertex_color"}
    elif isinstance(colour, np.ndarray) and colour.ndim == 3:
        source = _texture(colour)
    else:
        source = {"type": "rgb", "value": [float(c) for c in colour]}
    props = mi.Properties()
    props["mesh_bsdf"] = mi.load_dict(_bsdf(kind, source))
    mesh = mi.Mesh(
        kind,
        len(part.vertices),
        len(part.faces),
        has_vertex_normals=True,
        has_vertex_texcoords=uv is not None,
        props=props,
    )
    if per_vertex:
        mesh.add_attribute("vertex_color", 3, colour.astype(np.float32).ravel())
    params = mi.traverse(mesh)
    params["vertex_positions"] = part.vertices.astype(np.float32).ravel()
    params["vertex_normals"] = (part.normals() if normals is None else normals).astype(np.float32).ravel()
    params["faces"] = part.faces.astype(np.uint32).ravel()
    if uv is not None:
        flipped = np.stack([uv[:, 0], 1 - uv[:, 1]], 1)
        params["vertex_texcoords"] = flipped.astype(np.float32).ravel()
    params.update()
    return mesh


class Sitter:
    """A person posed for one scene: all geometry, in metres, before the camera is set."""

    def __init__(self, what: Scene, shaped: Array) -> None:
        body = template()
        self.scene = what
        self.rng = np.random.default_rng(what.jitter)
        vertices = shaped + body.moves[what.expression]
        eyes = [body.group(name, vertices) for name in ("helper-r-eye", "helper-l-eye")]
        self.eye_helpers = eyes
        self.eyes = tuple((e.vertices.min(0) + e.vertices.max(0)) / 2 for e in eyes)
        self.middle = (self.eyes[0] + self.eyes[1]) / 2
        self.skin = body.part(body.skin, vertices)
        self.tights = body.part(body.tights, vertices)
        level = np.abs(self.skin.rest[:, 2] - 0.70) < 0.012
        cheeks = level & (self.skin.rest[:, 1] < -0.075) & (np.abs(self.skin.rest[:, 0]) < 0.078)
        self.half = float(np.abs(self.skin.vertices[cheeks][:, 0]).max())
        head = self.skin.rest[:, 2] > 0.61
        self.top = float(self.skin.vertices[head][:, 2].max())
        front = head & (np.abs(self.skin.rest[:, 0]) < 0.01) & (self.skin.rest[:, 2] < 0.63)
        self.chin = float(self.skin.vertices[front][:, 2].min())
        self.vertices = vertices
        texture_uv = body.skin[1] @ body.uv
        self.ears = skin.mask_at("ears", texture_uv)
        self.mouth = skin.mask_at("inside-mouth", texture_uv) > 0.5

    def meshes(self) -> dict[str, Any]:
        """Every mesh of the picture, by name."""
        found = self._face() | self._clothes() | self._hair() | self._beard()
        if self.scene.glasses != "none":
            part = self._turned(wardrobe.glasses(self.scene.glasses, self.eyes, self.half))
            frame = wardrobe.FRAMES[self.rng.integers(len(wardrobe.FRAMES))]
            found["glasses"] = _mesh(part, "frame", frame)
        return found

    def _face(self) -> dict[str, Any]:
        what, body = self.scene, template()
        inner = self.mouth[self.skin.faces].all(1)
        outer = Part(self.skin.vertices, self.skin.faces[~inner], self.skin.rest)
        picture = skin.texture(what, self.rng)
        normals = self._turn(self.skin.normals(), direction=True)
        found = {
            "skin": _mesh(self._turned(outer), "skin", picture, normals, skin.uv(outer.rest)),
            "mouth": _mesh(
                self._turned(Part(self.skin.vertices, self.skin.faces[inner], self.skin.rest)),
                "dark",
                (0.10, 0.02, 0.02),
                normals,
            ),
            "teeth": _mesh(self._turned(body.group("helper-upper-teeth", self.vertices)), "teeth", (0.72, 0.68, 0.60)),
        }
        iris = np.array(wardrobe.IRIS[what.person.eyes])
        for number, helper in enumerate(self.eye_helpers):
            part, polar, around = wardrobe.eyeball(helper, what.gaze - what.turn)
            colours = wardrobe.eye_colours(polar, around, iris, self.rng)
            found[f"eye{number}"] = _mesh(self._turned(part), "eye", colours)
        for name in ("helper-l-eyelashes-1", "helper-r-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-2"):
            lashes = body.group(name, self.vertices)
            found[name.replace("-", "_")] = _mesh(
                self._turned(self._short_lashes(lashes)), "dark", (0.012, 0.009, 0.008)
            )
        return found

    def _short_lashes(self, lashes: Part) -> Part:
        """Lashes drawn towards the eye, so that they read as a line and not as an awning."""
        keep = 0.55 if self.scene.person.sex == "woman" else 0.3
        centre = self.eyes[int(np.argmin([abs(lashes.vertices[:, 0].mean() - e[0]) for e in self.eyes]))]
        offset = lashes.vertices - centre
        radius = np.linalg.norm(offset, axis=1, keepdims=True)
        base = radius.min() + 0.0008
        return Part(centre + offset / radius * (base + (radius - base) * keep), lashes.faces, lashes.rest)

    def _clothes(self) -> dict[str, Any]:
        what = self.scene
        colour = CLOTH_CODE * self.rng.uniform(0.88, 1.1)
        picture = wardrobe.cloth_texture(what.clothes, colour, self.rng)
        found: dict[str, Part] = {}
        offset = {"jacket": 0.013, "turtleneck": 0.006, "v-neck": 0.007}.get(what.clothes, 0.005)
        found["cloth"] = wardrobe.garment(self.tights, what.clothes, offset, self.rng)
        meshes = {"cloth": self._cloth_mesh(found["cloth"], picture)}
        if what.clothes == "jacket":
            under = wardrobe.garment(
                self.tights, "t-shirt" if what.jitter % 3 == 0 else "shirt", 0.003, self.rng, 0.001
            )
            meshes["under"] = self._cloth_mesh(under, wardrobe.cloth_texture("shirt", UNDER_CODE, self.rng))
        if what.clothes == "shirt":
            meshes["collar"] = self._cloth_mesh(wardrobe.collar(self.tights), np.clip(picture * 1.08, 0, 0.95))
        self.cloth = found["cloth"]
        return meshes

    def _cloth_mesh(self, part: Part, picture: Array) -> Any:
        return _mesh(self._turned(part), "cloth", picture, None, wardrobe.cloth_uv(part.rest))

    def _hair(self) -> dict[str, Any]:
        what = self.scene
        if what.hair_style == "bald":
            return {}
        style = hair.STYLES[what.hair_style]
        growth = hair.hair_height(self.skin.rest, what.person)
        growth = np.where(self.mouth, -1.0, growth)
        shell = hair.cap(self.skin, growth, self.ears, style.cap, self.rng)
        streaks = 0.75 + 0.2 * np.sin(shell.rest @ np.array((900.0, 60.0, 140.0)))
        found = {"cap": _mesh(self._turned(shell), "hair", HAIR_CODE * (0.8 * streaks)[:, None])}
        if not style.strands:
            return found
        surface = hair.Surface([self.skin, self.cloth])
        head = (self.middle, self.half)
        planted = np.where(self.ears > 0.3, 0.0, growth)
        strands, sides = hair.grow(what.hair_style, self.skin, planted, surface, head, self.rng)
        found["strands"] = self._ribbon_mesh(strands, sides, style.width, HAIR_CODE)
        if what.hair_style == "bun":
            found["knot"] = _mesh(self._turned(hair.knot(head, self.rng)), "hair", HAIR_CODE * 0.9)
        return found

    def _ribbon_mesh(self, strands: Array, sides: Array, width: float, base: Array) -> Any:
        part = hair.ribbons(strands, sides, width)
        tint = self.rng.lognormal(0, 0.22, len(strands))[part.rest[:, 1].astype(int)]
        along = 0.72 + 0.45 * part.rest[:, 0]
        colours = np.clip(base * (tint * along)[:, None], 0.003, 0.9)
        normals = self._turn(hair.ribbon_normals(part, sides), direction=True)
        return _mesh(self._turned(part), "hair", colours, normals)

    def _beard(self) -> dict[str, Any]:
        kind = self.scene.facial_hair
        if kind not in ("beard", "moustache"):
            return {}
        growth = skin.beard(kind)
        uv = skin.uv(self.skin.rest)
        column = (uv[:, 0] * (skin.WIDTH - 1)).astype(int)
        row = ((1 - uv[:, 1]) * (skin.HEIGHT - 1)).astype(int)
        amount = growth[row, column] * (self.skin.rest[:, 1] < -0.085) * ~self.mouth
        amount = np.where(amount > 0.3, amount, 0.0)
        count, length = (1500, 0.011) if kind == "beard" else (500, 0.009)
        strands, sides = hair.beard_strands(self.skin, amount, length, count, self.rng)
        return {"beard": self._ribbon_mesh(strands, sides, 0.0016, HAIR_CODE)}

    def _turn(self, points: Array, direction: bool = False) -> Array:
        turn, tilt = math.radians(self.scene.turn), math.radians(self.scene.tilt)
        about_z = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
        about_y = np.array([[math.cos(tilt), 0, math.sin(tilt)], [0, 1, 0], [-math.sin(tilt), 0, math.cos(tilt)]])
        matrix = about_y @ about_z
        if direction:
            return np.asarray(points @ matrix.T)
        return np.asarray((points - self.middle) @ matrix.T + self.middle)

    def _turned(self, part: Part) -> Part:
        return Part(self._turn(part.vertices), part.faces, part.rest)

    def target(self) -> Array:
        """The point in the middle of the frame."""
        what = self.scene
        head = self.top - self.chin
        tall = what.size[1] >= what.size[0]
        z = self.chin + head * 0.5 if what.framing == "close-up" else self.chin + head * (0.17 if tall else 0.2)
        return np.array((self.middle[0], self.middle[1] + 0.02, z))


def _camera(what: Scene, sitter: Sitter) -> tuple[dict[str, Any], float]:
    """The camera without its film, and its distance to the subject in metres."""
    mi = _mitsuba()
    width, height = what.size
    aspect = 0 if height > width else (1 if height == width else 2)
    head = (sitter.top - sitter.chin) / 0.232
    frame = FRAME_M[what.framing][aspect] * head / what.zoom
    distance = max(frame * float(what.focal_length) / backdrops.SENSOR_MM, 0.55)
    target = sitter.target() + np.array((what.off_centre[0] * frame, 0, what.off_centre[1] * frame))
    origin = target + np.array((0.0, -distance, 0.0))
    field = 2 * math.degrees(math.atan(frame / 2 / distance))
    look = mi.ScalarTransform4f().look_at(origin=origin.tolist(), target=target.tolist(), up=[0, 0, 1])
    return {"type": "perspective", "fov": field, "fov_axis": "y", "to_world": look}, distance


def _light(what: Scene, sitter: Sitter) -> dict[str, Any]:
    mi = _mitsuba()
    across, up = math.radians(what.light_azimuth), math.radians(what.light_elevation)
    way = np.array((math.sin(across) * math.cos(up), -math.cos(across) * math.cos(up), math.sin(up)))
    distance, side = 1.5, LIGHT_M[what.light_hardness]
    focus = sitter.middle + np.array((0.0, -0.02, -0.03))
    power = (1.9 if what.light_height == "low" else 2.9) * distance**2 / (side * side)
    place = mi.ScalarTransform4f().look_at(
        origin=(focus + distance * way).tolist(), target=focus.tolist(), up=[0, 0.01, 1]
    )
    size = mi.ScalarTransform4f().scale([side / 2, side / 2, 1])
    return {
        "type": "rectangle",
        "to_world": place @ size,
        "emitter": {"type": "area", "radiance": {"type": "rgb", "value": power}},
    }


def _front_fill(what: Scene, sitter: Sitter) -> dict[str, Any]:
    """A weak light by the camera that keeps the shaded side readable, stronger against light from below."""
    where = sitter.middle + np.array((0.0, -1.4, 0.45))
    strength = (1.15 if what.light_height == "low" else 0.72) * 1.4**2
    return {"type": "point", "position": where.tolist(), "intensity": {"type": "rgb", "value": strength}}


def linear_to_srgb(picture: Array) -> Array:
    """Display values 0…1 of linear light, with a soft shoulder above 0.8."""
    bent = np.where(picture > 0.75, 0.75 + 0.25 * (1 - np.exp(-(picture - 0.75) / 0.25)), picture)
    bent = np.clip(bent, 0, 1)
    return np.asarray(np.where(bent < 0.0031308, bent * 12.92, 1.055 * bent ** (1 / 2.4) - 0.055))


@dataclass(frozen=True)
class Sitting:
    """A sitter rendered in white light, linear: all but the hair's and the clothes' own colours (h, w, 3), how much
    light the layers scatter, one a channel (h, w, 3), coverage (h, w, 1), and the camera's distance.
    """

    rest: Array
    layers: Array
    alpha: Array
    distance_m: float


def _darken(params: Any, layered: bool) -> dict[str, Any]:
    """Takes the colour from the layers' meshes, or from all others with every highlight; returns what was there."""
    names = {name for layer in LAYERS.values() for name in layer}
    before: dict[str, Any] = {}
    for key in params.keys():  # noqa: SIM118  (not a dictionary: iterating gives pairs)
        shape, _, what = key.partition(".")
        mine = (shape in names) == layered
        if what.endswith(".specular") and not layered:
            before[key], params[key] = params[key], 1e-3
        elif mine and what.endswith((".base_color.value", ".base_color.scale", ".base_color.data")):
            value = params[key]
            before[key] = type(value)(np.array(value)) if what.endswith("data") else value  # data is changed in place
            params[key] = value * 0.0
    params.update()
    return before


def sit(what: Scene, shaped: Array, samples: int = SAMPLES) -> Sitting:
    """Renders the sitter of a scene. `shaped` is `template().shaped(what.person)`."""
    import pyoidn

    mi = _mitsuba()
    sitter = Sitter(what, shaped)
    camera, distance = _camera(what, sitter)
    width, height = (round(side * OVERSAMPLE) for side in what.size)
    camera["film"] = {
        "type": "hdrfilm",
        "width": width,
        "height": height,
        "pixel_format": "rgba",
        "rfilter": {"type": "box"},
    }
    camera["sampler"] = {"type": "independent", "sample_count": samples}
    loaded = mi.load_dict(
        {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": DEPTH, "hide_emitters": True},
            "sensor": camera,
            "light": _light(what, sitter),
            "front": _front_fill(what, sitter),
            "fill": {"type": "constant", "radiance": {"type": "rgb", "value": 0.75 * FILL[what.light_hardness]}},
            **sitter.meshes(),
        }
    )
    params, seed = mi.traverse(loaded), what.jitter % 2**31

    def seen(paths: int) -> Array:
        return np.nan_to_num(np.array(mi.render(loaded, seed=seed, spp=paths), dtype=np.float32))

    def clean(colour: Array) -> Array:
        return np.asarray(pyoidn.denoise(np.ascontiguousarray(np.clip(colour, 0, 6)), hdr=True))

    before = _darken(params, layered=True)
    rest = seen(samples)
    for key, value in before.items():
        params[key] = value
    _darken(params, layered=False)
    layers = seen(max(1, samples // 2))
    return Sitting(clean(rest[..., :3]), clean(layers[..., :3]), np.clip(rest[..., 3:4], 0, 1), distance)


def paint(what: Scene, sitting: Sitting) -> Image.Image:
    """The picture of a scene, at its size: the sitting in the scene's colours and light, before its place."""
    height, width = sitting.alpha.shape[:2]
    backdrop = backdrops.behind(
        what.place, (width, height), float(what.focal_length), float(what.aperture), sitting.distance_m, what.backdrop
    )
    under = UNDER_DARK if what.clothes_colour == "white" else UNDER_PALE
    colours = np.array((skin.HAIR[what.hair_colour], wardrobe.CLOTH[what.clothes_colour], under))
    codes = np.stack((HAIR_CODE, CLOTH_CODE, UNDER_CODE)).sum(1)
    lit = sitting.rest + (sitting.layers / codes) @ colours
    ambience = np.clip(backdrop.reshape(-1, 3).mean(0), 0, 1)
    tint = 0.25 + 0.75 * np.array(LIGHT_RGB[what.light_colour]) + AMBIENCE * (ambience - 0.25)
    whole = linear_to_srgb(lit * tint + backdrop * (1 - sitting.alpha))
    picture = Image.fromarray((whole * 255 + 0.5).astype(np.uint8))
    return picture.resize(what.size, Image.Resampling.LANCZOS)


def render(what: Scene, shaped: Array, samples: int = SAMPLES) -> Image.Image:
    """One picture at the scene's size. `shaped` is `template().shaped(what.person)`."""
    return paint(what, sit(what, shaped, samples))


def scene_at(index: int, per_person: int = PER_PERSON) -> Scene:
    """The scene of picture `index`."""
    return scene(index // per_person, index % per_person)


def record(index: int, what: Scene) -> str:
    """A line of the data set's index."""
    return json.dumps({"index": index, "person": what.person.seed, "size": what.size, **what.slots})


def render_range(indices: list[int], out: Path, samples: int) -> None:
    """Renders what is not there yet, person by person and sitting by sitting."""
    out.mkdir(parents=True, exist_ok=True)
    seed, shaped = -1, np.zeros(0)
    taken: tuple[int, Sitting] | None = None
    for index in indices:
        path = out / f"{index:06d}.png"
        if path.exists():
            continue
        what = scene_at(index)
        if what.person.seed != seed:
            seed, shaped = what.person.seed, template().shaped(what.person)
        if taken is None or taken[0] != index // LOOKS:
            taken = index // LOOKS, sit(what, shaped, samples)
        partial = path.with_suffix(".part")
        paint(what, taken[1]).save(partial, "PNG")
        partial.rename(path)


def main() -> None:
    """The command line; with --jobs it starts that many copies of itself."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.render", description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=PER_PERSON, help="only the first pictures of each person")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--job", type=int, default=-1, help="run only this share, in this process")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    given = parser.parse_args()
    if given.job < 0 and given.jobs > 1:
        shares = [
            [sys.executable, "-m", "engine.builtin.render", *sys.argv[1:], "--job", str(j)] for j in range(given.jobs)
        ]
        running = [subprocess.Popen(share) for share in shares]  # noqa: S603  (this very program)
        raise SystemExit(max(process.wait() for process in running))
    share = max(given.job, 0)
    _one_thread()
    everyone = range(given.start, given.start + given.count)
    mine = [i for i in everyone if (i // PER_PERSON) % given.jobs == share and i % PER_PERSON < given.each]
    render_range(mine, given.out, given.samples)


if __name__ == "__main__":
    main()
