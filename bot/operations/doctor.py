"""`python -m bot doctor`: one line for each thing the bot needs, what is wrong with it and how to mend it."""

import asyncio
import importlib.util
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image

from bot.core.engine_setup import make_catalogue, ram_share_bytes
from bot.core.errors import DiscordUnreachable, SettingsError
from bot.core.real_people import read_names, real_people_of
from bot.core.settings import Settings
from bot.core.words import bare, listed
from bot.operations.diagnosis import Diagnosis
from bot.operations.discord_account import look
from bot.operations.weights_check import check_weights
from data.core import schema
from data.core.data_errors import DataError
from data.core.database import FILE_NAME
from data.core.files import private_folder, readable_by_others, write_over
from data.core.folder_lock import lock_folder
from engine.faces import identity
from engine.models import studio_model
from engine.models.model import Model
from engine.pictures.intake import encode_png
from engine.placement.graphics_card import Card
from engine.placement.model_parts import parts_of
from engine.placement.plan import plan
from engine.placement.sizes import GIB
from engine.review import portrait_review
from engine.safety import picture_classifier
from engine.safety.not_scored import NotScored

MARKS: Final = {"good": "ok  ", "note": "note", "bad": "BAD "}


def run(settings: Settings) -> int:
    """Print the report; the exit code is 1 when something is bad."""
    return told(examine(settings))


def told(findings: Iterable[Diagnosis]) -> int:
    """Print findings as they come; 1 when one of them is bad."""
    worst = 0
    for finding in findings:
        print(f"{MARKS[finding.mark]} {finding.text}")
        worst = max(worst, finding.mark == "bad")
    return int(worst)


def examine(settings: Settings) -> Iterator[Diagnosis]:
    """Every finding, in the order in which things are needed."""
    yield from (Diagnosis("note", f"Settings: {sentence}") for sentence in settings.renamed)
    yield from _account(settings)
    yield from _data_folder(settings)
    yield _disk(settings)
    yield from _models(settings)
    if settings.model_builtin:
        yield _studio()
    yield _faces()
    yield _reviews()
    yield _safety(settings)
    yield _real_people(settings)
    if settings.model_local or settings.model_file or settings.model_folder:
        yield from check_weights(settings)
        yield from _device(settings)


def _account(settings: Settings) -> Iterator[Diagnosis]:
    """The token, and what the bot may do in its servers."""
    token = settings.discord_token.get_secret_value()
    if not token:
        yield Diagnosis("bad", "Token: DISCORD_TOKEN is empty. `python -m bot setup` asks for it.")
        return
    try:
        # In a thread of its own, since this may be called where a loop runs.
        with ThreadPoolExecutor(1) as apart:
            account = apart.submit(asyncio.run, look(token, settings.discord_api_url)).result()
    except SettingsError as error:
        yield Diagnosis("bad", f"Token: {error}")
        return
    except DiscordUnreachable as error:
        yield Diagnosis("note", f"Token: it was not tried. {error}")
        return
    yield Diagnosis("good", f"Token: Discord accepts it; it is of {bare(account.name)}.")
    if not account.servers:
        yield Diagnosis("note", f"Servers: the bot is in none. Invite it: {account.invite}")
    for server in account.servers:
        if server.lacking:
            yield Diagnosis(
                "bad",
                f"Servers: in {bare(server.name)} the bot lacks {listed(server.lacking)}. Give its role that, or "
                f"invite it anew: {account.invite}",
            )


def _data_folder(settings: Settings) -> Iterator[Diagnosis]:
    folder = settings.data_folder
    try:
        # Made when missing. One that is there is left as it is: closing it to others is the next start's part.
        if not folder.is_dir():
            private_folder(folder)
        probe = folder / ".doctor"
        write_over(probe, b"x")
        probe.unlink()
    except OSError as error:
        yield Diagnosis(
            "bad", f"Data folder: {folder} cannot be written ({error.strerror}). Mend its owner, or DATA_FOLDER."
        )
        return
    yield Diagnosis("good", f"Data folder: {folder.absolute()} can be written.")
    yield from _privacy(folder)
    try:
        lock_folder(folder).release()
    except DataError:
        yield Diagnosis("note", "Data folder: a bot is running on it now.")
    yield _database(settings)


