"""From settings to an engine: which models there are and which backends make them. Nothing heavy is imported here."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from bot.errors import SettingsError
from bot.settings import Settings
from engine.catalogue import Catalogue, CatalogueError, CatalogueSettings, build
from engine.engine import Engine, Limits
from engine.jobs import Job

if TYPE_CHECKING:
    from engine.backends import Backend


def make_catalogue(settings: Settings) -> Catalogue:
    """The models on offer. Raises SettingsError."""
    try:
        return build(
            CatalogueSettings(
                builtin_folder=settings.data_folder / "models" / "built-in",
                builtin=settings.model_builtin,
                local_models=settings.model_local,
                default=settings.model_default,
            )
        )
    except CatalogueError as error:
        raise SettingsError(f"The models in .env are not usable: {error}") from error


def make_engine(
    settings: Settings,
    before_start: Callable[[Sequence[Job]], Awaitable[None]],
    on_fatal: Callable[[str], None],
) -> Engine:
    """An engine that loads nothing until the first portrait. Raises SettingsError."""
    catalogue = make_catalogue(settings)
    limits = Limits(
        waiting_per_user=settings.queue_waiting_per_user,
        waiting=settings.queue_waiting,
        running_per_user=settings.queue_running_per_user,
        deadline_s=settings.queue_deadline_s,
        batch=settings.queue_batch,
    )

    def local() -> "Backend":
        from engine.backends.diffusers import DiffusersBackend

        return DiffusersBackend(catalogue, memory_gib=settings.model_memory_gib or None)

    return Engine(catalogue, {"local": local}, limits=limits, before_start=before_start, on_fatal=on_fatal)
