"""What may not be made is refused before it costs anything, and repeated tries are seen by moderators."""

from tests import faces
from tests.bot.conftest import World
from tests.bot.reading import answer, fields, said


async def test_a_refusal_names_its_rule_charges_nothing_and_is_seen_by_moderators(world: World) -> None:
    before = await world.balance(world.sam)
    for _ in range(2):
        result = await world.sam.slash(world.channel, "portrait", prompt="a nude man on a beach")
        assert "Rule:" in said(result)
    assert await world.balance(world.sam) == before
    assert not await world.stores.orders.open_orders()
    account = answer(await world.mira.slash(world.channel, "account", user=world.sam))
    assert "2" in fields(account)["Refused in 30 days"]


async def test_a_servers_block_list_holds_for_prompts_changes_and_recipes(world: World) -> None:
    await world.mira.slash(world.channel, "settings", block="clown")
    assert "block list of this server" in said(await world.sam.slash(world.channel, "portrait", prompt="a sad clown"))
    message = await world.portrait(world.sam, "a man in a suit")
    (portrait,) = await world.stores.portraits.by_message(message.id)
    shown = await world.sam.select(message, ["clothing"], custom_id=f"portrait:change:{portrait.id}")
    assert "block list" in said(await world.sam.submit_modal(shown, {"clothing": "a clown costume"}))
    await world.mira.slash(world.channel, "settings", unblock="clown")
    assert (await world.portrait(world.sam, "a sad clown")).attachments


async def test_an_uploaded_face_stays_an_upload_through_portraits_made_of_it(world: World) -> None:
    await world.agree(world.sam)
    await world.sam.slash(world.channel, "character save", name="me", attachment=("me.png", faces.png("ana-1")))
    message = await world.portrait(world.sam, "@me on a beach")
    (portrait,) = await world.stores.portraits.by_message(message.id)
    order = await world.stores.orders.get(portrait.order_id)
    assert order is not None
    assert order.from_upload
    await world.sam.slash(world.channel, "character save", name="copy")
    copy = await world.stores.characters.get(world.sam.id, "copy")
    assert copy is not None
    assert copy.references[0].origin == "upload"
