"""Characters in versions, shared ones, and the tries of their portraits."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from data.characters.saved_characters import MOST_REFERENCES, Character, FaceMeasure
from data.core.data_errors import CharacterGone, HandleShared, HandleTaken, TooManyReferences, UnknownCharacter
from data.orders.attempts import Attempt, Attempts
from tests.data.conftest import ANA, BEN, FACTS, GUILD, NOON, House, names, order, png

FACE = FaceMeasure(b"e" * 512, b"p" * 8, 1)


async def save(house: House, handle: str = "ana", *, user: int = ANA, shade: int = 0) -> Character:
    staged, crop = await house.pictures.stage(png(shade)), await house.pictures.stage(png(100 + shade))
    return await house.characters.save(
        user, GUILD, handle, staged, origin="upload", crop=crop, face=FACE, description="a sailor", now=NOON
    )


async def add(house: House, handle: str = "ana", shade: int = 1) -> Character:
    return await house.characters.add(ANA, handle, await house.pictures.stage(png(shade)), origin="upload", now=NOON)


async def test_a_new_picture_makes_a_new_version_and_the_old_one_stays(house: House) -> None:
    first = await save(house)
    second = await add(house)
    assert (second.version, second.default_version, second.versions, len(second.references)) == (2, 2, 2, 2)
    assert [each.measured for each in second.references] == [True, False]
    old = await house.characters.get(ANA, "@Ana:1")
    assert old is not None
    assert [each.sha256 for each in old.references] == [first.references[0].sha256]
    assert await house.characters.get(ANA, "ana:3") is None
    assert (await house.characters.set_default(ANA, "ana", 1)).version == 1
    with pytest.raises(UnknownCharacter):
        await house.characters.set_default(ANA, "ana", 3)


async def test_a_version_has_five_pictures_at_most(house: House) -> None:
    await save(house)
    for shade in range(1, MOST_REFERENCES):
        await add(house, shade=shade)
    files = names(house.pictures.folder)
    with pytest.raises(TooManyReferences):
        await add(house, shade=50)
    assert names(house.pictures.folder) == files


async def test_of_pictures_added_at_once_none_is_lost(house: House) -> None:
    await save(house)
    await asyncio.gather(*(add(house, shade=shade) for shade in (1, 2, 3)))
    latest = await house.characters.get(ANA, "ana")
    assert latest is not None
    assert (latest.version, len(latest.references)) == (4, 4)


async def test_deleting_takes_every_version_its_faces_and_its_files(house: House) -> None:
    await save(house)
    await add(house)
    assert await house.characters.delete(ANA, "ana:1")
    assert names(house.pictures.folder) == set()
    assert await house.characters.handles(ANA) == []


async def test_a_shared_character_is_found_in_its_server_by_others(house: House) -> None:
    await save(house)
    assert await house.characters.find(BEN, GUILD, "ana") is None
    await house.characters.share(ANA, "ana", GUILD)
    found = await house.characters.find(BEN, GUILD, "ANA")
    assert found is not None
    assert (found.user_id, found.shared_in) == (ANA, GUILD)
    assert await house.characters.find(BEN, GUILD + 1, "ana") is None
    assert await house.characters.get(BEN, "ana") is None
    assert [each.handle for each in await house.characters.shared(GUILD, without=BEN)] == ["ana"]
    assert await house.characters.handles(BEN, GUILD) == ["ana"]
    await house.characters.share(ANA, "ana", None)
    assert await house.characters.find(BEN, GUILD, "ana") is None


async def test_ones_own_comes_before_a_shared_one_also_when_the_version_is_not_there(house: House) -> None:
    await save(house)
    await add(house)
    await house.characters.share(ANA, "ana", GUILD)
    own = await save(house, user=BEN, shade=7)
    found = await house.characters.find(BEN, GUILD, "ana")
    assert found is not None
    assert found.id == own.id
    assert await house.characters.find(BEN, GUILD, "ana:2") is None


async def test_of_two_who_share_the_same_name_one_is_told(house: House) -> None:
    await save(house)
    await save(house, user=BEN, shade=7)
    done = await asyncio.gather(
        *(house.characters.share(user, "ana", GUILD) for user in (ANA, BEN)), return_exceptions=True
    )
    assert sum(isinstance(each, HandleShared) for each in done) == 1


async def test_renaming_keeps_the_pictures_and_never_takes_a_name(house: House) -> None:
    await save(house)
    await save(house, "kai", shade=3)
    assert (await house.characters.rename(ANA, "ana", "Mia")).handle == "Mia"
    assert (await house.characters.rename(ANA, "mia", "mia")).handle == "mia"
    with pytest.raises(HandleTaken):
        await house.characters.rename(ANA, "mia", "KAI")
    with pytest.raises(UnknownCharacter):
        await house.characters.rename(ANA, "ana", "zoe")
    await save(house, "zoe", user=BEN, shade=8)
    await house.characters.share(BEN, "zoe", GUILD)
    await house.characters.share(ANA, "mia", GUILD)
    with pytest.raises(HandleShared):
        await house.characters.rename(ANA, "mia", "zoe")


async def test_an_order_pins_what_its_faces_were_when_it_was_made(house: House) -> None:
    """Neither a new picture nor deleting the character changes an order that waits."""
    saved = await save(house)
    await house.characters.describe(ANA, "ana", description="", scale=0.9)
    placed = await house.orders.place(replace(order(0), references=(saved.references[0].id,)), now=NOON)
    assert await house.characters.of_order(placed.id) == {saved.id: 1}
    await add(house)
    await house.characters.delete(ANA, "ana")
    pinned = await house.orders.get(placed.id)
    assert pinned is not None
    (reference,) = pinned.references
    assert (reference.sha256, reference.crop_sha256, reference.scale) == (
        saved.references[0].sha256,
        saved.references[0].crop_sha256,
        0.9,
    )
    (face,) = await Attempts(house.db).pinned_faces(placed.id)
    assert (face.handle, face.embedding, face.pattern) == ("ana", FACE.embedding, FACE.pattern)
    assert await house.characters.of_order(placed.id) == {}
    for row in placed.jobs:
        await house.orders.end(row.id, "cancelled", "", NOON)
    await house.orders.close(placed.id)
    assert await Attempts(house.db).pinned_faces(placed.id) == ()
    assert names(house.pictures.folder) == set()


async def test_a_shared_face_may_be_ordered_where_it_is_shared_and_nowhere_else(house: House) -> None:
    saved = await save(house, user=BEN)
    wanted = replace(order(0), references=(saved.references[0].id,))
    with pytest.raises(CharacterGone):
        await house.orders.place(wanted, now=NOON)
    await house.characters.share(BEN, "ana", GUILD)
    assert (await house.orders.place(wanted, now=NOON)).created


async def test_a_banned_persons_shared_face_is_found_and_ordered_by_nobody_until_they_are_let_in(house: House) -> None:
    shared = await save(house, user=BEN)
    await house.characters.share(BEN, "ana", GUILD)
    await house.bans.add(GUILD, BEN, actor_id=ANA, now=NOON)
    assert await house.characters.find(ANA, GUILD, "ana") is None
    assert not await house.characters.shared(GUILD)
    assert not await house.characters.handles(ANA, GUILD)
    with pytest.raises(CharacterGone):
        await house.orders.place(order(0, references=(shared.references[0].id,)), now=NOON)
    assert await house.characters.handles(BEN, GUILD) == ["ana"]
    await house.bans.remove(GUILD, BEN, actor_id=ANA, now=NOON)
    assert await house.characters.find(ANA, GUILD, "ana") is not None
    assert await house.characters.handles(ANA, GUILD) == ["ana"]


async def test_a_ban_elsewhere_hides_nothing_here(house: House) -> None:
    await save(house, user=BEN)
    await house.characters.share(BEN, "ana", GUILD)
    await house.bans.add(GUILD + 1, BEN, actor_id=ANA, now=NOON)
    assert await house.characters.find(ANA, GUILD, "ana") is not None


async def test_tries_are_kept_one_is_chosen_and_the_card_counts_it(house: House) -> None:
    saved = await save(house)
    attempts = Attempts(house.db)
    placed = await house.orders.place(replace(order(0), references=(saved.references[0].id,)), now=NOON)
    job = placed.jobs[0].id
    await house.orders.starting([job], NOON)
    low, high = (
        Attempt(number=number, seed=number, faces=1, sharp=True, likenesses=(likeness,))
        for number, likeness in ((1, 40.0), (2, 88.0))
    )
    assert await attempts.record(job, low, NOON, again=True)
    assert (await house.orders.job(job)).attempts == 0  # type: ignore[union-attr]  # it was just placed
    await house.orders.starting([job], NOON)
    await attempts.record(job, high, NOON)
    await attempts.choose(job, 2)
    assert await attempts.of_job(job) == (low, replace(high, chosen=True))
    await attempts.record(job, replace(high, chosen=True), NOON)
    await attempts.record(job, low, NOON, again=True)
    assert not any(one.chosen for one in await attempts.of_job(job)), "begun anew after a crash, nothing is chosen yet"
    await attempts.choose(job, 2)
    staged = await house.pictures.stage(png(9))
    await house.orders.store(job, staged, FACTS, NOON)
    use = await house.characters.use(saved.id)
    assert (use.portraits, use.measured, use.median, use.worst) == (1, 1, 88.0, 88.0)


async def test_a_job_that_was_cancelled_is_not_tried_again(house: House) -> None:
    placed = await house.orders.place(order(0), now=NOON)
    job = placed.jobs[0].id
    await house.orders.end(job, "cancelled", "", NOON)
    assert not await Attempts(house.db).record(job, Attempt(number=1, seed=1), NOON, again=True)
