"""`python -m bot compare`: every model's portraits of the same prompts, reviewed, as a page and a table.

They go through the engine as an order's do: its queue and batches, each model's own wording and placement, downloads.
There is no Discord and no database. Policy reads the prompts, as it reads everybody's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from bot.core.engine_setup import make_catalogue, make_engine
from bot.core.errors import BotError
from bot.core.marking import Marker
from bot.core.settings import Settings
from bot.operations import compare_page, compare_table
from bot.operations.compare_face import face_picture, faceless_sentences
from bot.operations.compare_plan import (
    USUAL_PROMPTS,
    check_spending,
    chosen_models,
    cost_sentences,
    planned_portraits,
)
from bot.operations.compared_portraits import (
    ComparisonFolder,
    ComparisonJournal,
    PlannedPortrait,
    PortraitOutcome,
    is_missing,
    is_paid,
)
from data.core.data_errors import FolderInUse
from data.core.folder_lock import lock_folder
from engine.faces import identity
from engine.jobs.job import EngineError, EngineStopped, Finished, Job
from engine.models.catalogue import Catalogue
from engine.pictures.provenance import Origin
from engine.pictures.source_types import SourceType
from engine.queue.engine import Engine
from engine.review import portrait_review
from engine.review.judged_parts import PortraitReview, as_data

MOST_SEEDS: Final = 64
_TOGETHER: Final = 64
"""Portraits of one model that may run at once, as far as its backend takes them."""
_GRACE_S: Final = 20.0


class ComparisonStopped(BotError):
    """The engine cannot go on in this process; what was made by then is kept."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be said behind `python -m bot compare`."""
    parser.add_argument(
        "--models", type=_ids, metavar="ID,ID", help="these alone; none: all that cost nothing and are there"
    )
    parser.add_argument("--hosted", action="store_true", help="models that cost money too, where none are named")
    parser.add_argument(
        "--prompts",
        type=Path,
        default=USUAL_PROMPTS,
        metavar="FILE",
        help="one a line, # begins a comment; none: twelve",
    )
    parser.add_argument(
        "--face", type=Path, metavar="PICTURE", help="who @face is; none: whom each model's first portrait shows"
    )
    parser.add_argument("--seeds", type=_seeds, default=1, metavar="N", help="portraits of each prompt; 1")
    parser.add_argument("--review-again", action="store_true", help="review what has a review too")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder, or one to go on with")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Make what is missing, review it, write page and table, print the table.

    The exit code is 1 when a portrait failed or is missing. Raises BotError, DataError.
    """
    catalogue = make_catalogue(settings)
    chosen = chosen_models(settings, catalogue, options.models, hosted=options.hosted)
    face = None if options.face is None else face_picture(options.face)
    planned = planned_portraits(
        settings, chosen.models, options.prompts, options.seeds, "" if face is None else face.name
    )
    folder = ComparisonFolder(options.out)
    missing = [each for each in planned if is_missing(folder.outcome(each))]
    check_spending(settings.spend_daily, missing)
    with _opened(folder):
        notes = (*chosen.notes, *faceless_sentences(chosen.models, planned))
        for sentence in (*notes, *cost_sentences(missing)):
            _say(sentence)
        comparison = Comparison(settings, catalogue, folder, planned, notes, review_again=options.review_again)
        try:
            if face is not None:
                folder.write_picture(face.name, face.png)
            _gone_through(comparison)
        except OSError as error:
            raise BotError(
                f"{folder.root} could not be written ({error.strerror}). The same command goes on."
            ) from error
    print(compare_table.markdown(comparison.portraits(), comparison.notes))
    _say(f"{folder.root / 'index.html'} shows the pictures side by side.")
    return int(bool(comparison.missing()))


def _gone_through(comparison: Comparison) -> None:
    """Whatever ends it, the table of what there is by then is written. Raises BotError, DataError, OSError."""
    try:
        asyncio.run(comparison.go())
    except KeyboardInterrupt:
        _say("\nStopped. What was made is kept; the same command goes on from there.")
    finally:
        comparison.write()


def _ids(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _seeds(text: str) -> int:
    """Raises argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST_SEEDS):
        raise argparse.ArgumentTypeError(f"{text} is no number of portraits from 1 to {MOST_SEEDS}")
    return int(text)


