"""Examples of what to type, which go by the models that there are: for the first portrait and for `/help`."""

from typing import Final

from engine.models.catalogue import Catalogue
from engine.models.model import BUILTIN_ID, ON_THIS_MACHINE, Model

_IN_THE_STUDIO: Final = "a woman with red hair, blue sweater, in a forest, lit from the left, 85mm close-up"
_WITH_WORDS: Final = (
    'a market woman in her 50s, straw hat, holding a sign that says "FRESH", at a market stall, soft morning light, '
    "50mm"
)
_ANYWHERE: Final = (
    "a weathered fisherman in his 60s, oilskin coat, on a pier at dawn, lit from the left by a low sun, 85mm f/1.4, "
    "visible pores"
)
_MOST_VARIED: Final = 3


def usual(catalogue: Catalogue) -> Model:
    """The default model, or another where that one cannot be asked now or makes nothing from words alone."""
    able = [one for one in catalogue.models if not one.needs_picture and not catalogue.unavailable(one)]
    default = catalogue.get(catalogue.default)
    return default if default in able or not able else able[0]


def costing_nothing(catalogue: Catalogue) -> Model | None:
    """A model whose pictures cost the operator nothing, the usual one if it is such; None where there is none."""
    first = usual(catalogue)
    here = [one for one in (first, *catalogue.models) if one.provider in ON_THIS_MACHINE and not one.needs_picture]
    return next((one for one in here if not catalogue.unavailable(one)), None)


def portrait(model: Model) -> str:
    """A prompt that shows what this model is good at."""
    if model.id == BUILTIN_ID:
        return _IN_THE_STUDIO
    return _WITH_WORDS if model.writes_text else _ANYWHERE


def again(handle: str) -> str:
    """A saved face in another place, outfit and light."""
    return f"@{handle} in a white shirt, by the sea at sunset"


def change(catalogue: Catalogue) -> str:
    """What to ask of a model that changes pictures; "" where there is none."""
    return "a navy suit, at night" if any(one.edits for one in catalogue.models) else ""


def varied(catalogue: Catalogue) -> str:
    """What a series may differ in: the model where there are several, else the place."""
    able = [one.id for one in catalogue.models if not one.needs_picture and not catalogue.unavailable(one)]
    return f"model: {' | '.join(able[:_MOST_VARIED])}" if len(able) > 1 else "place: beach | forest | night city"
