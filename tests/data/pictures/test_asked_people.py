"""What orders from before asked for of people is read bit by bit, and at once where something is made of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from data.credits.ledger import LedgerNote
from data.pictures.asked_people import A_TIME, AskedPeople, WordsFromBefore
from tests.data.conftest import ANA, GUILD, MODERATOR, NOON, House, order, png


class Reader(list[WordsFromBefore]):
    """Notes what it is asked to read, and finds "12" where that is said or lies behind."""

    def __call__(self, said: WordsFromBefore) -> str:
        self.append(said)
        return "12" if any("12" in text for text in (*said.prompts, *said.words, *said.behind)) else ""


async def unread(house: House, copies: int = 0) -> None:
    """All is as an earlier version left it, with so many more orders that nothing was made of."""
    async with house.db.transaction() as tx:
        (columns,) = await tx.execute("SELECT group_concat(name) AS names FROM pragma_table_info('orders')")
        names = columns["names"].split(",")
        other = ", ".join({"id": "'copy' || value", "source": "'copy:' || value"}.get(name, name) for name in names)
        await tx.execute(
            f"INSERT INTO orders ({', '.join(names)}) SELECT {other} FROM json_each(?),"  # noqa: S608 - its own names
            " (SELECT * FROM orders ORDER BY created_at LIMIT 1)",
            (str(list(range(copies))),),
        )
        for table in ("orders", "character_references", "saved_references"):
            await tx.execute(f"UPDATE {table} SET people = NULL")  # noqa: S608 - a constant


async def test_old_orders_are_read_bit_by_bit_and_on_from_where_that_was_stopped(house: House) -> None:
    """Saved faces first; a batch is no larger than it may be, and what was read is not read again."""
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    await house.delivered(order(1))
    late = await house.delivered(replace(order(1), prompt='{"subject":"a girl of 12"}'), now=NOON + 9, shade=1)
    staged = await house.pictures.stage(png(2))
    await house.characters.save(ANA, GUILD, "kid", staged, origin="portrait", portrait_id=late, now=NOON)
    await unread(house, copies=2 * A_TIME)
    first = AskedPeople(house.db, Reader())
    assert await first.unread()
    assert await first.read_some() == 1
    (kept,) = await house.db.fetch_all("SELECT people FROM character_references")
    assert kept["people"] == "12"
    assert await first.read_some() == A_TIME
    again = Reader()
    later = AskedPeople(house.db, again)
    counts = [await later.read_some() for _ in range(4)]
    assert counts == [A_TIME, 1, 0, 0]
    assert len(again) == A_TIME + 1
    assert not await later.unread()


async def test_what_something_is_made_of_is_read_at_once_with_what_lies_behind_it_and_nothing_else(
    house: House,
) -> None:
    """A portrait by its recipe or picture, a saved face, an order: through those that they were made from."""
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    child = await house.delivered(replace(order(1), prompt='{"subject":"a girl of 12"}'))
    staged = await house.pictures.stage(png(2))
    kid = await house.characters.save(ANA, GUILD, "kid", staged, origin="portrait", portrait_id=child, now=NOON)
    with_face = replace(order(1), references=(kid.references[0].id,))
    faced = await house.delivered(with_face, now=NOON + 5, shade=3)
    changed = replace(order(1), parent_portrait_id=faced)
    await house.delivered(changed, now=NOON + 9, shade=4)
    (picture,) = await house.db.fetch_all("SELECT sha256 FROM portraits WHERE order_id = ?", (changed.id,))
    ways: dict[str, Callable[[AskedPeople], Awaitable[str]]] = {
        "the order itself": lambda people: people.of_order(changed.id),
        "its recipe": lambda people: _first(people, portrait_id=faced),
        "its picture": lambda people: _first(people, pictures=[picture["sha256"]]),
        "the face": lambda people: _first(people, characters=[kid.id]),
    }
    await unread(house, copies=20)
    for way, asked in ways.items():
        await unread(house)
        reader = Reader()
        people = AskedPeople(house.db, reader)
        assert await asked(people) == "12", way
        assert await people.unread()
        assert len(reader) <= 4, way
        before = len(reader)
        assert await asked(people) == "12"
        assert len(reader) == before


async def _first(people: AskedPeople, **which: object) -> str:
    return next(one.people for one in await people.behind(**which))  # type: ignore[arg-type]
