"""Mage (Mango 2, and other models there), through its official SDK, imported on first use.

The idempotency key is order:picture:try, so a repeated submission returns the first request and costs nothing.
Characters go along as reference pictures: Mage's own handles would be shared by everybody on the account.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.backends.answers import MALFORMED, MOST_JSON
from engine.backends.hosted import ATTEMPT_S, SENT, Answer, Ask, Bought, Ready, TicketedBackend
from engine.backends.provider_errors import (
    AnswerLost,
    ContentRefused,
    GenerationFailed,
    KeyRefused,
    OutOfCredit,
    PictureGone,
    ProviderError,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
    UnusableAnswer,
)
from engine.backends.provider_values import seed_of, ticket_of
from engine.backends.waits import retry_after_s, said_s
from engine.jobs.job import Sampling
from engine.models.model import Provider
from engine.sayings import worded

if TYPE_CHECKING:
    from mage_space import AsyncMage, MageAPIError, MageConnectionError

    from engine.backends.guarded import GuardedClient

SUBMISSIONS: Final = 3
"""How often one submission is sent, always with the same key."""


class MageBackend(TicketedBackend):
    """A ticket is the provider's request id."""

    provider: ClassVar[Provider] = "mage"
    keyed = True
    unbilled: ClassVar[tuple[type[ProviderError], ...]] = (GenerationFailed, ContentRefused)
    _client: AsyncMage
    _transport: GuardedClient | None = None

    async def submit(self, ask: Ask) -> Bought:
        for attempt in range(SUBMISSIONS):
            try:
                return await self._submit_once(ask)
            except (AnswerLost, ProviderSilent, ProviderFailing, ProviderUnreachable, UnreadableAnswer):
                if attempt + 1 == SUBMISSIONS:
                    raise
                await asyncio.sleep(2**attempt * self._unit_s)
        raise AssertionError("unreachable")

    async def _submit_once(self, ask: Ask) -> Bought:
        """May be repeated: the key is the same."""
        from mage_space import MageAPIError, MageConnectionError

        architecture = ask.model.source.split("/")[0]
        fields = config(ask, self._access.resolution)
        try:
            request: Any = await self._client.generate(architecture, fields, idempotency_key=key(ask))
            return self._taken(request)
        except MageAPIError as error:
            raise self._refusal(error) from None
        except MageConnectionError as error:
            raise self._broken(error) from None
        except MALFORMED:
            raise AnswerLost(self._title) from None

    def _taken(self, request: Mapping[str, Any]) -> Bought:
        ticket = ticket_of(request["request_id"])
        if ticket in (None, SENT):
            raise UnusableAnswer(self._title, worded("it names no request to ask after"))
        billing = request.get("billing")
        return Bought(ticket, billing.get("gems_charged") if isinstance(billing, dict) else None)

    async def look(self, ticket: str) -> Ready | None:
        from mage_space import MageAPIError, MageConnectionError

        if ticket_of(ticket) is None:  # it goes into an address, whatever was written down
            raise UnusableAnswer(self._title, worded("it names no request to ask after"))
        try:
            request: Any = await self._client.requests.get(ticket)
            return self._state(request)
        except MageAPIError as error:
            raise PictureGone(self._title) if error.status == 404 else self._refusal(error) from None
        except (MageConnectionError, UnreadableAnswer, *MALFORMED):
            raise ProviderUnreachable(self._title) from None

    def _state(self, request: Mapping[str, Any]) -> Ready | None:
        match request["status"]:
            case "completed":
                result = request["result"]
                if not isinstance(result, dict) or not isinstance(result.get("url"), str):
                    raise UnusableAnswer(self._title, worded("it names no picture"))
                return Ready(result["url"], seed_of(result.get("seed")))
            case "failed" | "cancelled":
                wrong = request.get("error")
                code, said = (wrong.get("code"), wrong.get("message")) if isinstance(wrong, dict) else ("", "")
                raise self._wrong(code, said, 0) or GenerationFailed(self._title, said)
            case str():
                return None
            case _:
                raise UnreadableAnswer(self._title)

    def _sampling(self, ask: Ask, answer: Answer) -> Sampling:
        """What stands in the request: not every architecture there takes all of it."""
        sent = config(ask, self._access.resolution)
        return Sampling(
            seed=sent.get("seed") if answer.seed is None else answer.seed,
            steps=sent.get("num_inference_steps", 0),
            guidance=sent.get("guidance_scale", 0.0),
        )

    async def _call_off(self, job_id: str, ticket: str) -> None:
        from mage_space import MageError

        if ticket == SENT or ticket_of(ticket) is None:
            return
        try:
            await self._client.requests.cancel(ticket)
        except (MageError, ProviderError, *MALFORMED):
            return  # it is over already, or cannot be reached: either way it ends by itself

    async def _hang_up(self) -> None:
        await super()._hang_up()
        if self._transport is not None:
            await self._transport.aclose()

    def _connect(self) -> None:
        from mage_space import AsyncMage

        from engine.backends.guarded import GuardedClient

        limit_s = min(ATTEMPT_S, self._access.timeout_s)
        self._transport = GuardedClient(self._title, limit_s=limit_s, most_bytes=MOST_JSON, keep=self.slots)
        self._client = AsyncMage(
            api_key=self._access.key,
            base_url=self._access.base_url,
            timeout=limit_s,
            max_retries=0,
            http_client=self._transport,
        )

    def _refusal(self, error: MageAPIError) -> ProviderError:
        if error.code == "too_many_requests" or (error.status == 429 and error.code != "insufficient_gems"):
            wait_s = retry_after_s(error.headers.get("Retry-After"))
            return RateLimited(self._title, said_s(error.message) if wait_s is None else wait_s)
        return self._wrong(error.code or "", error.message, error.status) or RequestRefused(self._title, error.status)

    def _wrong(self, code: object, said: object, status: int) -> ProviderError | None:
        """The error for a code of the provider's, else for the HTTP status; None when neither says anything."""
        if code == "content_blocked":
            return ContentRefused(self._title, said)
        if code == "insufficient_gems" or status == 402:
            return OutOfCredit(self._title)
        if code in ("unauthorized", "forbidden") or status in (401, 403):
            return KeyRefused(self._title)
        if code == "generation_failed":
            return GenerationFailed(self._title, said)
        return ProviderFailing(self._title, status) if status >= 500 else None

    def _broken(self, error: MageConnectionError) -> ProviderError:
        import httpx

        match error.__cause__:
            case httpx.ConnectError() | httpx.ConnectTimeout():
                return ProviderUnreachable(self._title)
            case httpx.TimeoutException():
                return ProviderSilent(self._title)
            case _:
                return AnswerLost(self._title)