def _privacy(folder: Path) -> Iterator[Diagnosis]:
    """A folder that the start could not close: somebody else's, or on a disk that knows no modes."""
    if readable_by_others(folder):
        owner = folder.stat().st_uid
        whose = "yours" if owner == os.geteuid() else f"user {owner}'s and you are user {os.geteuid()}"
        yield Diagnosis(
            "note",
            f"Data folder: other users of this machine may look into it (it is {whose}). The bot's start closes a "
            f"folder of its own user; otherwise: sudo chown -R THE_BOTS_USER {folder} and sudo chmod -R go= {folder}.",
        )


def _database(settings: Settings) -> Diagnosis:
    path = settings.data_folder / FILE_NAME
    if not path.exists():
        return Diagnosis("note", "Database: there is none yet; the first start makes it.")
    try:
        schema.check(path, len(schema.migrations()))
    except DataError as error:
        return Diagnosis("bad", f"Database: {error}")
    return Diagnosis("good", f"Database: whole, {path.stat().st_size / 2**20:,.1f} MiB.")


def _disk(settings: Settings) -> Diagnosis:
    folder = settings.data_folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**20
    if free < settings.data_free_mib:
        return Diagnosis(
            "bad",
            f"Disk: {free:,.0f} MiB free, fewer than DATA_FREE_MIB ({settings.data_free_mib}): no orders are taken.",
        )
    return Diagnosis("good", f"Disk: {free:,.0f} MiB free.")


def _models(settings: Settings) -> Iterator[Diagnosis]:
    try:
        catalogue = make_catalogue(settings)
    except SettingsError as error:
        yield Diagnosis("bad", f"Models: {error}")
        return
    for model in catalogue.models:
        licence = f" Licence: {model.licence}." if model.licence else ""
        note = f" {model.note}" if model.note else ""
        yield Diagnosis("note" if model.note else "good", f"Model {model.id}: {model.title}.{licence}{note}")
    for fine_tune in catalogue.fine_tunes:
        licence = f" Licence: {fine_tune.licence}." if fine_tune.licence else ""
        yield Diagnosis("good", f"Fine-tune {fine_tune.name}: {fine_tune.title}, for {fine_tune.base}.{licence}")
    for sentence in catalogue.refused:
        yield Diagnosis("bad", f"Fine-tunes: {sentence}")


def _studio() -> Diagnosis:
    """Bad only by what is then missing: `_models` says when no default model is left."""
    why = studio_model.missing()
    if why:
        return Diagnosis("note", f"Studio: it takes no pictures here, because {why}.")
    return Diagnosis("good", "Studio: the ray caster and the denoiser are there; it needs no GPU.")


def _faces() -> Diagnosis:
    why = identity.missing()
    if why:
        return Diagnosis(
            "note",
            f"Faces: {why}, so pictures are not checked for a face and likeness is not measured. "
            f"Install it: {identity.INSTALL}.",
        )
    return Diagnosis("good", "Faces: dlib is there; likeness is measured.")


def _reviews() -> Diagnosis:
    """What of a portrait can be reviewed here."""
    if why := portrait_review.missing():
        return Diagnosis("note", f"Reviews: {why}, so portraits are not reviewed, and `/portrait best_of:` is refused.")
    # They are made of packages that may not be there.
    from engine.review import mesh_points, written_words

    if why := mesh_points.missing():
        told = (
            f"Reviews: {why}, so catchlights and the look of the eyes are left out. Install it: {mesh_points.INSTALL}."
        )
        return Diagnosis("note", told)
    if why := written_words.missing():
        return Diagnosis("note", f"Reviews: words in portraits are not read: {why}.")
    return Diagnosis("good", "Reviews: everything that a review measures can be measured here.")


def _safety(settings: Settings) -> Diagnosis:
    """Whether pictures are looked at before they are shown, tried on one."""
    named = settings.moderation_picture_model
    why = picture_classifier.missing(named) or _try_classifier(named)
    if not why:
        by = Path(named).name if named else picture_classifier.BUNDLED
        return Diagnosis("good", f"Safety: every picture is looked at before it is shown, by {by}.")
    mend = "Mend MODERATION_PICTURE_MODEL." if named else f"Install it: {picture_classifier.INSTALL}."
    if named or settings.moderation_adult:
        return Diagnosis(
            "bad", f"Safety: pictures cannot be looked at, because {why}, so the bot does not start. {mend}"
        )
    return Diagnosis(
        "note",
        f"Safety: {why}, so pictures are not looked at before they are shown, and adult content can be allowed "
        f"nowhere. {mend}",
    )


