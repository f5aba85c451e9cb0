"""`python -m bot upgrade-check`: what the next start of this version would do to the data folder. Changes nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from bot.core.engine_setup import make_catalogue
from bot.core.errors import SettingsError
from bot.core.settings import RENAMED, Settings
from bot.core.words import listed
from bot.maintenance.self_check import MIB, backup_folder
from bot.operations.diagnosis import Diagnosis
from data.core import schema
from data.core.data_errors import DataError
from data.core.database import FILE_NAME
from data.core.files import write_over
from data.upkeep import scheduled_backups

KNOWN: Final = "known-settings.json"
"""In the data folder: the names of the settings that the version knew which started on it last."""
_ELSEWHERE: Final = ("HF_", "CUDA_", "PYTORCH_", "TORCH_", "OMP_", "COMPOSE_")
"""Beginnings of what other programs read from the same file."""


def examine(settings: Settings, file: Path = Path(".env")) -> Iterator[Diagnosis]:
    """Every finding: the database, the settings, the models, and the disk for a backup before."""
    yield _database(settings.data_folder / FILE_NAME)
    yield from _settings(settings, file)
    yield _models(settings)
    yield from _backup(settings)


def _database(path: Path) -> Diagnosis:
    if not path.exists():
        return Diagnosis("note", "Database: there is none yet; the first start makes it.")
    try:
        waiting = schema.waiting(path)
    except DataError as error:
        return Diagnosis("bad", f"Database: {error}")
    if not waiting:
        return Diagnosis("good", "Database: it is of this version; nothing would be changed.")
    steps = "1 migration" if len(waiting) == 1 else f"{len(waiting)} migrations"
    return Diagnosis(
        "note",
        f"Database: the next start applies {steps} ({listed(waiting)}). An older version cannot use it afterwards: "
        "make a backup before.",
    )


def _settings(settings: Settings, file: Path) -> Iterator[Diagnosis]:
    yield from (Diagnosis("note", f"Settings: {sentence}") for sentence in settings.renamed)
    names = set(Settings.model_fields)
    given = {name.lower() for name in dotenv_values(file)} - set(RENAMED)
    gone = sorted(name.upper() for name in given - names if not name.upper().startswith(_ELSEWHERE))
    if gone:
        yield Diagnosis("note", f"Settings: {file} gives {listed(gone)}, which this version does not know.")
    before = _known_before(settings.data_folder)
    if before is None:
        yield Diagnosis("note", "Settings: what is new cannot be said before a first start of this version or a later.")
        return
    if lost := sorted(name.upper() for name in before - names - given):
        yield Diagnosis("note", f"Settings: {listed(lost)} of the version before is gone; it was not set in {file}.")
    if new := sorted(name.upper() for name in names - before):
        yield Diagnosis("note", f"Settings: new since the last start: {listed(new)}. See .env.example.")
    if not (gone or lost or new):
        yield Diagnosis("good", "Settings: the same as at the last start.")


def _known_before(folder: Path) -> set[str] | None:
    try:
        return {str(name) for name in json.loads((folder / KNOWN).read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return None


def remember_settings(folder: Path) -> None:
    """Note the names of this version's settings for the next one's check. Blocking."""
    if _known_before(folder) != set(Settings.model_fields):
        write_over(folder / KNOWN, json.dumps(sorted(Settings.model_fields)).encode())


def _models(settings: Settings) -> Diagnosis:
    try:
        count = len(make_catalogue(settings).models)
    except SettingsError as error:
        return Diagnosis("bad", f"Models: {error}")
    return Diagnosis("good", f"Models: {count} on offer.")


def _backup(settings: Settings) -> Iterator[Diagnosis]:
    """Whether there is room for a backup, and the command that makes one."""
    need = scheduled_backups.size_of_next(settings.data_folder) / MIB
    folder = existing = backup_folder(settings).absolute()
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free / MIB
    said = f"Backup: it would take about {need:,.1f} MiB, and {free:,.0f} MiB are free where {folder} is"
    if free < need + settings.data_free_mib:
        yield Diagnosis(
            "bad", f"{said}: too little beside DATA_FREE_MIB. Make it elsewhere: python -m bot backup FOLDER."
        )
    else:
        yield Diagnosis("good", f"{said}. Make one before: python -m bot backup FOLDER.")
