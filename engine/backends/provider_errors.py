"""What can go wrong with a hosted provider: one class a case, whose text is a sentence for the person who waits.

Nothing here names a key, and a provider's own words are shown only where they say what was refused.
"""

from __future__ import annotations

from typing import ClassVar

from engine.backends.provider_values import text_of
from engine.jobs.job import EngineError
from engine.models.circuit_breaker import FIRST_OPEN_S
from engine.sayings import worded


class ProviderError(EngineError):
    """Base. `title` is the provider's name.

    `may_be_billed`: the provider may charge for it, so the operator is told. `blames` counts against the
    provider, whose circuit opens when that goes on; `open_s` opens it at once for so many seconds.
    """

    may_be_billed: ClassVar[bool] = False
    blames: bool = False
    open_s: float = 0.0

    def __init__(self, title: str, sentence: str) -> None:
        self.title = title
        super().__init__(sentence)


class OutOfCredit(ProviderError):
    """The studio's account at the provider is empty."""

    blames = True
    open_s = 600.0

    def __init__(self, title: str) -> None:
        super().__init__(
            title,
            worded(
                "The studio's account at {title} is out of credit. Choose another model, and tell the bot's owner.",
                title=title,
            ),
        )


class KeyRefused(ProviderError):
    """The provider does not accept the studio's key."""

    blames = True
    open_s = 600.0

    def __init__(self, title: str) -> None:
        super().__init__(
            title,
            worded(
                "{title} does not accept the studio's key. Choose another model, and tell the bot's owner.", title=title
            ),
        )


class RateLimited(ProviderError):
    """Too many requests; nothing was accepted. `wait_s` is how long the provider asks to wait, if it says."""

    def __init__(self, title: str, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        when = worded("later")
        if wait_s is not None and wait_s <= 3600:
            when = worded("in {seconds} s", seconds=max(1, round(wait_s)))
        super().__init__(
            title,
            worded(
                "{title} takes no more portraits from this studio just now. Try again {when}, or choose another model.",
                title=title,
                when=when,
            ),
        )


class ContentRefused(ProviderError):
    """The provider's rules do not allow the words, a reference picture or the result.

    `said` is its reason as it came; what is shown of it is one plain line.
    """

    def __init__(self, title: str, said: object = "") -> None:
        self.said = text_of(said)
        if self.said:
            sentence = worded(
                "{title} refused this portrait under its content rules. It says: “{said}”. Change the words, or choose "
                "another model.",
                title=title,
                said=self.said,
            )
        else:
            sentence = worded(
                "{title} refused this portrait under its content rules. Change the words, or choose another model.",
                title=title,
            )
        super().__init__(title, sentence)


class RequestRefused(ProviderError):
    """The provider cannot read the request, or does not know the model; nothing was made."""

    def __init__(self, title: str, status: int) -> None:
        self.status = status
        super().__init__(
            title,
            worded(
                "{title} did not accept the request ({status}). Choose another model, and tell the bot's owner: "
                "the model's id or a setting may be out of date.",
                title=title,
                status=status,
            ),
        )


class ModelNotServed(ProviderError):
    """A server of the cluster has another model than the one that was asked of it; nothing was made."""

    def __init__(self, title: str) -> None:
        super().__init__(
            title,
            worded(
                "{title} has no server with this model just now. Choose another model, and tell the bot's owner: "
                "CLUSTER_MODELS and what the servers were started with differ.",
                title=title,
            ),
        )


class GenerationFailed(ProviderError):
    """The provider took the request and then failed, and does not charge for that.

    It may be the request's fault, so it does not count against the provider: one person could stop it for all.
    `said` is the model's own reason as it came, where it gave one; what is shown of it is one plain line.
    """

    def __init__(self, title: str, said: object = "") -> None:
        self.said = text_of(said)
        if self.said:
            sentence = worded(
                "{title} made no picture. It says: “{said}”. Change the words, or choose another model.",
                title=title,
                said=self.said,
            )
        else:
            sentence = worded(
                "{title} failed while making this portrait. Try again, or choose another model.", title=title
            )
        super().__init__(title, sentence)


class ProviderFailing(ProviderError):
    """An answer of 500 or above."""

    blames = True

    def __init__(self, title: str, status: int) -> None:
        self.status = status
        super().__init__(
            title,
            worded(
                "{title} has a fault of its own just now ({status}). Try again later, or choose another model.",
                title=title,
                status=status,
            ),
        )


class ProviderUnreachable(ProviderError):
    """No connection came about, so nothing was sent."""

    blames = True

    def __init__(self, title: str) -> None:
        super().__init__(
            title, worded("{title} cannot be reached just now. Try again later, or choose another model.", title=title)
        )


class ProviderSilent(ProviderError):
    """No answer in time; it may still make, and charge for, the portrait."""

    may_be_billed = True
    blames = True

    def __init__(self, title: str) -> None:
        super().__init__(
            title, worded("{title} did not answer in time. Try again, or choose another model.", title=title)
        )


class AnswerLost(ProviderError):
    """The request went out and what became of it is unknown; it is not sent again, since it may have been billed."""

    may_be_billed = True
    blames = True

    def __init__(self, title: str) -> None:
        super().__init__(
            title,
            worded(
                "The answer of {title} was lost on its way, so it is not known whether the portrait was made. Try "
                "again.",
                title=title,
            ),
        )


class PictureGone(ProviderError):
    """The portrait was made, and is not at the provider any more."""

    may_be_billed = True

    def __init__(self, title: str) -> None:
        super().__init__(
            title, worded("{title} made this portrait but does not have it any more. Try again.", title=title)
        )


class UnusableAnswer(ProviderError):
    """What came is not a picture that can be used; `reason` is a clause."""

    may_be_billed = True
    blames = True

    def __init__(self, title: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            title,
            worded(
                "What {title} sent cannot be used: {reason}. Try again, or choose another model.",
                title=title,
                reason=reason,
            ),
        )


class UnreadableAnswer(UnusableAnswer):
    """What came is not the JSON that was agreed on, such as a page of HTML; it may be another the next time."""

    def __init__(self, title: str) -> None:
        super().__init__(title, worded("it cannot be read"))


class RedirectRefused(UnusableAnswer):
    """The answer names another address instead. It is not followed: the words and the key would go along."""

    def __init__(self, title: str, status: int) -> None:
        self.status = status
        super().__init__(title, worded("it points to another address ({status}), which is not followed", status=status))


class NoServerLeft(ProviderError):
    """No server of the cluster that may take the job is up. `all_of_them`: none is, for any job."""

    def __init__(self, title: str, *, all_of_them: bool) -> None:
        self.blames = all_of_them  # else one that is kept for the fast lane is up
        self.open_s = FIRST_OPEN_S if all_of_them else 0.0
        super().__init__(
            title,
            worded("{title} has no server that works just now. Try again later, or choose another model.", title=title),
        )


class CircuitOpen(ProviderError):
    """The provider failed repeatedly and is left alone for a while; nothing was sent."""

    def __init__(self, title: str, reason: str) -> None:
        super().__init__(
            title, worded("{title} is set aside: {reason}. Choose another model.", title=title, reason=reason)
        )
