"""From settings to an engine: which models there are and which backends make them. Nothing heavy is imported here."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from bot.settings import Settings
from engine.catalogue import CatalogueSettings, build
from engine.engine import Engine, Limits
from engine.jobs import Job

if TYPE_CHECKING:
    from engine.backends import Backend


def make_engine(settings: Settings, before_start: Callable[[Sequence[Job]], Awaitable[None]]) -> Engine:
    """An engine that loads nothing until the first portrait. Raises CatalogueError."""
    catalogue = build(
        CatalogueSettings(
            builtin_folder=settings.data_folder / "models" / "built-in",
            local_models=settings.model_local,
            default=settings.model_default,
        )
    )
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

    return Engine(catalogue, {"local": local}, limits=limits, before_start=before_start)
