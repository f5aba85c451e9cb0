"""Hair grows where it should in every style, stays out of head and face, and is the same person's every time."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.renderer import body, hair, hairline, hats, skin
from engine.renderer.hair import beards, brows, combing, fibres, scalp, styles
from engine.renderer.hair.field import Field, Floats, Frame
from engine.renderer.mesh import Mesh
from engine.renderer.palette import HAIR
from engine.renderer.scene import Beard, Hair, Outfit, Person, Pose

WOMAN, MAN = 0.03, 0.95
EYE = (0.0, -1.5, 0.0)
DRAFT = 0.05
CROP = Hair()


def seated(masculinity: float, look: Hair = CROP, seed: int = 0) -> body.Body:
    """Somebody's body, built once for every hair."""
    plain = Person(masculinity=masculinity, seed=seed)
    return replace(body.build(plain, Pose()), person=replace(plain, hair=look))


def grown(sitter: body.Body, density: float = DRAFT) -> list[Mesh]:
    return hair.grow(sitter.person, sitter, EYE, density)


def in_head(sitter: body.Body, meshes: list[Mesh]) -> Floats:
    return Frame(sitter.middle, sitter.head_turn).inside(np.concatenate([mesh.v for mesh in meshes]))


def colours(meshes: list[Mesh]) -> Floats:
    return np.concatenate([mesh.extra["colour"] for mesh in meshes])


@pytest.fixture(scope="module")
def fields() -> dict[float, Field]:
    made = {}
    for sex in (WOMAN, MAN):
        sitter = seated(sex)
        made[sex] = Field.of(sitter, Frame(sitter.middle, sitter.head_turn), ())
    return made


@pytest.mark.parametrize("sex", [WOMAN, MAN])
@pytest.mark.parametrize("name", sorted(styles.STYLES))
def test_every_style_is_finite_outside_the_head_and_off_the_face(
    name: str, sex: float, fields: dict[float, Field]
) -> None:
    sitter = seated(sex, Hair(style=name))
    meshes = hair.head(sitter.person, sitter, Frame(sitter.middle, sitter.head_turn), fields[sex], DRAFT)
    points = in_head(sitter, meshes)
    assert np.isfinite(points).all()
    assert 2_000 < sum(len(mesh.f) for mesh in meshes) < 1_300_000
    assert np.quantile(fields[sex].distance(points), 0.002) > -0.005
    across = (np.abs(points[:, 0]) < 0.045) & (points[:, 1] < 0.02) & (points[:, 2] < 0.008) & (points[:, 2] > -0.09)
    assert across.mean() < 0.0005


@pytest.mark.parametrize("name", sorted(styles.STYLES))
def test_a_style_stays_within_its_budget_at_full_density(name: str) -> None:
    style = styles.STYLES[name]
    segments = style.strands * (style.points - 1)
    tied = style.tied.sides * style.strands * 0.2 * 19 if style.tied else 0
    assert segments + tied < 1_300_000


def test_the_bald_have_brows_only() -> None:
    assert len(grown(seated(MAN, Hair(style="bald")))) == 1


def test_an_unknown_style_is_the_nearest_one_or_what_is_usual() -> None:
    def found(name: str, sex: float = WOMAN) -> styles.Style:
        return styles.style(Person(masculinity=sex, hair=Hair(style=name)))

    assert found("a messy bun") == styles.STYLES["bun"]
    assert found("pony tail") == styles.STYLES["ponytail"]
    assert found("qwertz") == styles.STYLES["long straight"]
    assert found("qwertz", MAN) == styles.STYLES["crop"]


def test_hair_is_the_same_again_and_differs_between_people() -> None:
    first, again = grown(seated(WOMAN, Hair(style="waves"))), grown(seated(WOMAN, Hair(style="waves")))
    other = grown(seated(WOMAN, Hair(style="waves"), seed=7))
    assert all(np.array_equal(a.v, b.v) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1].v[:100], other[1].v[:100])


def test_hair_turns_with_the_head() -> None:
    person = Person(hair=Hair(style="crop"))
    straight, turned = body.build(person, Pose()), body.build(person, Pose(turn=30))
    moved = in_head(turned, grown(turned)[1:]) - in_head(straight, grown(straight)[1:])
    assert np.median(np.linalg.norm(moved, axis=1)) < 0.006


def test_a_receded_line_leaves_the_temples_free() -> None:
    def temples(line: float) -> int:
        sitter = seated(MAN, Hair(style="buzz cut", line=line))
        points = in_head(sitter, grown(sitter)[1:])
        offset = points - combing.CENTRE
        around = np.degrees(np.arctan2(np.abs(offset[:, 0]), -offset[:, 1]))
        up = np.degrees(np.arctan2(offset[:, 2], np.hypot(offset[:, 0], offset[:, 1])))
        return int(((np.abs(around - 32) < 6) & (up < 44)).sum())

    assert temples(1.0) < 0.1 * temples(0.0)


def test_ropes_leave_no_bald_patch() -> None:
    """Their roots lie evenly: nowhere on the crown is a finger's breadth without one."""
    sitter = seated(WOMAN, Hair(style="braids"))
    frame = Frame(sitter.middle, sitter.head_turn)
    drawn = np.random.default_rng(1)
    places = scalp.rooted(sitter, frame, hairline.Line.of(sitter.person), 3000, drawn, 2.0).rest
    roots = places[hair._apart(places, 190)]
    crown = places[places[:, 2] > 0.79]

    assert np.linalg.norm(crown[:, None] - roots[None], axis=2).min(1).max() < 0.014


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_as_many_hairs_are_grey_as_asked(share: float) -> None:
    shown = colours(grown(seated(MAN, Hair(style="crop", colour=(0.4, 0.1, 0.03), grey=share)))[1:])
    grey = shown[:, 0] < 1.5 * shown[:, 2]
    assert grey.mean() == pytest.approx(share, abs=0.03)


