"""What each tier may do and pays nothing for: two that are always there, and those of the TIERS setting."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from bot.core import words
from bot.core.errors import Refused
from bot.languages.speech import worded
from data.credits.accounts import FREE, UNLIMITED
from engine.models.model import ON_THIS_MACHINE, Model

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")


class Tier(BaseModel):
    """One tier. `covers` and `models` name models by id or by provider; empty `models` or `aspects` mean all.

    `best_of` is how many pictures of a best of several cost what one does. What is None is as the server or the bot has
    it for everybody.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    covers: tuple[str, ...] = ()
    daily: int | None = Field(default=None, ge=0)
    waiting: int | None = Field(default=None, ge=1)
    running: int | None = Field(default=None, ge=1)
    models: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    best_of: int = Field(default=1, ge=1, le=4)

    def pays_for(self, model: Model) -> bool:
        """Whether a portrait of this model costs credits in the standard lane."""
        return not {model.id, model.provider, _home(model)} & set(self.covers)

    def check(self, name: str, model: Model, aspect: str) -> None:
        """Raises Refused for a model or an aspect that is not part of the tier, called `name`."""
        if self.models and not {model.id, model.provider, _home(model)} & set(self.models):
            raise Refused(
                worded(
                    "{title} is not part of the {name} tier. Choose another model with `model:`.",
                    title=model.title,
                    name=name,
                )
            )
        if self.aspects and aspect not in self.aspects:
            raise Refused(
                worded(
                    "The {name} tier makes {aspects}, not {aspect}.",
                    name=name,
                    aspects=words.listed(self.aspects, "or"),
                    aspect=aspect,
                )
            )


def _home(model: Model) -> str:
    """What a tier may say for it: "local" covers whatever is made on this machine."""
    return "local" if model.provider in ON_THIS_MACHINE else model.provider


BUILT_IN: Final[Mapping[str, Tier]] = {FREE: Tier(), UNLIMITED: Tier(covers=("local",), daily=0)}


def with_built_in(given: Mapping[str, Any]) -> dict[str, Tier]:
    """Every tier by name; one that is `given` changes or adds to the two that are always there.

    Raises ValueError for a name or a rule that cannot be.
    """
    tiers = dict(BUILT_IN)
    for name, rules in given.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"“{name}” is no name for a tier: 1 to 20 small letters, digits or “-”")
        if isinstance(rules, Tier):
            tiers[name] = rules
            continue
        if not isinstance(rules, Mapping):
            raise ValueError(f"the tier “{name}” must be an object, such as {{}}")  # noqa: TRY004 - pydantic's way
        known = tiers.get(name)
        tiers[name] = Tier.model_validate({**(known.model_dump() if known else {}), **rules})
    return tiers
