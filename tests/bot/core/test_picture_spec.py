"""What a picture is made from stays the same from the order to the row, the job, the portrait and the next order.

The fields are asked of `PictureSpec` itself, so that one which is forgotten on the way fails here.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from bot.core import extras
from bot.core.engine_jobs import spec_of
from bot.core.requests import OrderRequest, Whereabouts, spec_for
from bot.core.results import facts
from data.orders.jobs import NewJob
from engine.jobs.job import Adapter, Finished, Job, Lane, PictureSpec
from engine.jobs.stored_spec import from_columns, to_columns
from engine.models.local_models import local_model
from engine.prompt import NOTHING, PortraitPrompt, to_json
from engine.wording.dialects import RenderedPrompt
from tests.data.conftest import SPEC, House, order, png

_OF_KIND: dict[str, Callable[[int], Any]] = {
    "str": lambda number: f"word-{number}",
    "int": lambda number: 10 + number,
    "float": lambda number: number + 0.5,
    "bool": lambda number: True,
    "Lane": lambda number: Lane.FAST,
    "PortraitPrompt": lambda number: PortraitPrompt(subject=f"a woman, the {number}th", aspect="4:5"),
}
DECIDED_ANEW = {"width", "height", "steps", "guidance"}
"""What another picture like this one takes from the model as it is set now."""


def unusual() -> PictureSpec:
    """A spec in which every field says something else than its default."""
    return PictureSpec(**{one.name: _OF_KIND[str(one.type)](at) for at, one in enumerate(fields(PictureSpec))})


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[House]:
    """The data in a folder, closed at the end whatever happens."""
    house = await House.open(folder)
    try:
        yield house
    finally:
        await house.db.close()


def finished(spec: PictureSpec) -> Finished:
    """The picture that comes of it."""
    return Finished(
        picture=png(size=(spec.width, spec.height)),
        width=spec.width,
        height=spec.height,
        seed=spec.seed,
        words=RenderedPrompt("a woman"),
        model_title="Tiny",
        note="",
        steps=spec.steps,
        render_s=0.5,
        batch=1,
    )


async def test_every_field_goes_from_the_order_to_its_rows_and_to_the_portrait(tmp_path: Path) -> None:
    spec = unusual()
    async with opened(tmp_path) as house:
        placed = await house.orders.place(replace(order(0), jobs=(NewJob(spec=spec, price=0),)), now=1.0)
        assert placed.jobs[0].spec == spec
        made = finished(spec)
        staged = await house.pictures.stage(made.picture)
        stored = await house.orders.store(placed.jobs[0].id, staged, facts(made, spec), 2.0)
        assert stored.spec == spec
    async with opened(tmp_path) as house:
        read, portrait = await house.orders.get(placed.id), await house.portraits.get(stored.id)
    assert read is not None
    assert portrait is not None
    assert read.jobs[0].spec == portrait.spec == spec


async def test_a_picture_without_a_prompt_of_its_own_has_that_of_its_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        placed = await house.orders.place(order(0), now=1.0)
    assert placed.jobs[0].spec.prompt == NOTHING
    assert spec_of(placed, placed.jobs[0]) == replace(SPEC, prompt=PortraitPrompt(subject="a woman"))


def test_every_field_goes_from_the_row_to_the_job() -> None:
    spec = unusual()
    job = Job(**spec.spec_fields(), id="1", user="1", arrival=1)
    assert job.spec_fields() == spec.spec_fields()
    assert {one.name for one in fields(PictureSpec)} == set(to_columns(spec))
    assert from_columns(to_columns(spec)) == spec


def test_what_cannot_be_read_of_a_stored_prompt_is_left_out_of_the_list_and_not_the_list_itself() -> None:
    assert from_columns({**to_columns(SPEC), "prompt": "{"}).prompt == NOTHING
    assert to_columns(SPEC)["prompt"] == ""
    assert to_columns(unusual())["prompt"] == to_json(unusual().prompt)


def test_another_picture_like_it_differs_only_in_what_the_model_decides() -> None:
    """Also when the price had to be confirmed in between, which takes it through a quote."""
    model = local_model("/nowhere/m=m")
    like = replace(unusual(), model=model.id)
    wanted = extras.from_text(extras.to_text(extras.Extras(like=like)))
    assert wanted.like == like
    assert wanted.lora is not None
    assert wanted.lora.strength is not None
    adapter = Adapter(name=wanted.lora.name, path=Path("m.safetensors"), weight=wanted.lora.strength)
    place = Whereabouts(guild_id=1, channel_id=1)
    request = OrderRequest(source="s", place=place, user_id=1, prompt=like.prompt, lane=like.lane, extras=wanted)
    again = spec_for(model, adapter, None, request, like.seed, like.prompt)
    assert {name for name, value in again.spec_fields().items() if value != getattr(like, name)} == DECIDED_ANEW
    other = spec_for(replace(model, id="other"), None, None, request, 1, like.prompt)
    assert (other.model, other.fine_tune) == ("other", "")
