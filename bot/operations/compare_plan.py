"""What `python -m bot compare` is to make: which models, which prompts, and what that costs. Nothing is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot.core import words
from bot.core.engine_setup import make_downloads
from bot.core.errors import BotError, Refused
from bot.core.policy import PolicyQuestion, PolicyRefusal, decide
from bot.core.prompt_reading import MAX_PROMPT, merged, refuse_unreadable
from bot.core.real_people import RealPeople, real_people_of
from bot.core.requests import size_of
from bot.core.settings import Settings
from bot.operations.compared_portraits import FACE, PICTURES, PlannedPortrait, is_paid
from engine.jobs.job import UnknownModel
from engine.models.catalogue import Catalogue
from engine.models.model import Model, Provider
from engine.prompt import PortraitPrompt, read
from engine.prompts.brought import MAX_SEED

USUAL_PROMPTS: Final = Path(__file__).with_name("compare_prompts.txt")
MOST_PROMPTS: Final = 500
FIRST_SEED: Final = 1
"""Where a prompt does not say one. The same for all, so that a later run finds its pictures."""
_MOST_BYTES: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class ChosenModels:
    """What is compared, and sentences about what is not."""

    models: tuple[Model, ...]
    notes: tuple[str, ...] = ()


def chosen_models(settings: Settings, catalogue: Catalogue, ids: Sequence[str] | None, *, hosted: bool) -> ChosenModels:
    """The models of these ids; without any, all whose weights are here, and those that cost money where `hosted`.

    Raises BotError for a model that is not on offer, or makes nothing from words alone.
    """
    if ids is not None:
        return ChosenModels(tuple(_named(catalogue, name) for name in dict.fromkeys(ids or [""])))
    able = [model for model in catalogue.models if not model.needs_picture]
    absent = make_downloads(settings).absent(able)
    paid = [] if hosted else [model for model in able if is_paid(model)]
    notes = [f"Left out: {model.id} is not downloaded (python -m bot fetch {model.id})." for model in absent]
    notes += [f"Left out: {model.id} costs money (name it in --models, or say --hosted)." for model in paid]
    models = tuple(model for model in able if model not in absent and model not in paid)
    if not models:
        raise BotError(" ".join(["No model is there to compare.", *notes]))
    return ChosenModels(models, tuple(notes))


def _named(catalogue: Catalogue, model_id: str) -> Model:
    try:
        model = catalogue.get(model_id)
    except UnknownModel as error:
        there = words.listed(model.id for model in catalogue.models)
        raise BotError(f"{error} There is {there}. Nothing was made.") from error
    if model.needs_picture:
        raise BotError(f"{model.id} makes nothing from words alone, so it cannot be compared. Nothing was made.")
    return model


def planned_portraits(
    settings: Settings, models: Sequence[Model], file: Path, seeds: int, face: str = ""
) -> tuple[PlannedPortrait, ...]:
    """Model by model, the portraits of each prompt of a file. Raises BotError, with the line that is wrong.

    Prompts with @face are of the person in the file `face` of the comparison's folder, or else of whom the model's own
    first portrait shows; models that cannot hold a face have none of these.
    """
    people = real_people_of(settings)
    asked: list[tuple[int, str, PortraitPrompt, int]] = []
    for number, (line, text) in enumerate(prompt_lines(file).items(), 1):
        try:
            for prompt, seed in _readings(text, seeds):
                _check_policy(settings, people, prompt)
                for model in models:
                    size_of(model, prompt.aspect)
                asked.append((number, text, prompt, seed))
        except Refused as error:
            raise BotError(f"Line {line} of {file}: {error} Nothing was made.") from error
    if not face and all(prompt.characters for _, _, prompt, _ in asked):
        raise BotError(f"All prompts of {file} name @{FACE}: say with --face whose it is. Nothing was made.")
    return tuple(portrait for model in models for portrait in _of_model(model, asked, face))


def _of_model(model: Model, asked: Sequence[tuple[int, str, PortraitPrompt, int]], face: str) -> list[PlannedPortrait]:
    """First those of nobody in particular."""
    portraits = [
        PlannedPortrait(
            model=model, number=number, text=text, prompt=prompt, seed=seed, size=size_of(model, prompt.aspect)
        )
        for number, text, prompt, seed in asked
    ]
    anybody = [each for each in portraits if not each.prompt.characters]
    shown = face or f"{PICTURES}/{anybody[0].key}.png"
    named = [replace(each, face=shown) for each in portraits if each.prompt.characters and model.references]
    return [*anybody, *named]


def prompt_lines(file: Path) -> dict[int, str]:
    """The prompts of a file, each once, by the number of its line. Raises BotError."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
        text = raw.decode("utf-8-sig") if len(raw) <= _MOST_BYTES else ""
    except OSError as error:
        raise BotError(f"{file} cannot be read: {error.strerror}. Nothing was made.") from error
    except UnicodeDecodeError as error:
        raise BotError(f"{file} is no text in UTF-8, so no prompts can be read from it.") from error
    stripped = {number: line.strip() for number, line in enumerate(text.splitlines(), 1)}
    prompts = {line: number for number, line in reversed(stripped.items()) if line and not line.startswith("#")}
    if len(prompts) > MOST_PROMPTS or len(raw) > _MOST_BYTES:
        raise BotError(f"There are too many prompts in {file}: at most {MOST_PROMPTS} are compared. Nothing was made.")
    if not prompts:
        raise BotError(f"There is no prompt in {file}: write one a line; # begins a comment. Nothing was made.")
    return dict(sorted((number, line) for line, number in prompts.items()))


