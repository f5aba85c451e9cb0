"""Styles and drafts belong to one user, replace themselves, and are bounded."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from data.core.database import Database
from data.orders.saved_styles import BadStyleName, Draft, Drafts, Styles, TooManyStyles

SAM, LENA = 1, 2


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path)
    yield database
    await database.close()


async def test_a_style_is_found_whatever_its_case_and_only_by_its_owner(db: Database) -> None:
    styles = Styles(db)
    await styles.save(SAM, " Rainy  street ", "{}", now=1.0)
    found = await styles.get(SAM, "rainy STREET")
    assert found is not None
    assert found.name == "Rainy street"
    assert await styles.get(LENA, "rainy street") is None


async def test_saving_again_replaces(db: Database) -> None:
    styles = Styles(db)
    await styles.save(SAM, "noir", "old", now=1.0)
    await styles.save(SAM, "Noir", "new", now=2.0)
    assert [(style.name, style.prompt) for style in await styles.list(SAM)] == [("Noir", "new")]


@pytest.mark.parametrize("name", ["", " ", "_x", "a" * 31, "a/b", "x\u0000"])
async def test_names_that_cannot_be_typed_again_are_refused(db: Database, name: str) -> None:
    with pytest.raises(BadStyleName):
        await Styles(db).save(SAM, name, "{}", now=1.0)


async def test_there_is_a_most(db: Database) -> None:
    styles = Styles(db)
    styles.LIMIT = 2
    await styles.save(SAM, "one", "{}", now=1.0)
    await styles.save(SAM, "two", "{}", now=1.0)
    with pytest.raises(TooManyStyles):
        await styles.save(SAM, "three", "{}", now=1.0)
    await styles.save(SAM, "two", "changed", now=1.0)


async def test_deleting_says_whether_there_was_one(db: Database) -> None:
    styles = Styles(db)
    await styles.save(SAM, "noir", "{}", now=1.0)
    assert await styles.delete(SAM, "NOIR")
    assert not await styles.delete(SAM, "noir")


async def test_a_draft_is_its_owners_and_fades(db: Database) -> None:
    drafts = Drafts(db)
    await drafts.save(Draft("a", SAM, "one"), now=1.0)
    await drafts.save(Draft("a", LENA, "taken over"), now=2.0)
    assert await drafts.get("a", SAM) == Draft("a", SAM, "one")
    assert await drafts.get("a", LENA) is None
    await drafts.save(Draft("b", SAM, "two"), now=1.0 + Drafts.KEPT_S + 1)
    assert await drafts.get("a", SAM) is None
