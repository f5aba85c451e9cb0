"""Hair of the head, brows and beards as fibres: `grow` is all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.body import Body
from engine.renderer.hair import beards, brows, cutting, fibres, growing, pressing, ropes, scalp, strands, styles, tied
from engine.renderer.hair.field import Field, Floats, Frame
from engine.renderer.hairline import Line
from engine.renderer.mesh import Mesh
from engine.renderer.palette import natural
from engine.renderer.scene import Person

_LOCKS_AT: Final = 3.0
"""Below a density of one in so many, locks too are fewer."""


def grow(
    person: Person, body: Body, camera_eye: npt.ArrayLike, density: float, clothes: Sequence[Mesh] = (),
    rim: pressing.Rim | None = None,
) -> list[Mesh]:  # fmt: skip
    """Fibres of somebody's head, brows and beard, lying over `clothes`.

    `density` is a share of the style's strands, which grow wider as they get fewer. A person's hair is the same for
    every `camera_eye` (in the body's metres): fibres turn to whoever looks. A hat presses it at its `rim`.
    """
    del camera_eye
    frame = Frame(body.middle, body.head_turn)
    made = [brows.brows(person, body, frame)]
    if person.beard.kind == "none" and person.hair.style in styles.BARE:
        return made
    field = Field.of(body, frame, clothes)
    if person.beard.kind != "none":
        made.append(beards.beard(person, body, frame, field, density))
    if person.hair.style not in styles.BARE:
        made += head(person, body, frame, field, density, rim)
    return made


def head(
    person: Person, body: Body, frame: Frame, field: Field, density: float, rim: pressing.Rim | None = None
) -> list[Mesh]:
    """The hair of the head."""
    style = styles.style(person)
    if rim is not None:
        style = pressing.flattened(style)
    random = np.random.default_rng((person.seed & 0xFFFFFFFF, 11))
    line = Line.of(person)
    around = cutting.HeadSurface.of(body, frame, field)
    made = _strands(person, style, body, frame, line, around, density, random)
    if rim is not None:
        made = [replace(part, points=pressing.pressed(part.points, frame, around, rim)) for part in made]
    own = np.random.default_rng((person.seed & 0xFFFFFFFF, 12))
    return [_mesh(part, person, style, frame, density, own) for part in made]


def _mesh(
    made: strands.Strands, person: Person, style: styles.Style, frame: Frame, density: float,
    random: np.random.Generator,
) -> Mesh:  # fmt: skip
    hair = person.hair
    run = fibres.runs(made.points)
    own = None if natural(hair.colour) else brows.brow_colour(person)
    colour = fibres.coloured(run, hair.colour, random, hair.grey, hair.tips, locks=made.locks, own=own)
    points, normals = frame.outside(made.points), frame.way(made.normals)
    return fibres.mesh(points, normals, style.width * made.thick / density**0.7, colour, shine=style.shine)


def _strands(
    person: Person, style: styles.Style, body: Body, frame: Frame, line: Line, around: cutting.HeadSurface,
    density: float, random: np.random.Generator,
) -> list[strands.Strands]:  # fmt: skip
    count = max(int(style.strands * density), 500)
    style = replace(style, strands=count)
    if style.tied is not None:
        roots = _roots(person, style, body, frame, line, count)
        return tied.gathered(style, style.tied, person.hair, roots, around, random)
    made = style.ropes
    if made is not None and made.kind == "row":
        return [ropes.rows(style, made, person.hair, _roots(person, style, body, frame, line, 6000), around, random)]
    number = int(style.locks * min(_LOCKS_AT * density, 1)) if made is None else made.count
    parents = scalp.rooted(body, frame, line, number if made is None else 12 * number, random, 2.0)
    if made is not None:
        parents = parents.only(_apart(parents.rest, number))
    locks = growing.grown(style, person.hair, parents, around, random)
    if made is not None:
        return [ropes.roped(locks.points, style, made, random)]
    roots = _roots(person, style, body, frame, line, count)
    return [strands.filled(style, person.hair, locks, roots, around, random)]


def _roots(person: Person, style: styles.Style, body: Body, frame: Frame, line: Line, count: int) -> scalp.Roots:
    """Where single hairs grow."""
    random = np.random.default_rng((person.seed & 0xFFFFFFFF, 13))
    return scalp.rooted(body, frame, line, count, random, style.soft)


def _apart(points: Floats, count: int) -> npt.NDArray[np.intp]:
    """Which `count` of the points (N, 3) lie as evenly as may be: each the farthest from those before it."""
    chosen = [0]
    near = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(near.argmax()))
        near = np.minimum(near, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)
