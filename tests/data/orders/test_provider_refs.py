"""What a hosted provider calls a job is kept beside the job."""

from pathlib import Path

from data.core.database import Database
from data.orders.jobs import NewJob, NewOrder, Orders
from data.pictures.picture_store import PictureStore


async def test_a_providers_ticket_is_there_after_a_restart(tmp_path: Path) -> None:
    database = await Database.open(tmp_path)
    orders = Orders(database, PictureStore(database))
    job = NewJob(model="m", lane="standard", seed=1, width=2, height=3, steps=1, guidance=0.0, price=0)
    order = NewOrder(id="o", source="s", guild_id=1, channel_id=1, user_id=1, prompt="{}", jobs=(job, job))
    await orders.place(order, now=1.0)
    assert await orders.provider_ref("o.1") == ""
    await orders.set_provider_ref("o.1", "sent")
    await orders.set_provider_ref("o.1", "https://api.bfl.ai/v1/get_result?id=1")
    await database.close()
    database = await Database.open(tmp_path)
    orders = Orders(database, PictureStore(database))
    assert await orders.provider_ref("o.1") == "https://api.bfl.ai/v1/get_result?id=1"
    assert await orders.provider_ref("o.0") == await orders.provider_ref("nobody's") == ""
    await database.close()
