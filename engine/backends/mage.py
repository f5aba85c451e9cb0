"""Mage (Mango 2, and other models there), through its official SDK, imported on first use.

The idempotency key is order:picture:try, so a repeated submission returns the first request and costs nothing.
Characters go along as reference pictures: Mage's own handles would be shared by everybody on the account.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.backends.hosted import SENT, Ask, Bought, Ready, TicketedBackend
from engine.backends.waits import retry_after_s
from engine.catalogue import Provider
from engine.provider_errors import (
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
    UnusableAnswer,
)

if TYPE_CHECKING:
    import httpx
    from mage_space import AsyncMage, MageAPIError, MageConnectionError
    from mage_space.types import GenerationRequest

SUBMISSIONS: Final = 3
"""How often one submission is sent, always with the same key."""
ATTEMPT_S: Final = 60.0


class MageBackend(TicketedBackend):
    """A ticket is the provider's request id."""

    provider: ClassVar[Provider] = "mage"
    keyed = True
    unbilled: ClassVar[tuple[type[ProviderError], ...]] = (GenerationFailed, ContentRefused)
    _client: AsyncMage
    _transport: httpx.AsyncClient | None = None

    async def submit(self, ask: Ask) -> Bought:
        for attempt in range(SUBMISSIONS):
            try:
                return await self._submit_once(ask)
            except (AnswerLost, ProviderSilent, ProviderFailing, ProviderUnreachable):
                if attempt + 1 == SUBMISSIONS:
                    raise
                await asyncio.sleep(2**attempt * self._unit_s)
        raise AssertionError("unreachable")

    async def _submit_once(self, ask: Ask) -> Bought:
        """May be repeated: the key is the same."""
        from mage_space import MageAPIError, MageConnectionError

        architecture = ask.model.source.split("/")[0]
        fields = config(ask, self._access.fineness)
        try:
            request = await self._client.generate(architecture, fields, idempotency_key=key(ask))
            return Bought(request["request_id"], _gems(request))
        except MageAPIError as error:
            raise self._refusal(error) from None
        except MageConnectionError as error:
            raise self._broken(error) from None
        except (ValueError, KeyError, TypeError):
            raise AnswerLost(self._title) from None

    async def look(self, ticket: str) -> Ready | None:
        from mage_space import MageAPIError, MageConnectionError

        try:
            request = await self._client.requests.get(ticket)
            return self._state(request)
        except MageAPIError as error:
            raise PictureGone(self._title) if error.status == 404 else self._refusal(error) from None
        except (MageConnectionError, ValueError, KeyError, TypeError):
            raise ProviderUnreachable(self._title) from None

    def _state(self, request: GenerationRequest) -> Ready | None:
        match request["status"]:
            case "completed":
                result = request["result"]
                if result is None:
                    raise UnusableAnswer(self._title, "it names no picture")
                return Ready(result["url"], result["seed"])
            case "failed" | "cancelled":
                wrong = request["error"] or {"code": "generation_failed", "message": ""}
                raise self._wrong(wrong["code"], wrong["message"], 0) or GenerationFailed(self._title)
            case _:
                return None

    async def _call_off(self, job_id: str, ticket: str) -> None:
        from mage_space import MageError

        if ticket == SENT:
            return
        try:
            await self._client.requests.cancel(ticket)
        except MageError:
            return  # it is over already, or cannot be reached: either way it ends by itself

    async def _hang_up(self) -> None:
        await super()._hang_up()
        if self._transport is not None:
            await self._transport.aclose()

    def _connect(self) -> None:
        import httpx
        from mage_space import AsyncMage

        limits = httpx.Limits(max_connections=None, max_keepalive_connections=self.slots)
        self._transport = httpx.AsyncClient(limits=limits, follow_redirects=False)
        self._client = AsyncMage(
            api_key=self._access.key,
            base_url=self._access.base_url,
            timeout=min(ATTEMPT_S, self._access.timeout_s),
            max_retries=0,
            http_client=self._transport,
        )

    def _refusal(self, error: MageAPIError) -> ProviderError:
        if error.status == 429:
            return RateLimited(self._title, retry_after_s(error.headers.get("Retry-After")))
        return self._wrong(error.code or "", error.message, error.status) or RequestRefused(self._title, error.status)

    def _wrong(self, code: str, said: str, status: int) -> ProviderError | None:
        """The error for a code of the provider's, else for the HTTP status; None when neither says anything."""
        if code == "content_blocked":
            return ContentRefused(self._title, said)
        if code == "insufficient_gems" or status == 402:
            return OutOfCredit(self._title)
        if code in ("unauthorized", "forbidden") or status in (401, 403):
            return KeyRefused(self._title)
        if code == "generation_failed":
            return GenerationFailed(self._title)
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


def _gems(request: Mapping[str, Any]) -> float | None:
    billing = request.get("billing")
    gems = billing.get("gems_charged") if isinstance(billing, dict) else None
    return float(gems) if isinstance(gems, int | float) and gems >= 0 else None


def key(ask: Ask) -> str:
    """The idempotency key. The job's id is "order.picture"."""
    return f"{ask.job.id.replace('.', ':')}:{ask.job.try_number}"


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
