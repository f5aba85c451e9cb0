"""All words that a model may be told of an order, gathered for policy: when it is ordered, and at the engine's door.

At the door they are taken from the job itself, so that no way to a job is a way round policy: an order of an earlier
run or version, and one whose words have come to be others since, is judged there.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import astuple, replace
from typing import Final

from bot.core import carried_people, policy
from bot.core.policy import PolicyQuestion, PolicyRefusal
from bot.core.settings import Settings
from bot.languages.speech import together, worded
from data.orders.jobs import Order
from engine.jobs.job import EngineError, Job
from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.looks import Looks
from engine.wording.dialects import NAMING_UNWANTED
from engine.wording.positive import named

_ORDERS_KEPT: Final = 4096
_Pieces = frozenset[str]


class NoLongerAllowed(EngineError):
    """Policy refuses the words of an order that was taken: it is of an earlier version, or the rules are others now."""

    def __init__(self, refusal: PolicyRefusal) -> None:
        self.rule = refusal.rule
        super().__init__(together(refusal.sentence, worded("This portrait was ordered before and is not made.")))


def gathered(
    prompt: PortraitPrompt,
    *,
    handles: Iterable[str] = (),
    looks: Iterable[Looks] = (),
    change: str = "",
    triggers: Iterable[str] = (),
    family: str = "",
) -> PortraitPrompt:
    """The prompt with all that goes along in words: names of saved faces and pictures, what is known of the faces, what
    is to change, what a fine-tune adds, and what models of that `family` are told of the unwanted. All of it counts as
    said."""
    names = [handle.lstrip("@").partition(":")[0] for handle in (*prompt.characters, *handles)]
    said = [each for one in looks for each in astuple(one)]
    unwanted = named(prompt.negative) if family in NAMING_UNWANTED else ()
    more = (*prompt.text, *said, change, *triggers, *names, *unwanted)
    return replace(prompt, text=tuple(dict.fromkeys(filter(None, more))))


def of_job(job: Job, family: str, triggers: Iterable[str]) -> PortraitPrompt:
    """All that a job may tell a model of that family in words; `triggers` are those of its fine-tune."""
    return gathered(
        job.prompt,
        handles=[reference.handle for reference in job.references],
        looks=[reference.looks for reference in job.references],
        change=job.edit.words if job.edit else "",
        triggers=triggers,
        family=family,
    )


class JudgedWords:
    """What policy let through, by order: a job of the order may say that and nothing else.

    It is kept for the latest orders of this run. What is not found here is judged again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: OrderedDict[str, list[_Pieces]] = OrderedDict()

    def keep(self, order_id: str, judged: Iterable[PortraitPrompt]) -> None:
        """Policy let an order have each of these prompts."""
        self._kept.setdefault(order_id, []).extend(map(_pieces, judged))
        self._kept.move_to_end(order_id)
        while len(self._kept) > _ORDERS_KEPT:
            self._kept.popitem(last=False)

    def check(self, order: Order, told: PortraitPrompt) -> None:
        """Raises NoLongerAllowed. What one server blocks is asked when something is ordered, and not again."""
        wanted = _pieces(told)
        if any(wanted <= let for let in self._kept.get(order.id, ())):
            return
        adult = self._settings.moderation_adult and order.adult_allowed
        decision = policy.decide(
            PolicyQuestion(
                prompt=told,
                from_upload=order.from_upload,
                carried=carried_people.from_text(order.people or ""),
                operator_allows_adult=adult,
                server_allows_adult=adult,
                channel_age_restricted=adult,
                operator_blocked=self._settings.moderation_blocked,
            )
        )
        if isinstance(decision, PolicyRefusal):
            raise NoLongerAllowed(decision)
        self.keep(order.id, [told])


def _pieces(prompt: PortraitPrompt) -> _Pieces:
    said: Collection[str] = (*(prompt.slot(slot) for slot in SLOTS), *prompt.text)
    return frozenset((*said, f"without: {prompt.negative}"))
