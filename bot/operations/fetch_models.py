"""`python -m bot fetch`: downloads models from a hub before anybody waits for them, or lists what is there."""

import sys
import threading
from collections.abc import Iterator, Sequence

from bot.core import words
from bot.core.engine_setup import make_catalogue, make_downloads
from bot.core.errors import BotError
from bot.core.settings import Settings
from engine.downloads.downloads import DownloadFailed, Downloads
from engine.downloads.hub_cache import HubCache, comes_from_a_hub
from engine.downloads.weight_faults import gigabytes
from engine.models.local_models import model_of
from engine.models.model import Model
from engine.models.weights import folder_of, is_hub_id


def run(settings: Settings, names: Sequence[str], *, newest: bool) -> int:
    """Fetch these models, by id or hub id; without any, list all. The exit code is 1 when one did not come.

    Raises BotError for a name that is none.
    """
    known = [model for model in make_catalogue(settings).models if model.provider == "local"]
    if not names:
        print("\n".join(map(_line, known)) or "No local model is set up: see MODEL_LOCAL.")
        return 0
    wanted = [_named(name, known) for name in names]
    downloads = make_downloads(settings)
    try:
        came = [_fetched(model, downloads, newest=newest) for model in wanted]
    except KeyboardInterrupt:
        print("\nStopped. What came is kept; the same command goes on from there.", file=sys.stderr)
        return 1
    return int(not all(came))


def _named(name: str, known: Sequence[Model]) -> Model:
    for model in known:
        if name in (model.id, model.source):
            return model
    if is_hub_id(name):
        return model_of(name)
    ids = words.listed((model.id for model in known), "or") if known else "a hub id such as owner/model"
    raise BotError(f"No local model is called {name}. Name {ids}.")


def _fetched(model: Model, downloads: Downloads, *, newest: bool) -> bool:
    if not comes_from_a_hub(model):
        print(f"{model.id}: its files are in {model.source}; there is nothing to fetch.")
        return True
    shown = _Shown(model)
    try:
        downloads.fetch_now(model, shown, threading.Event(), newest=newest)
    except DownloadFailed as failed:
        shown.end()
        print(f"{model.id}: {failed.reason}. {failed.remedy}", file=sys.stderr)
        return False
    shown.end()
    print(_line(model))
    return True


class _Shown:
    """Progress on one line of a terminal, or a line for every tenth of it elsewhere."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tenth = -1
        self._open = False

    def __call__(self, done: int, total: int) -> None:
        text = f"{self._model.id}: {done / 1e9:.2f} of {total / 1e9:.2f} GB" if total else f"{self._model.id}: asking"
        if sys.stdout.isatty():
            print(f"\r{text}", end="", flush=True)
            self._open = True
        elif total and done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            print(text, flush=True)

    def end(self) -> None:
        if self._open:
            print()


def _line(model: Model) -> str:
    return f"{model.id}: {', '.join(_told(model))}"


def _told(model: Model) -> Iterator[str]:
    yield model.source
    if not comes_from_a_hub(model):
        yield "a folder of yours"
        return
    far = HubCache(model).how_far()
    folder = folder_of(model.source)
    if far.whole and folder is not None:
        size = far.total or sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        yield f"{gigabytes(size)}, commit {far.commit[:7]}"
    elif far.total:
        yield f"{far.done / 1e9:.1f} of {gigabytes(far.total)}"
    else:
        yield "not downloaded"
