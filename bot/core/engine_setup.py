"""From settings to an engine: which models there are and which backends make them. Nothing heavy is imported here."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core import hosted_setup, words
from bot.core.errors import SettingsError
from bot.core.settings import Settings
from engine.downloads.downloads import Downloads
from engine.downloads.hub import HubAccess
from engine.jobs.job import Job
from engine.models.catalogue import Catalogue, CatalogueSettings, build
from engine.models.model import ON_THIS_MACHINE, CatalogueError
from engine.pictures.decoding.decoder import Decoder
from engine.placement.graphics_card import ram_for_models
from engine.placement.sizes import GIB
from engine.queue.engine import Engine, Limits
from engine.queue.queue_watcher import QueueWatcher

if TYPE_CHECKING:
    from engine.backends import Backend
    from engine.backends.hosted import RequestJournal
    from engine.backends.local.runtime import LocalSettings

log = logging.getLogger(__name__)


def make_catalogue(settings: Settings) -> Catalogue:
    """The models on offer. Blocking: cards and headers of models' files are read. Raises SettingsError."""
    try:
        catalogue = build(
            CatalogueSettings(
                builtin=settings.model_builtin,
                studio_quality=settings.model_studio_quality,
                local_models=settings.model_local,
                models_file=Path(settings.model_file) if settings.model_file else None,
                fine_tunes_folder=Path(settings.model_fine_tunes) if settings.model_fine_tunes else None,
                models_folder=Path(settings.model_folder) if settings.model_folder else None,
                default=settings.model_default,
                hosted=hosted_setup.reached(settings),
                costs_usd=settings.spend_costs,
            )
        )
    except CatalogueError as error:
        raise SettingsError(f"The models in .env are not usable: {error}") from error
    for name, priced in (("PRICE_MODELS", settings.price_models), ("SPEND_COSTS", settings.spend_costs)):
        unknown = priced.keys() - {model.id for model in catalogue.models}
        if unknown:
            raise SettingsError(
                f"{name} has a price for {words.listed(sorted(unknown))}, which is on offer nowhere. "
                f"There is {words.listed(model.id for model in catalogue.models)}."
            )
    _check_editor(settings, catalogue)
    _check_machine(settings, catalogue)
    return catalogue


def make_downloads(settings: Settings) -> Downloads:
    """What fetches models from a hub; the disk keeps as much free as orders need."""
    token = settings.model_hub_token.get_secret_value()
    return Downloads(HubAccess(token=token, keep_free_bytes=settings.data_free_mib * 2**20))


def _check_machine(settings: Settings, catalogue: Catalogue) -> None:
    """What is said of this machine must mean something here."""
    providers = {model.id: model.provider for model in catalogue.models}
    for name in settings.warm_models:
        if name not in providers:
            raise SettingsError(f"MODEL_WARM names {name}, and there is no such model ({words.listed(providers)}).")
        if providers[name] not in ON_THIS_MACHINE:
            raise SettingsError(f"MODEL_WARM is for {name}, which does not run on this machine.")
    if settings.model_expandable_segments and not any(model.provider == "local" for model in catalogue.models):
        raise SettingsError("MODEL_EXPANDABLE_SEGMENTS is on, and there is no local model for a GPU (MODEL_LOCAL).")


def _check_editor(settings: Settings, catalogue: Catalogue) -> None:
    able = [model.id for model in catalogue.models if model.edits and model.references]
    if settings.likeness_editor and settings.likeness_editor not in able:
        raise SettingsError(
            f"LIKENESS_EDITOR is {settings.likeness_editor}, which is no model here that edits pictures with a face. "
            f"There is {words.listed(able) or 'none'}."
        )


def ram_share_bytes(settings: Settings) -> int | None:
    """What the models of one card may take of the machine's memory; None: most of it, where there is one card."""
    ram = int(settings.model_ram_gib * GIB) or (ram_for_models() if len(settings.model_devices) > 1 else 0)
    return ram // max(1, len(settings.model_devices)) or None


def local_settings_by_card(settings: Settings) -> "list[LocalSettings]":
    """How local models use each card of this machine."""
    from engine.backends.local.runtime import LocalSettings

    ram = ram_share_bytes(settings)
    return [
        LocalSettings(
            device=device,
            memory_gib=settings.model_memory_gib or None,
            ram_gib=None if ram is None else ram / GIB,
            expandable=settings.model_expandable_segments,
        )
        for device in settings.model_devices or ("auto",)
    ]


def make_engine(
    settings: Settings,
    catalogue: Catalogue,
    before_start: Callable[[Sequence[Job]], Awaitable[None]],
    on_fatal: Callable[[str], None],
    running_cap: Callable[[str], int] | None = None,
    journal: "RequestJournal | None" = None,
    decoder: Decoder | None = None,
    watcher: QueueWatcher | None = None,
) -> Engine:
    """An engine of these models that loads nothing until the first portrait. `journal` keeps what was bought, `decoder`
    opens what providers send, `watcher` is told of every job.
    """
    for sentence in catalogue.refused:
        log.warning("%s", sentence)
    downloads = make_downloads(settings)
    for model in downloads.absent(catalogue.models):
        log.info("%s is downloaded with its first order, or by: python -m bot fetch %s", model.title, model.id)
    limits = Limits(
        # The studio asks for less of those whose tier has less.
        waiting_per_user=max(settings.queue_waiting_per_user, *(tier.waiting or 0 for tier in settings.tiers.values())),
        waiting=settings.queue_waiting,
        running_per_user=settings.queue_running_per_user,
        deadline_s=settings.queue_deadline_s,
        batch=settings.queue_batch,
    )

    def local() -> "Backend":
        from engine.backends.diffusers import DiffusersBackend
        from engine.backends.several_cards import SeveralCards

        workers = {told.device: DiffusersBackend(catalogue, settings=told) for told in local_settings_by_card(settings)}
        return next(iter(workers.values())) if len(workers) == 1 else SeveralCards(workers)

    def studio() -> "Backend":
        from engine.backends.photo_studio import StudioBackend

        return StudioBackend(catalogue)

    return Engine(
        catalogue,
        {"local": local, "studio": studio, **hosted_setup.backends(settings, catalogue, journal, decoder)},
        limits=limits,
        before_start=before_start,
        on_fatal=on_fatal,
        running_cap=running_cap,
        weights=downloads,
        watcher=watcher,
    )
