"""A portrait whose face does not hold is tried again; one portrait comes of it, one payment, and a record of all."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from bot.core.extras import Extras
from bot.core.identity_retries import IdentityRetries
from bot.core.picture_safety import PictureSafety
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.reviewing import Judge
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import Result, Studio
from bot.messages import cards, likeness_words
from data.characters.saved_characters import FaceMeasure
from data.orders.attempts import Attempt
from data.orders.jobs import Order
from engine.backends import Cancelled, Outcome, Report
from engine.faces import identity
from engine.jobs.job import Finished, Job, PictureSpec, Progress, RenderFailed
from engine.models.catalogue import Catalogue
from engine.models.local_models import local_model
from engine.models.model import Model
from engine.prompt import PortraitPrompt
from engine.queue.engine import Engine
from engine.wording.dialects import RenderedPrompt
from tests import faces
from tests.bot.core.test_hosted import Counter

SAM = 7


@dataclass
class Painter:
    """Paints the pictures it is told to, one a job, and notes the seeds it was given."""

    pictures: list[str]
    slots: int = 1
    seeds: list[int] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    stuck: asyncio.Event | None = None

    def max_batch(self, model: Model, size: tuple[int, int]) -> int:
        return 1

    async def render(self, batch: Sequence[Job], report: Report, cancelled: Cancelled) -> Sequence[Outcome]:
        (job,) = batch
        self.seeds.append(job.seed)
        self.jobs.append(job)
        if not self.pictures:
            assert self.stuck is not None
            self.stuck.set()
            await asyncio.Event().wait()
        name = self.pictures.pop(0)
        if name == "fails":
            return [RenderFailed("the paint is dry")]
        return [
            Finished(
                picture=together() if name == "both" else faces.png(name),
                width=128,
                height=192,
                seed=job.seed,
                words=RenderedPrompt("a woman"),
                model_title="Painter",
                note="",
                steps=1,
                render_s=0.1,
                batch=1,
            )
        ]

    async def close(self) -> None:
        return


def together() -> bytes:
    """Ana on the left, Kai on the right."""
    both = Image.new("RGB", (256, 192))
    for at, name in enumerate(("ana-2", "kai-3")):
        with Image.open(faces.FOLDER / f"{name}.png") as one:
            both.paste(one, (128 * at, 0))
    buffer = io.BytesIO()
    both.save(buffer, "PNG")
    return buffer.getvalue()


class House:
    """A studio whose portraits are the pictures it is told to make."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        *pictures: str,
        provider: str = "local",
        editor: bool = False,
        shows_faces: bool = True,
        judge: Judge | None = None,
    ) -> None:
        self.settings = settings
        self.stores = stores
        self.painter = Painter(list(pictures))
        found = local_model("/nowhere/painter=painter")
        model = replace(found, references=2, provider=provider, shows_faces=shows_faces)  # type: ignore[arg-type]
        self.counter = Counter()
        models = (replace(model, references=0), replace(model, id="editor", edits=True)) if editor else (model,)
        self.engine = Engine(
            Catalogue(models, model.id), {provider: lambda: self.painter}, before_start=self._before_start
        )
        safety = PictureSafety(settings, stores, None)
        self.studio = Studio(settings, stores, self.engine, self.counter, safety, judge=judge)

    async def _before_start(self, jobs: Sequence[Job]) -> None:
        await self.studio.before_start(jobs)

    async def order(self, *handles: str, best_of: int = 0) -> Order[PictureSpec]:
        request = OrderRequest(
            source="test:1",
            place=Whereabouts(guild_id=1, channel_id=2),
            user_id=SAM,
            prompt=PortraitPrompt(subject="a woman", characters=handles, seed=5),
            count=best_of or 1,
            extras=Extras(best_of=best_of > 0),
        )
        return await self.studio.order(request, StatusMessage(message_id=1, token="t", token_expires_at=0.0))

    async def delivered(self) -> Result:
        return await asyncio.wait_for(self.counter.handed_out.get(), 60)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=tmp_path / "var",
        data_free_mib=0,
        likeness_threshold=60,
    )