def _say(sentence: str) -> None:
    """The table alone goes to standard output."""
    print(sentence, file=sys.stderr, flush=True)


@contextmanager
def _opened(folder: ComparisonFolder) -> Iterator[None]:
    """Makes the folder and holds it, so that no other run buys the same. Raises BotError where that cannot be."""
    try:
        if folder.is_others():
            raise BotError(f"{folder.root} holds something else; name a new folder, or one of an earlier comparison.")
        folder.open()
        held = lock_folder(folder.root)
    except FolderInUse as error:
        raise BotError(f"Another comparison is being made in {folder.root}. Wait for it, or stop it.") from error
    except OSError as error:
        raise BotError(f"{folder.root} cannot be used: {error.strerror}. Name a folder that can be written.") from error
    with held:
        yield


class Comparison:
    """One run: the engine, and what became of each portrait."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        folder: ComparisonFolder,
        planned: Sequence[PlannedPortrait],
        notes: Sequence[str] = (),
        *,
        review_again: bool = False,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._folder = folder
        self._review_again = review_again
        self._marker = Marker(settings)
        self._arrivals = count(1)
        self._faces: dict[Path, bytes] = {}
        self._outcomes = {each: folder.outcome(each) for each in planned}
        self._work: asyncio.Future[list[None]] | None = None
        self.notes = list(notes)

    def portraits(self) -> compare_table.Portraits:
        """What the table and the page are made of."""
        return list(self._outcomes.items())

    def missing(self) -> list[PlannedPortrait]:
        """What is not there, or failed: it is made by the next run."""
        return [each for each, outcome in self._outcomes.items() if is_missing(outcome)]

    def write(self) -> None:
        """Page and tables of what there is. Blocking. Raises OSError, NoSpace."""
        told = self.portraits()
        self._folder.write("table.md", compare_table.markdown(told, self.notes))
        self._folder.write("table.json", compare_table.as_json(told, self.notes))
        self._folder.write("index.html", compare_page.page(told, self.notes))

    async def go(self) -> None:
        """Model by model, so that none has to leave memory for another: first its portraits, then their reviews, which
        would take processor time from portraits that are being timed. Raises ComparisonStopped."""
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with self._engine(lost) as (engine, journal):
            for model_id in dict.fromkeys(each.model.id for each in self._outcomes):
                wanted = [each for each in self.missing() if each.model.id == model_id]
                # Whom the others show may be in one of the first.
                for named in (False, True):
                    some = [each for each in wanted if bool(each.face) is named]
                    self._work = asyncio.gather(*(self._made(engine, journal, each) for each in some))
                    either: set[asyncio.Future[Any]] = {self._work, lost}
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                    if lost.done():
                        raise ComparisonStopped(f"The engine cannot go on: {lost.result()}. The same command goes on.")
                    await self._work
                await self._review([each for each in self._unseen() if each.model.id == model_id])
                await asyncio.to_thread(self.write)

    @asynccontextmanager
    async def _engine(self, lost: asyncio.Future[str]) -> AsyncIterator[tuple[Engine, ComparisonJournal]]:
        async def before_start(_: object) -> None:
            return

        journal = ComparisonJournal(self._folder)
        engine = make_engine(
            self._settings,
            self._catalogue,
            before_start,
            on_fatal=lambda reason: None if lost.done() else lost.set_result(reason),
            running_cap=lambda _: _TOGETHER,
            journal=journal,
        )
        try:
            yield engine, journal
        finally:
            await engine.stop(_GRACE_S)
            if self._work is not None:  # a picture that came in the last moment is still written down
                await asyncio.wait({self._work}, timeout=_GRACE_S)

    def _unseen(self) -> list[PlannedPortrait]:
        """What is there and is to be reviewed: it has no review that can be read, or all are wanted again."""
        made = [(each, outcome) for each, outcome in self._outcomes.items() if outcome is not None]
        return [
            each for each, outcome in made if not outcome.failed and (self._review_again or outcome.reviewed() is None)
        ]

    async def _made(self, engine: Engine, journal: ComparisonJournal, planned: PlannedPortrait) -> None:
        before = self._outcomes[planned]
        tried = before.tried if before is not None else 0
        png = b""
        try:
            references = await asyncio.to_thread(self._folder.reference, planned)
        except OSError:
            failed = "The portrait whose face it was to have is not there."
            await self._keep(planned, PortraitOutcome(failed=failed, tried=tried))
            return
        job = planned.job(next(self._arrivals), tried, references)
        try:
            finished = await _finished(engine, job)
        except EngineStopped:
            return
        except EngineError as error:
            outcome = PortraitOutcome(failed=str(error), tried=tried + 1, cost_usd_micros=journal.charges.get(job.id))
        else:
            algorithmic = planned.model.provider == "studio"
            source = SourceType.ALGORITHMIC if algorithmic else SourceType.TRAINED
            png = await self._marker.mark(finished, job, Origin(source=source, by_provider=finished.by_provider))
            charged = journal.charges.get(job.id, planned.model.cost_usd_micros or None)
            outcome = PortraitOutcome(
                seconds=finished.render_s / max(1, finished.batch),
                words=finished.words.long_prompt or finished.words.prompt,
                tried=tried,
                cost_usd_micros=charged if is_paid(planned.model) else None,
            )
        await self._keep(planned, outcome, png)

    async def _keep(self, planned: PlannedPortrait, outcome: PortraitOutcome, png: bytes = b"") -> None:
        await asyncio.to_thread(self._folder.keep, planned, outcome, png)
        self._outcomes[planned] = outcome
        told = f"failed: {outcome.failed}" if outcome.failed else f"{outcome.seconds:.1f} s"
        if png or outcome.failed:
            _say(f"{planned.model.id}, prompt {planned.number}, seed {planned.seed}: {told}")

    async def _review(self, portraits: Sequence[PlannedPortrait]) -> None:
        """In the process apart, one after another. What cannot be reviewed is told, and tried again by the next run."""
        if why := portrait_review.missing():
            sentence = f'Portraits are not reviewed: {why}. Install it: .venv/bin/pip install -e ".[review]".'
            if portraits and sentence not in self.notes:
                self.notes.append(sentence)
                _say(sentence)
            return
        for planned in portraits:
            outcome = self._outcomes[planned]
            if outcome is None:
                continue
            try:
                png = await asyncio.to_thread(self._folder.picture(planned).read_bytes)
                review = await asyncio.to_thread(self._reviewed, planned, png)
            except (OSError, portrait_review.NotReviewed) as error:
                _say(f"{planned.model.id}, prompt {planned.number}: it was not reviewed: {error}")
                continue
            await self._keep(planned, replace(outcome, review=as_data(review)))

    def _reviewed(self, planned: PlannedPortrait, png: bytes) -> PortraitReview:
        """Blocking. Raises OSError, portrait_review.NotReviewed."""
        faces = [self._embedding(reference.path) for reference in self._folder.reference(planned)]
        known = [[face] for face in faces if face]
        return portrait_review.review(png, planned.prompt, known, photographic=planned.model.photographic)

    def _embedding(self, picture: Path) -> bytes:
        """Of the largest face in it; empty where none is found."""
        if picture not in self._faces:
            found = identity.look(picture)
            self._faces[picture] = found[0].embedding if found else b""
        return self._faces[picture]


async def _finished(engine: Engine, job: Job) -> Finished:
    """Raises EngineError."""
    last: object = None
    # It is the operator's own, so the caps of the queue, which are for members, do not count.
    async for event in engine.submit(job, accepted=True):
        last = event
    if not isinstance(last, Finished):
        raise TypeError(f"{job.id} ended without a picture")
    return last
