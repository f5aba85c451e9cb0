"""Autocompletion: at most 25 choices, the nearest first, always the asking person's own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from discord.app_commands import Choice

from bot.app import Interaction
from bot.core import varying
from bot.core.words import role_word
from bot.guard import server_of
from bot.languages.speech import labelled, reworded, worded
from engine.models.catalogue import Catalogue
from engine.models.loras import FineTune
from engine.models.model import Model
from engine.wording.presets import PRESETS, Preset

MOST = 25
_NAME_LIMIT = 100


async def complete_character(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The handles that the person may use here; those that begin with what is typed come first."""
    handles = await interaction.client.stores.characters.handles(interaction.user.id, server_of(interaction))
    return _handles(handles, current)


async def complete_own_character(interaction: Interaction, current: str) -> list[Choice[str]]:
    """As `complete_character`, of the person's own alone."""
    return _handles(await interaction.client.stores.characters.handles(interaction.user.id), current)


def _handles(handles: Iterable[str], current: str) -> list[Choice[str]]:
    typed = current.strip().lstrip("@").casefold()
    fitting = sorted(
        (handle for handle in handles if typed in handle.casefold()),
        key=lambda handle: (not handle.casefold().startswith(typed), handle.casefold()),
    )
    # Not the bare handle: the demo's page offers a choice again, and never runs, where it is what was typed.
    return [Choice(name=f"@{handle}", value=f"@{handle}") for handle in fitting[:MOST]]


async def complete_model(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The models here, each with what it is best for; one whose provider is set aside says so and comes last."""
    catalogue = interaction.client.engine.catalogue
    return _model_choices(catalogue, catalogue.models, current)


async def complete_models(interaction: Interaction, current: str) -> list[Choice[str]]:
    """As `complete_model`, of the last of several models with "|" between them; those before it stay."""
    before, bar, last = current.rpartition("|")
    named = {name.strip().casefold() for name in before.split("|")}
    catalogue = interaction.client.engine.catalogue
    offered = [model for model in catalogue.models if model.id.casefold() not in named]
    choices = _model_choices(catalogue, offered, last)
    if not bar:
        return choices
    lines = [f"{before.strip()} | {choice.value}" for choice in choices]
    return [Choice(name=line, value=line) for line in lines if len(line) <= _NAME_LIMIT]


async def complete_editor(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The models that change pictures, in the same way."""
    catalogue = interaction.client.engine.catalogue
    return _model_choices(catalogue, [model for model in catalogue.models if model.edits], current)


def _model_choices(catalogue: Catalogue, offered: Sequence[Model], current: str) -> list[Choice[str]]:
    typed = current.strip().casefold()
    models = [model for model in offered if typed in model.id.casefold() or typed in model.title.casefold()]
    models.sort(key=lambda model: bool(catalogue.unavailable(model)))
    return [
        Choice(name=f"{model.title}: {_remark(catalogue, model)}"[:_NAME_LIMIT].rstrip(), value=model.id)
        for model in models[:MOST]
    ]


def _remark(catalogue: Catalogue, model: Model) -> str:
    away = catalogue.unavailable(model)
    return worded("not now, {why}", why=reworded(away)) if away else reworded(model.best_for)


async def complete_fine_tune(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The fine-tunes of the model that is chosen beside it, or of the default one, each with its usual strength."""
    typed = current.strip().casefold()
    catalogue = interaction.client.engine.catalogue
    model_id = getattr(interaction.namespace, "model", None) or catalogue.default
    fitting = [
        fine_tune
        for fine_tune in catalogue.fine_tunes_of(model_id)
        if typed in fine_tune.name.casefold() or typed in fine_tune.title.casefold()
    ]
    return [
        Choice(name=_fine_tune_line(fine_tune)[:_NAME_LIMIT].rstrip(), value=fine_tune.name)
        for fine_tune in fitting[:MOST]
    ]


def _fine_tune_line(fine_tune: FineTune) -> str:
    told: list[str] = [worded("{title}: strength {strength:g}", title=fine_tune.title, strength=fine_tune.strength)]
    told += [worded("says {triggers}", triggers=", ".join(fine_tune.triggers))] if fine_tune.triggers else []
    told += [fine_tune.licence] if fine_tune.licence else []
    return " · ".join(told)


async def complete_reference(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The person's saved outfits, places and styles."""
    typed = current.strip().lstrip("@").casefold()
    known = await interaction.client.stores.references.list(interaction.user.id)
    fitting = [item for item in known if typed in item.handle.casefold()]
    return [Choice(name=f"@{item.handle} ({role_word(item.role)})", value=f"@{item.handle}") for item in fitting[:MOST]]


async def complete_vary(interaction: Interaction, current: str) -> list[Choice[str]]:
    """What is typed, and examples of what may vary."""
    models = " | ".join(model.id for model in interaction.client.engine.catalogue.models)
    examples = [
        varying.EXAMPLE,
        "light: window light from the left | low sun from behind | neon at night",
        "clothes: white shirt | navy suit | raincoat",
        "camera: 35mm, full body | 85mm close-up | 200mm, from afar",
        f"model: {models}",
    ]
    typed = " ".join(current.split())
    fitting = [one for one in examples if one.startswith(typed.split(":")[0].casefold()) and one != typed]
    own = [typed] if typed else []
    return [Choice(name=one, value=one) for one in (*own, *fitting) if len(one) <= _NAME_LIMIT]


async def complete_style(interaction: Interaction, current: str) -> list[Choice[str]]:
    """The person's styles."""
    typed = current.strip().casefold()
    styles = await interaction.client.stores.styles.list(interaction.user.id)
    return [Choice(name=style.name, value=style.name) for style in styles if typed in style.name.casefold()][:MOST]


async def complete_slot(interaction: Interaction, current: str) -> list[Choice[str]]:
    """Presets of the slot that is being typed, each with what it does; own words come first and are always fine."""
    typed = current.strip()
    slot = _focused(interaction.data or {})
    fitting = [
        preset
        for preset in PRESETS.get(slot, ())
        if typed.casefold() in preset.value.casefold() or typed.casefold() in _explained(preset).casefold()
    ]
    own = [Choice(name=typed[:_NAME_LIMIT], value=typed[:_NAME_LIMIT])] if typed else []
    presets = [
        Choice(name=f"{preset.value} · {_explained(preset)}"[:_NAME_LIMIT].rstrip(), value=preset.value)
        for preset in fitting
        if preset.value != typed
    ]
    return (own + presets)[:MOST]


def _explained(preset: Preset) -> str:
    """What a preset does, in the language of whoever chooses."""
    return labelled("choice", preset.explanation)


def _focused(data: Mapping[str, Any]) -> str:
    """The name of the option that is being typed, in an interaction's raw data."""
    options: Iterable[Mapping[str, Any]] = data.get("options", ())
    for option in options:
        if option.get("focused"):
            return str(option.get("name", ""))
        if nested := _focused(option):
            return nested
    return ""