@pytest.fixture
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    stores = await Stores.open(settings.data_folder)
    for handle in ("ana", "kai"):
        face = identity.look(faces.png(f"{handle}-1"))[0]
        await stores.characters.save(
            SAM,
            1,
            handle,
            await stores.pictures.stage(faces.png(f"{handle}-1")),
            origin="upload",
            face=FaceMeasure(face.embedding, face.pattern, identity.MEASURE),
            now=1.0,
        )
    yield stores
    await stores.close()


async def charged(house: House, before: int) -> int:
    return before - (await house.studio.account(1, SAM)).balance


async def test_the_best_of_three_is_delivered_for_one_price(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "kai-1", "ana-2", "kai-3")
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order("ana")
    result = await house.delivered()
    assert not result.sentences
    (portrait,) = result.portraits
    attempts = await stores.attempts.of_job(portrait.job_id)
    assert [one.seed for one in attempts] == house.painter.seeds[: len(attempts)]
    best = max(attempts, key=lambda one: one.likeness or 0.0)
    assert best.number == 2
    assert [one.chosen for one in attempts] == [one is best for one in attempts]
    assert portrait.spec.seed == best.seed
    assert await charged(house, before) == order.jobs[0].price
    job = await stores.orders.job(portrait.job_id)
    assert job is not None
    assert job.attempts <= 1
    assert likeness_words.lines(attempts, ("ana",))[0].startswith(f"Likeness {round(best.likeness or 0)} · the best of")
    await house.studio.close(1.0)


async def test_a_face_that_holds_is_not_tried_again(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "ana-1")
    await house.order("ana")
    (portrait,) = (await house.delivered()).portraits
    (only,) = await stores.attempts.of_job(portrait.job_id)
    assert (only.likeness, only.copied, only.chosen) == (100.0, True, True)
    assert "Too alike" in "\n".join(likeness_words.lines([only], ("ana",)))
    await house.studio.close(1.0)


async def test_hosted_models_try_again_only_when_that_is_set(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "kai-1", provider="mage")
    await house.order("ana")
    (portrait,) = (await house.delivered()).portraits
    assert len(await stores.attempts.of_job(portrait.job_id)) == 1
    await house.studio.close(1.0)


async def test_a_further_try_that_fails_leaves_the_first(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "kai-1", "fails")
    await house.order("ana")
    result = await house.delivered()
    assert (len(result.portraits), result.sentences) == (1, [])
    await house.studio.close(1.0)


async def test_a_stop_in_a_further_try_ends_in_one_portrait_and_one_settlement(
    settings: Settings, stores: Stores
) -> None:
    house = House(settings, stores, "kai-1")
    house.painter.stuck = asyncio.Event()
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order("ana")
    await house.painter.stuck.wait()
    await house.studio.close(0.2)
    assert (await stores.orders.job(order.jobs[0].id)).state == "waiting"  # type: ignore[union-attr]  # just ordered
    after = House(settings, stores, "kai-1", "ana-2", "ana-3")
    assert await after.studio.resume() == 1
    result = await after.delivered()
    assert len(result.portraits) == 1
    attempts = await stores.attempts.of_job(order.jobs[0].id)
    assert sum(one.chosen for one in attempts) == 1
    assert await charged(after, before) == order.jobs[0].price
    await after.studio.close(1.0)
    settled = await stores.database.fetch_all("SELECT kind FROM ledger WHERE kind IN ('settle', 'refund')")
    assert [row["kind"] for row in settled] == ["settle"]


async def test_cancelling_a_further_try_gives_the_credits_back(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "kai-1")
    house.painter.stuck = asyncio.Event()
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order("ana")
    await house.painter.stuck.wait()
    assert await house.studio.cancel(order) == 1
    assert not (await house.delivered()).portraits
    assert await charged(house, before) == 0
    await house.studio.close(0.2)


async def test_a_character_deleted_while_its_job_runs_is_still_judged_by_what_was_pinned(
    settings: Settings, stores: Stores
) -> None:
    house = House(settings, stores, "ana-2")
    await house.order("ana")
    await stores.characters.delete(SAM, "ana")
    (portrait,) = (await house.delivered()).portraits
    (only,) = await stores.attempts.of_job(portrait.job_id)
    assert only.likeness is not None
    await house.studio.close(1.0)
    assert len(list(stores.pictures.folder.iterdir())) == 2, "the portrait and kai"


