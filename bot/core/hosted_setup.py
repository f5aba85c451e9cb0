"""From settings to the hosted providers: which have a key, how they are reached, and where their tickets are kept."""

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.core.settings import ProviderSettings, Settings
from data.orders.jobs import Orders
from engine.models.catalogue import Catalogue
from engine.models.hosted_models import DEFAULTS, Access, server
from engine.models.model import Provider
from engine.pictures.decoding.decoder import Decoder

if TYPE_CHECKING:
    from engine.backends import Backend
    from engine.backends.hosted import RequestJournal

_HOSTS: Final[Mapping[Provider, tuple[str, ...]]] = {"mage": ("mage.space",), "bfl": ("bfl.ai",)}
"""Where the providers that hand out addresses have their pictures, and what is below."""

_BACKENDS: Final[Mapping[Provider, tuple[str, str]]] = {
    "cluster": ("cluster", "ClusterBackend"),
    "mage": ("mage", "MageBackend"),
    "bfl": ("bfl", "BflBackend"),
    "openai": ("openai", "OpenAIBackend"),
    "google": ("google", "GoogleBackend"),
}
"""Module and class of each provider's backend."""


class OrderJournal:
    """The engine's request journal, kept beside each job (in the column `provider_ref`)."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def remember(self, job_id: str, text: str, charged_usd_micros: int | None = None) -> None:
        await self._orders.set_provider_ref(job_id, text, charged_usd_micros)

    async def recall(self, job_id: str) -> str:
        return await self._orders.provider_ref(job_id)

    async def presume_charge(self, job_id: str, usd_micros: int) -> None:
        await self._orders.presume_charge(job_id, usd_micros)

    async def take_back_charge(self, job_id: str) -> None:
        await self._orders.take_back_charge(job_id)


def reached(settings: Settings) -> dict[Provider, Access]:
    """The cluster, if there is one, and every provider that has a key, in the order of `TITLES`.

    Raises CatalogueError.
    """
    found: dict[Provider, Access] = {"cluster": _cluster(settings)} if settings.cluster_urls else {}
    for provider, told in settings.providers.items():
        if told.api_key:
            found[provider] = _access(provider, told)
    return found


def _cluster(settings: Settings) -> Access:
    return Access(
        key=settings.cluster_api_key.get_secret_value(),
        base_url="",
        models=settings.cluster_models,
        slots=0,
        timeout_s=settings.cluster_timeout_s,
        servers=tuple(server(entry, settings.cluster_slots) for entry in settings.cluster_urls),
    )


def _access(provider: Provider, told: ProviderSettings) -> Access:
    return Access(
        key=told.api_key,
        base_url=told.base_url,
        models=told.models or DEFAULTS[provider],
        slots=told.slots,
        resolution=told.resolution,
        quality=told.quality,
        unit_usd=told.unit_usd,
        hosts=(urlsplit(told.base_url).hostname or "", *(told.hosts or _HOSTS.get(provider, ()))),
    )


def backends(
    settings: Settings, catalogue: Catalogue, journal: "RequestJournal | None", decoder: Decoder | None = None
) -> dict[str, Callable[[], "Backend"]]:
    """What makes the backend of each provider that has a key; its SDK is imported at its first portrait."""
    return {
        provider: _maker(provider, access, catalogue, journal, decoder)
        for provider, access in reached(settings).items()
    }


def _maker(
    provider: Provider, access: Access, catalogue: Catalogue, journal: "RequestJournal | None", decoder: Decoder | None
) -> Callable[[], "Backend"]:
    def make() -> "Backend":
        module, name = _BACKENDS[provider]
        made: Backend = getattr(importlib.import_module(f"engine.backends.{module}"), name)(
            catalogue, access, journal, decoder=decoder
        )
        return made

    return make
