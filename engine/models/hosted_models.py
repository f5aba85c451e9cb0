"""Catalogue entries for the hosted models, and how their providers are reached. Imports no SDK.

Providers rename their models every few months, so ids come from settings; what is known of a family stays here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from engine.models.local_models import local_model, sizes
from engine.models.model import CatalogueError, Model, Provider
from engine.models.published import OF_PIPELINES, UNKNOWN
from engine.models.speed_options import is_tuned
from engine.sayings import worded

_NOT_IN_IDS: Final = re.compile(r"[^a-z0-9._-]+")
TITLES: Final[Mapping[Provider, str]] = MappingProxyType(
    {
        "cluster": "The studio's cluster",
        "mage": "Mage",
        "bfl": "Black Forest Labs",
        "openai": "OpenAI",
        "google": "Google",
    }
)
FLUX_2: Final = "flux-2-"
"""Begins the ids of the Flux models that take several pictures and change them."""
CANDID: Final = "#raw"
"""Ends the source of a Flux entry that asks for the less processed look."""
_FOUR_MEGAPIXELS: Final = 2048 * 2048
_ONE_MEGAPIXEL: Final = 1024 * 1024
_GPT_SIZES: Final = MappingProxyType(
    {
        "2:3": (1024, 1536),
        "16:9": (1536, 864),
        "1:1": (1024, 1024),
        "4:5": (1024, 1280),
        "3:2": (1536, 1024),
        "9:16": (864, 1536),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a cluster: how many pictures it makes at once, and whether it is kept for the fast lane."""

    url: str
    slots: int = 1
    fast_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one provider is reached. The key is in no repr.

    `models` are entries "id=Title" of the provider's own ids (Mage: "architecture/variant"). `resolution` is
    Mage's and Google's word for the size ("2K"), `quality` OpenAI's for the care (low to high). Pictures are
    downloaded from `hosts` and what is below them. `slots` is how many requests may be under way. A cluster has
    `servers` instead of a `base_url`, and entries of local models. `unit_usd` is what one unit of the provider's own
    money (a gem, a credit) costs, 0 when that is not known.
    """

    key: str = field(repr=False)
    base_url: str
    models: tuple[str, ...]
    slots: int
    resolution: str = ""
    quality: str = ""
    hosts: tuple[str, ...] = ()
    timeout_s: float = 300.0
    servers: tuple[Server, ...] = ()
    unit_usd: float = 0.0


def _model(provider: Provider, title: str, family: str, best_for: str, catch: str, **facts: object) -> Model:
    values: dict[str, object] = {
        "id": "",
        "title": title,
        "provider": provider,
        "family": family,
        "best_for": best_for,
        "catch": catch,
        "sizes": sizes(_FOUR_MEGAPIXELS),
        "steps": 1,
        "guidance": 0.0,
        "seeded": True,
        "negative": False,
        "live_preview": False,
        "source": "",
        "licence": "the provider's terms",
    }
    return Model(**{**values, **facts})  # type: ignore[arg-type]  # one place knows the defaults


_MANGO: Final = _model(
    "mage",
    "Mango",
    "mango",
    worded("realistic skin, composition, one face across a series"),
    worded("only at Mage"),
    references=8,
    edits=True,
)
_FLUX: Final = _model(
    "bfl",
    "Flux 1.1 Pro Ultra",
    "flux",
    worded("editorial and fashion, skin and hair, camera words taken literally"),
    worded("paid per image; a reference guides the picture but does not lock a face"),
    references=1,
    cost_usd_micros=60_000,
)
_FLUX_2: Final = _model(
    "bfl",
    "FLUX.2",
    "flux",
    worded("quick edits and saved faces, several pictures in one"),
    worded("paid per image"),
    sizes=sizes(_ONE_MEGAPIXEL),
    references=4,
    edits=True,
)
_GPT_IMAGE: Final = _model(
    "openai",
    "GPT Image",
    "gpt-image",
    worded("readable words in the picture, following a brief"),
    worded("strict about real people; no seed; skin half a step behind"),
    sizes=_GPT_SIZES,
    seeded=False,
    references=16,
    edits=True,
    live_preview=True,
    writes_text=True,
)
_NANO_BANANA: Final = _model(
    "google",
    "Nano Banana",
    "nano-banana",
    worded("casual portraits, and edits of a photo that keep the person"),
    worded("Google's content rules; no seed; little camera language"),
    seeded=False,
    references=4,
    edits=True,
    writes_text=True,
)
_AT_MAGE: Final[Mapping[str, Model]] = MappingProxyType(
    {
        "mango": _MANGO,
        "gpt_image_2": replace(_GPT_IMAGE, provider="mage", live_preview=False, seeded=True, references=8),
        "nano_banana_v2": replace(_NANO_BANANA, provider="mage", seeded=True),
        "stable_diffusion_v35_large": _model(
            "mage",
            "SD 3.5 Large",
            "sd35",
            worded("a sitter in a real place, high contrast"),
            worded("one picture at a time, without references"),
            sizes=sizes(_ONE_MEGAPIXEL),
            steps=28,
            guidance=7.5,
            negative=True,
        ),
        "flux2": _model(
            "mage", "FLUX.2", "flux2", worded("editorial, several lights"), worded("only words, no saved faces")
        ),
        "z_image": _model("mage", "Z-Image", "qwen", worded("quick drafts"), worded("only words, no saved faces")),
    }
)
_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mango/mango-v2": "Mango 2",
        "mango/mango-v3": "Mango 3",
        "gpt_image_2": "GPT Image 2 (Mage)",
        "nano_banana_v2": "Nano Banana 2 (Mage)",
        "stable_diffusion_v35_large": "SD 3.5 Large (Mage)",
        "gpt-image-2": "GPT Image 2",
        "gemini-3.1-flash-image": "Nano Banana 2",
        "gemini-nano-banana-2.1": "Nano Banana 2.1",
        f"flux-pro-1.1-ultra{CANDID}": "Flux 1.1 Pro Ultra candid",
        "flux-2-klein-9b": "FLUX.2 klein 9B",
        "flux-2-klein-4b": "FLUX.2 klein 4B",
    }
)
DEFAULTS: Final[Mapping[Provider, tuple[str, ...]]] = MappingProxyType(
    {
        "mage": ("mango/mango-v2",),
        "bfl": ("flux-pro-1.1-ultra", f"flux-pro-1.1-ultra{CANDID}"),
        "openai": ("gpt-image-2",),
        "google": ("gemini-3.1-flash-image",),
    }
)


def hosted_models(access: Mapping[Provider, Access], costs_usd: Mapping[str, float]) -> list[Model]:
    """The models of every provider that has a key, in a fixed order of providers.

    `costs_usd` says what a picture costs the operator, by model id. Raises CatalogueError.
    """
    entries = [(provider, entry) for provider in TITLES if provider in access for entry in access[provider].models]
    return [_priced(_entry(provider, entry), costs_usd) for provider, entry in entries]


def unconfigured(access: Mapping[Provider, Access]) -> list[Model]:
    """The usual model of each provider that has no key here."""
    return [_entry(provider, entries[0]) for provider, entries in DEFAULTS.items() if provider not in access]


def server(entry: str, slots: int) -> Server:
    """The server of one setting, "http://host:8000/v1;slots=2;lane=fast". Raises CatalogueError."""
    url, *options = (part.strip() for part in entry.split(";"))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CatalogueError(f"{entry!r} is no server: write its address, such as http://gpu1:8000/v1.")
    found = Server(url=url.rstrip("/"), slots=slots)
    for option in options:
        name, _, value = (part.strip() for part in option.partition("="))
        if name == "lane" and value == "fast":
            found = replace(found, fast_only=True)
        elif name == "slots" and value.isdecimal() and int(value) > 0:
            found = replace(found, slots=int(value))
        else:
            raise CatalogueError(f"{option!r} in {entry!r} cannot be understood: there is slots=NUMBER and lane=fast.")
    return found


def _entry(provider: Provider, entry: str) -> Model:
    if provider == "cluster":
        return _in_cluster(entry)
    source, _, title = (part.strip() for part in entry.partition("="))
    if not source:
        raise CatalogueError(f"{entry!r} names no model of {TITLES[provider]}: write id=Title.")
    known = _known(provider, source)
    title = title or _TITLES.get(source, known.title)
    model_id = _NOT_IN_IDS.sub("-", title.lower()).strip("-")
    candid = source.endswith(CANDID)
    best_for = worded("candid pictures, less processed") if candid else known.best_for
    return replace(known, id=model_id, title=title, source=source, best_for=best_for)


def _in_cluster(entry: str) -> Model:
    """A published model as a server with OpenAI's interface has it: without previews, everything else as locally.

    Pictures go there only where the pipeline itself takes them: these servers know no image-to-image, and no
    IP-Adapter, and what they are sent beside the words they leave out without a word.
    """
    known = local_model(entry)
    if known.gguf or known.denoiser or (known.precision, known.offload) != ("auto", "auto") or is_tuned(known):
        raise CatalogueError(
            f"{entry!r} says precision, offload, gguf, a file, compile, layout, cudnn or cache, which "
            "has no effect here: the servers decide how they load it."
        )
    references = OF_PIPELINES.get(known.pipeline, UNKNOWN).references and known.references
    return replace(
        known,
        provider="cluster",
        references=references,
        edits=known.edits and references > 0,
        best_for=worded("portraits on the studio's own servers") if known.family == "plain" else known.best_for,
        catch=worded("no live preview"),
        live_preview=False,
        memory_gib=0.0,
    )


def _known(provider: Provider, source: str) -> Model:
    if provider != "mage":
        flux = _FLUX_2 if source.startswith(FLUX_2) else _FLUX
        return {"bfl": flux, "openai": _GPT_IMAGE, "google": _NANO_BANANA}[provider]
    architecture = source.split("/")[0]
    if architecture not in _AT_MAGE:
        raise CatalogueError(f"{source!r} is no model at Mage that makes portraits; there is: {', '.join(_AT_MAGE)}.")
    return _AT_MAGE[architecture]


def _priced(model: Model, costs_usd: Mapping[str, float]) -> Model:
    cost = costs_usd.get(model.id)
    return model if cost is None else replace(model, cost_usd_micros=round(cost * 1_000_000))
