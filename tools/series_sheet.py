"""Makes the README's contact sheet: `python -m tools.series_sheet` takes one person through a series.

The studio itself does it, without Discord: a portrait is made and saved as @ana, and the series keeps her face. With
the model that ships, unless `--model` names another that is set up in the environment.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bot.core import varying
from bot.core.engine_setup import make_catalogue, make_engine
from bot.core.errors import Refused
from bot.core.extras import Extras
from bot.core.hosted_setup import OrderJournal
from bot.core.marking import Marker
from bot.core.picture_safety import PictureSafety
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.results import ProgressMessage, Result
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import Studio
from bot.messages import series_sheet
from bot.uploads import saving
from data.orders.jobs import Order, Way
from engine.jobs.job import Event
from engine.prompt import PortraitPrompt, parse

PICTURE: Final = Path("docs/series.jpg")
PERSON: Final = "a woman of 35 with red hair, front view, window light"
SAME: Final = "@ana in a white shirt"
VARY: Final = "place: beach at noon | forest | night city | library | kitchen | snow"
ME: Final = 1
TRIES: Final = 8
PLACE: Final = Whereabouts(guild_id=1, channel_id=1)
NOWHERE: Final = StatusMessage(message_id=None, token="", token_expires_at=0.0)


class Desk:
    """Where the studio hands its portraits over."""

    def __init__(self) -> None:
        self.handed_out: asyncio.Queue[Result] = asyncio.Queue()

    def progress_message(self, order: Order) -> ProgressMessage:
        return self

    def update(self, job_id: str, event: Event) -> None:
        return

    def again(self, job_id: str) -> None:
        return

    def ended(self, job_id: str, sentence: str = "") -> None:
        print(f"{job_id} {sentence or 'done'}", file=sys.stderr)

    async def close(self) -> None:
        return

    async def deliver(self, order: Order, result: Result) -> Way | None:
        self.handed_out.put_nowait(result)
        return "channel"

    async def tell(self, order: Order, sentence: str) -> Way | None:
        print(sentence, file=sys.stderr)
        return "channel"

    async def call_back(self, orders: Sequence[Order]) -> None:
        return


def main() -> int:
    """Returns 0, or 2 when no face could be saved or the series was refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.series_sheet", description="Makes a series' contact sheet.")
    parser.add_argument("target", type=Path, nargs="?", default=PICTURE, help=f"default {PICTURE}")
    parser.add_argument("--person", default=PERSON, help="who is saved as @ana")
    parser.add_argument("--prompt", default=SAME, help="what is the same in all frames")
    parser.add_argument("--vary", default=VARY, help="what differs")
    parser.add_argument("--model", default="built-in", help="which model makes all of it")
    parser.add_argument("--seed", type=int, default=7, help="of the first portrait and of the series")
    options = parser.parse_args()
    try:
        jpeg = asyncio.run(_made(options))
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    options.target.write_bytes(jpeg)
    print(f"Wrote {options.target} ({len(jpeg) / 1024:.0f} KiB).")
    return 0


async def _made(options: argparse.Namespace) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None).model_copy(  # type: ignore[call-arg]  # taken by pydantic-settings
            update={"data_folder": Path(folder), "credits_daily": 10**6, "price_confirm_above": 10**6}
        )
        stores = await Stores.open(settings.data_folder)
        desk = Desk()
        engine = make_engine(settings, make_catalogue(settings), _nothing, _fatal, journal=OrderJournal(stores.orders))
        studio = Studio(settings, stores, engine, desk, PictureSafety(settings, stores, None))
        try:
            await _save_a_face(studio, desk, options)
            return await _series(studio, desk, options)
        finally:
            await studio.close(8.0)
            await stores.close()


async def _save_a_face(studio: Studio, desk: Desk, options: argparse.Namespace) -> None:
    """Raises Refused when none of some portraits shows a face that will do."""
    for number in range(TRIES):
        prompt = parse(f"{options.person} --seed {options.seed + number}")
        await studio.order(_wish(f"face:{number}", prompt, options.model), NOWHERE)
        portraits = (await desk.handed_out.get()).portraits
        try:
            if portraits:
                saver, catalogue = saving.Saver(ME, PLACE.guild_id), studio.engine.catalogue
                await saving.from_portrait(studio.stores, catalogue, saver, "ana", portraits[0])
                return
        except Refused as error:
            print(error, file=sys.stderr)
    raise Refused("No portrait showed a face that could be saved. Choose another person or model.")


async def _series(studio: Studio, desk: Desk, options: argparse.Namespace) -> bytes:
    base = parse(f"{options.prompt} --seed {options.seed}")
    asked = varying.read(options.vary, studio.settings.series_frames)
    frames = varying.series(base, asked, studio.engine.catalogue, options.model)
    order = await studio.order(_wish("series", base, options.model, extras=Extras(series=frames)), NOWHERE)
    await desk.handed_out.get()
    sheet = await series_sheet.draw(studio.stores, Marker(studio.settings), order.id)
    return sheet.jpeg if sheet else b""


def _wish(source: str, prompt: PortraitPrompt, model: str, **more: Any) -> OrderRequest:
    return OrderRequest(source=f"tool:{source}", place=PLACE, user_id=ME, prompt=prompt, model=model, **more)


async def _nothing(jobs: object) -> None:
    return


def _fatal(reason: str) -> None:
    print(f"The studio cannot go on: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