def _readings(text: str, seeds: int) -> list[tuple[PortraitPrompt, int]]:
    """The prompt as each of its seeds draws its choices: every model is told the same. Raises Refused."""
    refuse_unreadable(text, MAX_PROMPT)
    typed = read(text).prompt.seed
    first = FIRST_SEED if typed is None else typed
    readings = []
    for seed in ((first + further) & MAX_SEED for further in range(seeds)):
        prompt = replace(merged(read(text, seed=seed).prompt), seed=None)
        if others := [name for name in prompt.characters if name != FACE]:
            raise Refused(f"It names @{others[0]}, and a comparison has one face alone, which is called @{FACE}.")
        readings.append((prompt, seed))
    return readings


def _check_policy(settings: Settings, people: RealPeople, prompt: PortraitPrompt) -> None:
    """Raises Refused for what is made for nobody; what only a server or a channel forbids is the operator's own."""
    question = PolicyQuestion(
        prompt=prompt,
        operator_allows_adult=settings.moderation_adult,
        server_allows_adult=True,
        channel_age_restricted=True,
        operator_blocked=settings.moderation_blocked,
        real_people=people,
    )
    if isinstance(decision := decide(question), PolicyRefusal):
        raise Refused(decision.sentence)


def cost_sentences(missing: Sequence[PlannedPortrait]) -> list[str]:
    """What the portraits that are still to be made cost; nothing where nobody charges for them."""
    paid = [each.model for each in missing if is_paid(each.model)]
    if not paid:
        return []
    unknown = list(dict.fromkeys(model.id for model in paid if not model.cost_usd_micros))
    known = f"about ${sum(model.cost_usd_micros for model in paid) / 1_000_000:.2f}"
    beside = f", and what {words.listed(unknown)} costs is not known (SPEND_COSTS)" if unknown else ""
    return [f"Portraits of models that cost money: {len(paid)}, for {known}{beside}."]


def check_spending(daily_usd: Mapping[Provider, float], missing: Sequence[PlannedPortrait]) -> None:
    """Raises BotError where more would be spent at a provider than the operator lets be spent in a day."""
    for provider, most in daily_usd.items():
        cost = sum(each.model.cost_usd_micros for each in missing if each.model.provider == provider) / 1_000_000
        if cost > most:
            raise BotError(
                f"That would cost ${cost:.2f} at {provider}, and SPEND_DAILY lets ${most:.2f} be spent. Compare fewer "
                "prompts, seeds or models. Nothing was made."
            )
