"""Black Forest Labs (Flux 1.1 Pro Ultra, FLUX.2), by its documented HTTP interface; there is no SDK.

No idempotency key: a submission whose answer was lost is not repeated. The key goes to the provider's hosts only.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import aiohttp

from engine.backends.answers import ACCEPTED, CHUNK, MOST_JSON, read_object, whole
from engine.backends.hosted import ATTEMPT_S, Ask, Bought, Ready, TicketedBackend
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
    RedirectRefused,
    RequestRefused,
    UnreadableAnswer,
    UnusableAnswer,
)
from engine.backends.provider_values import seed_of, texts_of
from engine.backends.waits import retry_after_s
from engine.models.hosted_models import CANDID, FLUX_2
from engine.models.model import Provider
from engine.sayings import worded

IMAGE_PROMPT_STRENGTH: Final = 0.3
"""Above the provider's default, which hardly shows the person; far below 1, which is the reference again."""
SAFETY_TOLERANCE: Final = 2


class BflBackend(TicketedBackend):
    """A ticket is the polling address that the provider returned."""

    provider: ClassVar[Provider] = "bfl"

    async def submit(self, ask: Ask) -> Bought:
        path = ask.model.source.removesuffix(CANDID)
        answer = await self._call("POST", f"{self._access.base_url.rstrip('/')}/v1/{path}", body(ask))
        url = answer.get("polling_url")
        if not isinstance(url, str) or not self._is_providers(url):
            raise UnusableAnswer(self._title, worded("it names no address of its own to ask after the portrait"))
        return Bought(url, answer.get("cost"))

    async def look(self, ticket: str) -> Ready | None:
        if not self._is_providers(ticket):  # the key must not go elsewhere, whatever was written down
            raise UnusableAnswer(self._title, worded("the address of the portrait is not the provider's"))
        answer = await self._call("GET", ticket)
        match answer.get("status"):
            case "Ready":
                return self._ready(answer.get("result"))
            case "Request Moderated" | "Content Moderated":
                details = answer.get("details")
                raise ContentRefused(
                    self._title, texts_of(details.get("Moderation Reasons")) if isinstance(details, dict) else ""
                )
            case "Task not found":
                raise PictureGone(self._title)
            case "Error" | "Failed":
                details = answer.get("details")
                raise GenerationFailed(self._title, details.get("error") if isinstance(details, dict) else details)
            case str():
                return None
            case _:
                raise ProviderUnreachable(self._title)  # it may be asked again

    def _ready(self, result: object) -> Ready:
        if not isinstance(result, dict) or not isinstance(result.get("sample"), str):
            raise UnusableAnswer(self._title, worded("it names no picture"))
        return Ready(result["sample"], seed_of(result.get("seed")))

    async def _call(self, method: str, url: str, json: Mapping[str, object] | None = None) -> dict[str, Any]:
        try:
            return read_object(await self._sent(method, url, json), self._title)
        except UnreadableAnswer:
            if method == "POST":
                raise
            raise ProviderUnreachable(self._title) from None  # it may be asked again

    async def _sent(self, method: str, url: str, json: Mapping[str, object] | None) -> bytes:
        """The body of a good answer. Raises ProviderError."""
        headers = {"x-key": self._access.key, "Accept": "application/json", "Accept-Encoding": ACCEPTED}
        limit = aiohttp.ClientTimeout(total=min(ATTEMPT_S, self._access.timeout_s), connect=20)
        try:
            async with self._http().request(
                method, url, json=json, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                if not 200 <= response.status < 300:
                    raise self._refusal(response)
                chunks = response.content.iter_chunked(CHUNK)
                return await whole(chunks, response.headers, self._title, MOST_JSON, is_json=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            broken = self._broken(error, method)
        # Out here it has no context: aiohttp's errors carry the request's headers, and so the key.
        raise broken

    def _broken(self, error: Exception, method: str) -> ProviderError:
        match error:
            case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
                return ProviderUnreachable(self._title)
            case TimeoutError():
                return ProviderSilent(self._title)
            case _:
                return (AnswerLost if method == "POST" else ProviderUnreachable)(self._title)

    def _refusal(self, response: aiohttp.ClientResponse) -> ProviderError:
        match response.status:
            case 402:
                return OutOfCredit(self._title)
            case 401 | 403:
                return KeyRefused(self._title)
            case 429:
                return RateLimited(self._title, retry_after_s(response.headers.get("Retry-After")))
            case 404 if response.method == "GET":
                return PictureGone(self._title)
            case status if 300 <= status < 400:
                return RedirectRefused(self._title, status)
            case status if status >= 500:
                return ProviderFailing(self._title, status)
            case status:
                return RequestRefused(self._title, status)


def body(ask: Ask) -> dict[str, object]:
    """The request in the provider's documented fields."""
    fields: dict[str, object] = {
        "prompt": ask.words.prompt,
        "seed": ask.job.seed,
        "safety_tolerance": SAFETY_TOLERANCE,
        "output_format": "png",
    }
    pictures = [base64.b64encode(picture).decode() for picture in ask.pictures]
    if ask.model.source.startswith(FLUX_2):
        names = ("input_image", *(f"input_image_{number}" for number in range(2, 9)))
        return {**fields, "width": ask.job.width, "height": ask.job.height, **dict(zip(names, pictures, strict=False))}
    fields |= {
        "prompt_upsampling": False,
        "aspect_ratio": ask.aspect,
        "raw": ask.model.source.endswith(CANDID),
    }
    if pictures:
        fields |= {"image_prompt": pictures[0], "image_prompt_strength": IMAGE_PROMPT_STRENGTH}
    return fields