def _real_people(settings: Settings) -> Diagnosis:
    """How many names are looked for, and what is done about them."""
    mode, file = settings.moderation_real_people, settings.moderation_real_people_file
    if mode == "off" and not file:
        return Diagnosis("good", "Real people: MODERATION_REAL_PEOPLE is off; no names are looked for.")
    try:
        count = read_names(Path(file)).count if mode == "off" else real_people_of(settings).names.count
    except SettingsError as error:
        return Diagnosis("bad", f"Real people: {error}")
    if mode == "off":
        return Diagnosis("note", f"Real people: {count:,} names in {file}, but MODERATION_REAL_PEOPLE is off.")
    done = "is refused" if mode == "refuse" else "asks its person for the right to"
    return Diagnosis("good" if count else "note", f"Real people: an order with one of {count:,} names {done}.")


def _try_classifier(named: str) -> str:
    """Why a model that is there does not run, "" when it does."""
    try:
        picture_classifier.ClassifierApart(named).score(encode_png(Image.new("RGB", (64, 64), "white")))
    except NotScored as error:
        return str(error)
    return ""


def _device(settings: Settings) -> Iterator[Diagnosis]:
    if importlib.util.find_spec("torch") is None:
        yield Diagnosis(
            "bad", 'Device: no torch, so local models cannot run. Install it: .venv/bin/pip install -e ".[local]".'
        )
        return
    for device in settings.model_devices or ("",):
        yield from _card(settings, device)


def _card(settings: Settings, device: str) -> Iterator[Diagnosis]:
    """One card of MODEL_DEVICES, or "" for the one that torch takes."""
    from engine.backends.local.devices import fault, found_card, look

    index = int(device.partition(":")[2] or 0)
    why = fault(look(index))
    if why:
        yield Diagnosis("bad", f"Device: {why}.")
        return
    card = found_card(ram_share_bytes(settings), index)
    if card is None and device:
        yield Diagnosis("bad", f"Device: there is no {device}. Mend MODEL_DEVICES, or leave it out.")
        return
    if card is None:
        yield Diagnosis(
            "note",
            "Device: no GPU. Local models are made for one; large ones do not run without.",
        )
        yield from _too_large_without(settings)
        return
    own = int(settings.model_memory_gib * GIB) or card.usable_bytes
    name = f"{device}, {card.name}" if device else card.name
    yield Diagnosis("good", f"Device: {name}, {own / GIB:.1f} GiB for models.")
    yield from _placements(settings, replace(card, usable_bytes=own))


def _too_large_without(settings: Settings) -> Iterator[Diagnosis]:
    """The models that are refused on a processor."""
    from engine.backends.local.model_cache import PROCESSOR_GIB

    for model in _local_models(settings):
        parts = parts_of(model)
        if parts is not None and sum(part.elements for part in parts.parts) * 2 / GIB > PROCESSOR_GIB:
            yield Diagnosis(
                "bad", f"Placement of {model.id}: it is too large to run without a GPU; orders are refused."
            )


def _local_models(settings: Settings) -> list[Model]:
    try:
        return [model for model in make_catalogue(settings).models if model.provider == "local"]
    except SettingsError:
        return []  # told already


def _placements(settings: Settings, card: Card) -> Iterator[Diagnosis]:
    """Where each local model goes on this card; what `python -m bot plan` says at length."""
    for model in _local_models(settings):
        parts = parts_of(model)
        found = plan(model, parts, card) if parts is not None else None
        if found is None:
            yield Diagnosis(
                "note", f"Placement of {model.id}: not known before it is downloaded, or memory_gib is set."
            )
        elif found.fits:
            yield Diagnosis("good", f"Placement of {model.id}: {found.placement.settings}, {found.batch} at once.")
        else:
            other = " or ".join(text for text, _ in found.otherwise)
            advice = f"Set {other}." if other else "Nothing that can be set makes it fit."
            yield Diagnosis(
                "bad", f"Placement of {model.id}: it does not fit ({found.need.card / GIB:.1f} GiB). {advice}"
            )
