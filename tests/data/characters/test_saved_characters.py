"""Characters belong to one user, are found by their name, and let go of their pictures."""

from __future__ import annotations

import asyncio

import pytest

from data.characters.saved_characters import check_handle
from data.core.data_errors import BadHandle, HandleTaken, PictureMissing
from tests.data.conftest import ANA, BEN, GUILD, NOON, House, names, order, png


async def save(house: House, handle: str, *, user: int = ANA, shade: int = 0) -> int:
    staged = await house.pictures.stage(png(shade))
    return (await house.characters.save(user, GUILD, handle, staged, origin="upload", now=NOON)).id


async def test_a_saved_face_is_found_whatever_the_case_and_only_by_its_owner(house: House) -> None:
    saved = await save(house, "Ana")
    for asked in ("ana", "@ANA", " Ana "):
        found = await house.characters.get(ANA, asked)
        assert found is not None
        assert (found.id, found.handle, found.version) == (saved, "Ana", 1)
        assert await house.pictures.read(found.references[0].sha256) == png()
    assert await house.characters.get(BEN, "ana") is None
    assert await house.characters.get(ANA, "anna") is None


async def test_two_users_may_use_the_same_name(house: House) -> None:
    assert await save(house, "ana") != await save(house, "ana", user=BEN)


async def test_of_two_saves_at_once_one_gets_the_name(house: House) -> None:
    done = await asyncio.gather(*(save(house, "ana", shade=shade) for shade in range(5)), return_exceptions=True)
    refused = [each for each in done if isinstance(each, HandleTaken)]
    assert len(refused) == 4
    assert "already have a character called “ana”" in str(refused[0])
    assert len(names(house.pictures.folder)) == 1


async def test_a_portrait_becomes_a_character_without_a_second_file(house: House) -> None:
    portrait_id = await house.delivered(order(0))
    portrait = await house.portraits.get(portrait_id)
    assert portrait is not None
    saved = await house.characters.save(
        ANA, GUILD, "ana", portrait.sha256, origin="portrait", portrait_id=portrait_id, now=NOON
    )
    assert [(each.origin, each.portrait_id) for each in saved.references] == [("portrait", portrait_id)]
    assert len(names(house.pictures.folder)) == 1
    with pytest.raises(PictureMissing):
        await house.characters.save(ANA, GUILD, "kai", "0" * 64, origin="portrait", now=NOON)


async def test_words_about_a_face_stay_with_its_pictures_and_are_pinned_by_orders(house: House) -> None:
    staged, another = await house.pictures.stage(png(1)), await house.pictures.stage(png(2))
    await house.characters.save(ANA, GUILD, "ana", staged, origin="upload", looks="red", now=NOON)
    saved = await house.characters.add(ANA, "ana", another, origin="upload", looks="grey", now=NOON)
    assert [each.looks for each in saved.references] == ["red", "grey"]
    await house.characters.keep_fitted(saved.references[0].sha256, "somebody")
    await house.accounts.grant(GUILD, ANA, 100, key="k", actor_id=ANA, now=NOON)
    placed = await house.orders.place(order(1, references=tuple(each.id for each in saved.references)), now=NOON)
    await house.characters.delete(ANA, "ana")
    kept = await house.orders.get(placed.id)
    assert kept is not None
    assert [(each.looks, each.fitted) for each in kept.references] == [("red", "somebody"), ("grey", "")]


async def test_characters_are_listed_by_name(house: House) -> None:
    for shade, handle in enumerate(["zoe", "Ana", "kai"]):
        await save(house, handle, shade=shade)
    assert await house.characters.handles(ANA) == ["Ana", "kai", "zoe"]
    assert [each.handle for each in await house.characters.list(ANA)] == ["Ana", "kai", "zoe"]
    assert await house.characters.delete(ANA, "@kai")
    assert not await house.characters.delete(ANA, "kai")
    assert await house.characters.handles(ANA) == ["Ana", "zoe"]
    assert len(names(house.pictures.folder)) == 2


@pytest.mark.parametrize("handle", ["", "@", "a" * 16, "añа", "two words", "ana:2", "an\na", "../ana"])
async def test_bad_names_are_refused_with_what_a_name_may_be(house: House, handle: str) -> None:
    with pytest.raises(BadHandle, match="1 to 15 letters"):
        await save(house, handle)
    assert names(house.pictures.folder) == set()


@pytest.mark.parametrize("handle", ["a", "kai-2", "A_b-9", "x" * 15])
def test_good_names_are_kept_as_typed(handle: str) -> None:
    assert check_handle(f" @{handle}") == handle