async def test_two_characters_go_along_and_each_has_a_likeness(settings: Settings, stores: Stores) -> None:
    """Where the model takes two pictures: both go along, and the card names both."""
    house = House(settings.model_copy(update={"likeness_threshold": 0}), stores, "both")
    await house.order("ana", "kai")
    (portrait,) = (await house.delivered()).portraits
    assert [one.handle for one in house.painter.jobs[0].references] == ["ana", "kai"]
    (only,) = await stores.attempts.of_job(portrait.job_id)
    assert (only.faces, len(only.likenesses), only.chosen) == (2, 2, True)
    assert all(only.likenesses)
    assert likeness_words.lines([only], ("ana", "kai"))[0].startswith("Likeness @ana ")
    await house.studio.close(1.0)


async def test_a_model_that_cannot_hold_a_face_gets_it_from_one_that_can(settings: Settings, stores: Stores) -> None:
    """A second pass for one price, and the likeness is that of what comes of it."""
    house = House(settings.model_copy(update={"likeness_editor": "editor"}), stores, "kai-1", "ana-2", editor=True)
    before = (await house.studio.account(1, SAM)).balance
    order = await house.order("ana")
    (portrait,) = (await house.delivered()).portraits
    assert portrait.model_title == "Painter, face by Painter"
    (first, second) = house.painter.jobs
    assert (first.edit, first.model, second.model) == (None, "painter", "editor")
    assert second.edit is not None
    assert "@ana" in second.edit.words
    assert not second.edit.path.exists(), "the first picture is not kept"
    (only,) = await stores.attempts.of_job(portrait.job_id)
    assert only.likeness is not None
    assert only.likeness > 0
    assert await charged(house, before) == order.jobs[0].price
    await house.studio.close(1.0)


async def test_where_the_second_pass_fails_the_first_picture_is_delivered(settings: Settings, stores: Stores) -> None:
    house = House(settings.model_copy(update={"likeness_editor": "editor"}), stores, "kai-1", "fails", editor=True)
    await house.order("ana")
    (portrait,) = (await house.delivered()).portraits
    assert portrait.model_title == "Painter"
    await house.studio.close(1.0)


async def test_a_picture_added_while_a_portrait_is_made_does_not_change_it(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, "ana-2")
    order = await house.order("ana")
    kai = await stores.pictures.stage(faces.png("kai-2"))
    assert (await stores.characters.add(SAM, "ana", kai, origin="upload", now=2.0)).version == 2
    await house.delivered()
    (job,) = house.painter.jobs
    character = await stores.characters.get(SAM, "ana:1")
    assert character is not None
    assert [one.sha256 for one in job.references] == [character.references[0].sha256]
    assert await stores.characters.of_order(order.id) == {character.id: 1}
    await house.studio.close(1.0)


async def test_no_face_is_looked_for_where_the_model_shows_none(settings: Settings, stores: Stores) -> None:
    house = House(settings, stores, shows_faces=False)
    order = await house.order()
    job = house.engine.waiting()[0].job
    noise = Finished(
        picture=b"",
        width=1,
        height=1,
        seed=1,
        words=RenderedPrompt(""),
        model_title="",
        note="",
        steps=1,
        render_s=0.1,
        batch=1,
    )

    async def never(job: Job) -> Finished:
        raise AssertionError

    holding = IdentityRetries(settings, stores, house.engine, house.studio.reviewer)
    assert await holding.best(order, order.jobs[0], job, noise, never) == (noise, None)
    await house.studio.close(0.2)


def test_people_see_why_a_portrait_is_made_once_more() -> None:
    assert cards.stage_line(cards.Stage(event=Progress(3, 24), again=True)).startswith("Once more, for a better one: ")
    assert cards.stage_line(cards.Stage(done=True, again=True)) == "Finished"


def test_what_is_said_of_two_faces_names_both() -> None:
    both = Attempt(number=1, seed=1, faces=2, sharp=True, likenesses=(91.6, 70.2), chosen=True)
    assert likeness_words.lines([both], ("ana", "kai")) == ["Likeness @ana 92, @kai 70"]
    nobody = Attempt(number=1, seed=1, faces=0, sharp=False, chosen=True)
    assert likeness_words.lines([nobody], ()) == ["No face was found in it."]
    assert likeness_words.lines([Attempt(number=1, seed=1, chosen=True)], ("ana",)) == []
