"""`python -m bot plan`: where each model lives on a card of some size, what that takes, and what else could be set."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.engine_setup import make_catalogue, ram_share_bytes
from bot.core.errors import BotError
from bot.core.settings import Settings
from engine.models.local_models import model_of
from engine.models.model import Model
from engine.models.published import PUBLISHED
from engine.placement.graphics_card import Card, card_of, ram_for_models
from engine.placement.model_parts import parts_of
from engine.placement.plan import Plan, plan
from engine.placement.sizes import GIB

KNOWN: Final = tuple(known.id for known in PUBLISHED if not known.unfit)
"""The hub ids of what is planned for beside the models of the settings."""


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the table; `plan` is None where nothing is known of its sizes."""

    model: Model
    configured: bool
    sizes_from: str
    plan: Plan | None


def run(settings: Settings, gib: float | None, ram_gib: float | None, *, as_json: bool) -> int:
    """Print the table, of each card that differs; the exit code is 1 when a model of the settings fits nowhere.

    As JSON one object, or a list of them for several cards. Raises BotError.
    """
    tables = [(card, list(table(settings, card))) for card in _cards(settings, gib, ram_gib)]
    if as_json:
        told = [_told(card, rows) for card, rows in tables]
        print(json.dumps(told[0] if len(told) == 1 else told, indent=2))
    else:
        print("\n\n".join("\n".join(_lines(card, rows)) for card, rows in tables))
    return int(any(_fits_nowhere(row.model.id, [rows for _, rows in tables]) for row in tables[0][1]))


def _fits_nowhere(model_id: str, tables: Sequence[Sequence[Row]]) -> bool:
    """Whether a model of the settings is known to fit on none of the cards."""
    rows = [row for rows in tables for row in rows if row.model.id == model_id and row.configured]
    return bool(rows) and all(row.plan is not None and not row.plan.fits for row in rows)


def table(settings: Settings, card: Card) -> Iterator[Row]:
    """The models of the settings, then the known ones that are not among them."""
    own = [model for model in make_catalogue(settings).models if model.provider == "local"]
    sources = {model.source.lower() for model in own}
    for model in own:
        yield _row(model, card, configured=True)
    for source in KNOWN:
        if source.lower() not in sources:
            yield _row(model_of(source), card, configured=False)


def _row(model: Model, card: Card, *, configured: bool) -> Row:
    parts = parts_of(model)
    if parts is None:
        return Row(model, configured, "", None)
    return Row(model, configured, parts.source, plan(model, parts, card))


def _cards(settings: Settings, gib: float | None, ram_gib: float | None) -> Sequence[Card]:
    """The card that is asked about, else those of MODEL_DEVICES, else the one in this machine; alike ones once.

    Raises BotError where there is none.
    """
    ram = ram_share_bytes(settings) or ram_for_models()
    if ram_gib is not None:
        ram = card_ram(ram_gib) // max(1, len(settings.model_devices))
    if gib is not None:
        return [card_of(gib, ram)]
    from engine.backends.local.devices import found_card

    found: dict[Card, None] = {}
    for device in settings.model_devices or ("cuda:0",):
        card = found_card(ram, int(device.partition(":")[2]))
        if card is None:
            missing = "torch can use no GPU here" if not settings.model_devices else f"torch cannot use {device}"
            raise BotError(f"{missing} (`python -m bot doctor` says why). Say a size: plan --gib 12.")
        own = int(settings.model_memory_gib * GIB) or card.usable_bytes
        found[replace(card, usable_bytes=own, ram_bytes=ram)] = None
    return list(found)


def card_ram(ram_gib: float) -> int:
    """What models may take of a machine with this much memory, in bytes."""
    return max(0, int(ram_gib * 0.8 * GIB) - 2 * GIB)


def _told(card: Card, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "card": card.name,
        "usable_gib": _gib(card.usable_bytes),
        "ram_gib": _gib(card.ram_bytes),
        "measured": False,
        "models": [_entry(row) for row in rows],
    }


def _entry(row: Row) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": row.model.id, "source": row.model.source, "configured": row.configured}
    found = row.plan
    if found is None:
        return entry | {"fits": None, "set": "memory_gib=NUMBER, until the model was downloaded"}
    return entry | {
        "sizes_from": row.sizes_from,
        "fits": found.fits,
        "offload": found.placement.offload,
        "weights": found.placement.kept,
        "tiles": found.placement.tiled,
        "card_gib": _gib(found.need.card),
        "ram_gib": _gib(found.need.ram),
        "batch": found.batch if found.fits else 0,
        "previews": "decoded" if found.placement.decodes else "coarse",
        "expected_speed": round(found.speed, 2),
        "otherwise": [{"set": text, "expected_speed": round(speed, 2)} for text, speed in found.otherwise],
    }


_WORDS: Final = {
    "none": "all on the card",
    "encoders": "text encoders in RAM",
    "model": "one part at a time",
    "group": "block by block from RAM",
    "sequential": "layer by layer from RAM",
}


def _lines(card: Card, rows: Sequence[Row]) -> Iterator[str]:
    yield (
        f"For {card.name}: {_gib(card.usable_bytes):.1f} GiB of it for models, and {_gib(card.ram_bytes):.1f} GiB of "
        "RAM. Reckoned from the sizes of weights, not measured."
    )
    yield ""
    right = (("weights", 8), ("card", 7), ("RAM", 7), ("batch", 6), ("previews", 10), ("speed", 7))
    yield f"{'model':22}{'placement':28}{''.join(f'{name:>{width}}' for name, width in right)}  otherwise"
    for row in rows:
        yield _line(row)


def _line(row: Row) -> str:
    name = f"{'*' if row.configured else ' '}{row.model.id}"
    found = row.plan
    if found is None:
        return f"{name:22}not known: set memory_gib, or download it"
    where = _WORDS[found.placement.offload] + (", tiles" if found.placement.tiled else "")
    otherwise = ", ".join(f"{text} ({speed:.2f})" for text, speed in found.otherwise)
    if not found.fits:
        return f"{name:22}does not fit: {_gib(found.need.card):.1f} GiB, and {_gib(found.need.ram):.1f} of RAM" + (
            f"; set {otherwise}" if otherwise else ""
        )
    return (
        f"{name:22}{where:28}{found.placement.kept:>8}{_gib(found.need.card):7.1f}{_gib(found.need.ram):7.1f}"
        f"{found.batch:6}{'decoded' if found.placement.decodes else 'coarse':>10}{found.speed:7.2f}  {otherwise}"
    ).rstrip()


def _gib(size: int) -> float:
    return round(size / GIB, 2)
