"""One thing that a user did with the application: a command, a press, a choice, a form, a half-typed option.

Tests hold the `Interaction` and read from it what the bot answered and how fast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.standin.model import Channel, Json, Message, User, clock
from tests.standin.pulse import Pulse

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
MESSAGE, DEFER_MESSAGE, DEFER_UPDATE, UPDATE, CHOICES, SHOW_MODAL = 4, 5, 6, 7, 8, 9


@dataclass(eq=False, slots=True)
class Interaction:
    """An interaction and its answer so far. Times are seconds of a steady clock."""

    id: int
    kind: int
    token: str
    application_id: int
    user: User
    channel: Channel
    data: Json
    source: Message | None
    pulse: Pulse
    lifetime_s: float
    sent_at: float | None = None
    acked_at: float | None = None
    response_type: int | None = None
    response: Json | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    expired: bool = False

    @property
    def acked_after_s(self) -> float | None:
        """Seconds from the event leaving the gateway to the bot's callback, or None so far."""
        if self.acked_at is None or self.sent_at is None:
            return None
        return self.acked_at - self.sent_at

    @property
    def dead(self) -> bool:
        """Whether the token answers 401 by now."""
        return self.expired or (self.sent_at is not None and clock() > self.sent_at + self.lifetime_s)

    @property
    def message(self) -> Message | None:
        """The answer's message: what the callback or the first follow-up posted, or the message it updates."""
        return self.original or (self.followups[0] if self.followups else None)

    @property
    def modal(self) -> Json | None:
        """The form that the bot opened, if it did."""
        return self.response if self.response_type == SHOW_MODAL else None

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Autocomplete's suggestions as (name, value)."""
        found = (self.response or {}).get("choices") or []
        return [(choice["name"], str(choice["value"])) for choice in found]

    @property
    def text(self) -> str:
        """All words of the answer and its follow-ups as they stand now."""
        messages = [m for m in (self.original, *self.followups) if m is not None and m is not self.source]
        return "\n".join(m.text for m in messages)

    def expire(self) -> None:
        """Let the token die now, as it does 15 minutes after the command."""
        self.expired = True

    async def wait_acked(self, timeout_s: float = 60) -> Interaction:
        """Itself, once the bot has acknowledged it."""
        return await self.until(lambda i: i.acked_at is not None, timeout_s, "an acknowledgement")

    async def until(
        self, holds: Callable[[Interaction], object], timeout_s: float = 120, what: str = ""
    ) -> Interaction:
        """Itself, once `holds(self)` is true; looked at after every change on the stand-in."""
        try:
            await self.pulse.until(lambda: bool(holds(self)), timeout_s, what or "an answer")
        except AssertionError as error:
            words = " ".join(str(option) for option in self.data.values())
            raise AssertionError(f"{error} The answer to {words[:200]!r} is so far {self.text!r}.") from None
        return self

    async def shown(self, words: str = "", timeout_s: float = 120) -> Message:
        """The answer's message, once it is there, no longer loading, and contains `words`."""
        await self.until(
            lambda i: i.message is not None and not i.message.loading and words in i.message.text,
            timeout_s,
            f"an answer with {words!r}",
        )
        assert self.message is not None
        return self.message
