"""Faces are found, told apart and judged, on rendered pictures of two people."""

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from engine.faces import face_review, identity
from engine.faces.face_review import ExpectedFace
from engine.faces.identity import Face
from engine.faces.likeness import ACCEPTED, scale
from tests import faces

ANA = ("ana-1", "ana-2", "ana-3", "ana-4")
KAI = ("kai-1", "kai-2", "kai-3", "kai-4")


def picture(name: str) -> Image.Image:
    return Image.open(io.BytesIO(faces.png(name))).convert("RGB")


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def seen() -> dict[str, Face]:
    return {name: identity.look(faces.png(name))[0] for name in (*ANA, *KAI)}


def held(name: str, *seen: Face) -> ExpectedFace:
    return ExpectedFace(name, tuple((face.embedding, face.pattern) for face in seen))


def test_each_render_has_one_face_that_will_do_as_a_reference(seen: dict[str, Face]) -> None:
    for name, face in seen.items():
        assert len(identity.look(faces.png(name))) == 1
        assert face_review.unfit(face) == ""


def test_pictures_of_one_person_are_nearer_than_those_of_two(seen: dict[str, Face]) -> None:
    def apart(pairs: "itertools.chain[tuple[str, str]] | itertools.product[tuple[str, str]]") -> list[float]:
        return sorted(identity.distance(seen[a].embedding, seen[b].embedding) for a, b in pairs)

    same = apart(itertools.chain(itertools.combinations(ANA, 2), itertools.combinations(KAI, 2)))
    other = apart(itertools.product(ANA, KAI))
    assert same[len(same) // 2] < scale().accepted < other[0]


def test_a_portrait_of_the_person_is_liked_and_one_of_somebody_else_is_not(seen: dict[str, Face]) -> None:
    ana = held("ana", seen["ana-1"])
    own, other = (face_review.portrait(faces.png(name), [ana]) for name in ("ana-2", "kai-1"))
    assert own is not None
    assert other is not None
    assert (own.faces, own.sharp, own.copied) == (1, True, False)
    assert own.likeness is not None
    assert other.likeness is not None
    assert other.likeness < ACCEPTED < own.likeness + 25


def test_the_reference_itself_is_told_as_a_copy_also_when_it_was_cropped(seen: dict[str, Face]) -> None:
    ana = held("ana", seen["ana-1"])
    cropped = picture("ana-1").crop((4, 6, 124, 186))
    for content in (faces.png("ana-1"), encoded(cropped)):
        judged = face_review.portrait(content, [ana])
        assert judged is not None
        assert judged.copied
        assert judged.likeness == 100.0


def test_of_two_in_one_portrait_each_is_found_whatever_their_order(seen: dict[str, Face]) -> None:
    both = Image.new("RGB", (256, 192))
    both.paste(picture("kai-2"), (0, 0))
    both.paste(picture("ana-2"), (128, 0))
    ana, kai = held("ana", seen["ana-1"]), held("kai", seen["kai-3"])
    one, other = (face_review.portrait(encoded(both), order) for order in ([ana, kai], [kai, ana]))
    assert one is not None
    assert other is not None
    assert one.faces == 2
    assert one.likenesses == other.likenesses[::-1]


def test_who_is_not_in_the_portrait_has_no_likeness_and_who_was_never_measured_none(seen: dict[str, Face]) -> None:
    empty = face_review.portrait(
        encoded(Image.new("RGB", (128, 192), "grey")), [held("ana", seen["ana-1"]), held("kai")]
    )
    assert empty is not None
    assert (empty.faces, empty.sharp, empty.likenesses, empty.likeness) == (0, False, (0.0, None), 0.0)


def test_blurred_turned_and_small_faces_are_refused_with_what_to_do(seen: dict[str, Face]) -> None:
    blurred = identity.look(picture("ana-1").filter(ImageFilter.GaussianBlur(3)))
    assert blurred
    assert "sharper picture" in face_review.unfit(blurred[0])
    small = Image.new("RGB", (256, 384), "grey")
    small.paste(picture("ana-3").resize((43, 64)), (100, 100))
    found = identity.look(small, thorough=True)
    assert not found or "larger picture" in face_review.unfit(found[0])


def test_an_unsharp_portrait_is_told(seen: dict[str, Face]) -> None:
    judged = face_review.portrait(encoded(picture("ana-1").filter(ImageFilter.GaussianBlur(2.5))), [])
    assert judged is not None
    assert not judged.sharp


def test_a_mirrored_face_is_the_same_person_but_no_copy(seen: dict[str, Face]) -> None:
    judged = face_review.portrait(encoded(ImageOps.mirror(picture("ana-3"))), [held("ana", seen["ana-3"])])
    assert judged is not None
    assert not judged.copied
    assert judged.likeness is not None
    assert judged.likeness > ACCEPTED


@given(st.floats(0, 2), st.floats(0, 2))
def test_the_scales_never_rise_with_the_distance(one: float, other: float) -> None:
    near, far = sorted((one, other))
    for photographic in (False, True):
        told = scale(photographic=photographic)
        assert 100 >= told(near) >= told(far) >= 0


def test_the_scale_is_what_its_points_say() -> None:
    for points in (scale(), scale(photographic=True)):
        assert [round(points(each), 6) for each in (points.full, points.accepted, points.other)] == [100, 60, 0]


def test_a_distance_says_more_between_photographs_than_between_renders(seen: dict[str, Face]) -> None:
    ana = held("ana", seen["ana-1"])
    render, photograph = (face_review.portrait(faces.png("kai-1"), [ana], photographic=like) for like in (False, True))
    assert render is not None
    assert photograph is not None
    assert render.likeness is not None
    assert photograph.likeness is not None
    assert render.likeness < photograph.likeness


@pytest.mark.parametrize("size", [(2048, 32), (32, 2048), (2048, 1), (1, 1)])
def test_a_strip_is_looked_at_without_being_blown_up(size: tuple[int, int]) -> None:
    """With a short side like a portrait's it would have ten million pixels and more, for many seconds."""
    assert identity.look(Image.new("RGB", size, "teal"), thorough=True) == ()