def test_tips_are_dyed_and_roots_are_not() -> None:
    run = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (500, 1))
    shown = fibres.coloured(run, (0.1, 0.05, 0.02), np.random.default_rng(1), tips=(0.02, 0.05, 0.6)).mean(0)
    assert shown[0, 0] > shown[0, 2]
    assert shown[-1, 2] > 5 * shown[-1, 0]


def test_dyed_hair_has_grown_out_at_its_roots() -> None:
    run = np.linspace(0, 1, 12, dtype=np.float32)[None].repeat(400, 0)
    locks = np.zeros(400, np.intp)
    pink, brown = (0.64, 0.17, 0.31), (0.075, 0.040, 0.022)
    shown = fibres.coloured(run, pink, np.random.default_rng(2), locks=locks, own=brown).mean(0)
    whole = fibres.coloured(run, pink, np.random.default_rng(2), locks=locks).mean(0)
    assert np.abs(shown[0] - brown).max() < 0.12
    assert np.allclose(shown[6:], whole[6:], atol=0.03)
    assert whole[0].sum() < 0.85 * whole[6].sum()


def test_longer_hair_reaches_lower() -> None:
    def lowest(length: float) -> float:
        sitter = seated(WOMAN, Hair(style="bob", length=length))
        return float(np.quantile(in_head(sitter, grown(sitter)[1:])[:, 2], 0.01))

    assert lowest(1.5) < lowest(1.0) - 0.02 < lowest(0.7) - 0.03


def test_a_fringe_covers_the_forehead_and_ends_above_the_eyes() -> None:
    def before(fringe: bool) -> Floats:
        sitter = seated(WOMAN, Hair(style="long straight", fringe=fringe))
        points = in_head(sitter, grown(sitter)[1:])
        return points[(np.abs(points[:, 0]) < 0.03) & (points[:, 1] < 0.02) & (points[:, 2] > -0.09)]

    with_fringe, without = before(True), before(False)
    assert ((with_fringe[:, 2] > 0.02) & (with_fringe[:, 2] < 0.05)).sum() > 300
    assert (without[:, 2] < 0.045).sum() < 30
    assert np.quantile(with_fringe[:, 2], 0.001) > 0.008


@pytest.mark.parametrize("kind", sorted(beards.KINDS))
def test_beards_are_finite_and_leave_the_lips_free(kind: str) -> None:
    sitter = seated(MAN, Hair(style="bald"))
    sitter = replace(sitter, person=replace(sitter.person, beard=Beard(kind=kind)))
    meshes = grown(sitter, 0.4)[1:]
    points = in_head(sitter, meshes)
    lips = Frame(sitter.middle, sitter.head_turn).inside(sitter.part.vertices[sitter.masks["lips"] > 0.5])
    low, high = lips.min(0), lips.max(0)
    over = (np.abs(points[:, 0]) < 0.6 * high[0]) & (points[:, 2] > low[2] + 0.003) & (points[:, 2] < high[2] - 0.004)
    assert np.isfinite(points).all()
    assert len(points) > 1_000
    assert over.mean() < 0.02


def test_a_hat_presses_hair_to_the_head_at_its_rim(fields: dict[float, Field]) -> None:
    sitter = seated(MAN, Hair(style="tousled"))
    frame, rim = Frame(sitter.middle, sitter.head_turn), hats.above_rim(Outfit(hat="beanie"), sitter)

    def off_the_head(worn: Callable[[Floats], Floats] | None) -> float:
        meshes = hair.head(sitter.person, sitter, frame, fields[MAN], DRAFT, worn)
        points = np.concatenate([mesh.v for mesh in meshes])
        assert rim is not None
        near = np.abs(rim(points)) < 3
        return float(np.quantile(fields[MAN].distance(frame.inside(points[near])), 0.95))

    assert off_the_head(rim) < 0.010 < off_the_head(None)


def test_skin_is_as_hair_is_where_the_line_has_receded() -> None:
    """No roots are painted on a forehead that has no hair any more."""
    sitter = seated(MAN, Hair(style="crop", line=1.0))
    person, rest = sitter.person, sitter.part.rest
    painted = skin.paint(person, sitter.masks, rest)["add"].max(1)
    bare, high = hairline.Line.of(person).inside(rest) < -3, rest[:, 2] > 0.79
    assert painted[bare & high].max() == 0
    assert painted[~bare & high].max() > 0.02


def test_grey_hairs_of_a_beard_lighten_cheeks_and_chin_alike() -> None:
    sitter = seated(MAN, Hair(style="bald"))
    sitter = replace(sitter, person=replace(sitter.person, beard=Beard(kind="full beard", grey=1.0)))
    beard = grown(sitter, 0.2)[1]
    low = Frame(sitter.middle, sitter.head_turn).inside(beard.v)
    light = beard.extra["colour"].mean(1)
    chin = np.abs(low[:, 0]) < 0.02
    assert light[chin].mean() == pytest.approx(light[~chin].mean(), rel=0.1)


@pytest.mark.parametrize("name", ["blue", "pink", "purple", "green"])
def test_brows_under_dyed_hair_are_not_dyed(name: str) -> None:
    red, green, blue = brows.brow_colour(replace(Person(), hair=Hair(colour=HAIR[name])))
    assert red > green > blue