def key(ask: Ask) -> str:
    """The idempotency key. The job's id is "order.picture"."""
    return f"{ask.job.id.replace('.', ':')}:{ask.job.attempt_number}"


def config(ask: Ask, resolution: str) -> dict[str, Any]:
    """The request, with only the fields that the provider's schema has for this architecture."""
    from mage_space import ARCHITECTURES

    architecture, _, variant = ask.model.source.partition("/")
    known: dict[str, Any] = dict(ARCHITECTURES[architecture]["schema"]["properties"])
    pictures = [f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" for picture in ask.pictures]
    wanted = {
        "prompt": ask.words.long_prompt or ask.words.prompt,
        "model_id": variant or None,
        "seed": ask.job.seed,
        "aspect_ratio": ask.aspect,
        "resolution": next(
            (each for each in _choices(known, "resolution") if each.lower() == resolution.lower()), None
        ),
        "image": pictures[0] if pictures else None,
        "additional_images": pictures[1:] or None,
        "negative_prompt": ask.words.negative or None,
        "num_inference_steps": ask.job.steps if ask.job.steps > 1 else None,
        "guidance_scale": ask.job.guidance or None,
    }
    return {name: value for name, value in wanted.items() if value is not None and name in known}


def _choices(known: dict[str, Any], name: str) -> list[str]:
    return list(known.get(name, {}).get("enum", ()))
