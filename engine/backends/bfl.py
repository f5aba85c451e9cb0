"""Black Forest Labs (Flux 1.1 Pro Ultra, FLUX.2), by its documented HTTP interface; there is no SDK.

No idempotency key: a submission whose answer was lost is not repeated. The key goes to the provider's hosts only.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import aiohttp

from engine.backends.hosted import Ask, Bought, Ready, TicketedBackend
from engine.backends.pictures import is_at
from engine.backends.waits import retry_after_s
from engine.catalogue import Provider
from engine.hosted_models import CANDID, FLUX_2
from engine.provider_errors import (
    AnswerLost,
    ContentRefused,
    GenerationFailed,
    KeyRefused,
    OutOfCredit,
    PictureGone,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    RateLimited,
    RequestRefused,
    UnusableAnswer,
)

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
            raise UnusableAnswer(self._title, "it names no address of its own to ask after the portrait")
        cost = answer.get("cost")
        return Bought(url, float(cost) if isinstance(cost, int | float) and cost >= 0 else None)

    async def look(self, ticket: str) -> Ready | None:
        if not self._is_providers(ticket):  # the key must not go elsewhere, whatever was written down
            raise UnusableAnswer(self._title, "the address of the portrait is not the provider's")
        answer = await self._call("GET", ticket)
        match answer.get("status"):
            case "Ready":
                return self._ready(answer.get("result"))
            case "Request Moderated" | "Content Moderated":
                raise ContentRefused(self._title, _reasons(answer.get("details")))
            case "Task not found":
                raise PictureGone(self._title)
            case "Error" | "Failed":
                raise GenerationFailed(self._title)
            case _:
                return None

    def _ready(self, result: object) -> Ready:
        if not isinstance(result, dict) or not isinstance(result.get("sample"), str):
            raise UnusableAnswer(self._title, "it names no picture")
        seed = result.get("seed")
        return Ready(result["sample"], seed if isinstance(seed, int) else None)

    def _is_providers(self, url: str) -> bool:
        return is_at(url, self._hosts, plain_http=self._plain_http)

    async def _call(self, method: str, url: str, json: Mapping[str, object] | None = None) -> dict[str, Any]:
        headers = {"x-key": self._access.key, "Accept": "application/json"}
        try:
            async with self._http().request(method, url, json=json, headers=headers, allow_redirects=False) as response:
                if response.status != 200:
                    raise await self._refusal(response)
                answer = await response.json(content_type=None)
        # Without a cause: aiohttp's errors carry the request's headers, and so the key.
        except aiohttp.ConnectionTimeoutError:
            raise ProviderUnreachable(self._title) from None
        except TimeoutError:
            raise ProviderSilent(self._title) from None
        except aiohttp.ClientConnectorError:
            raise ProviderUnreachable(self._title) from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise (AnswerLost if method == "POST" else ProviderUnreachable)(self._title) from None
        if not isinstance(answer, dict):
            raise UnusableAnswer(self._title, "it cannot be read")
        return answer

    async def _refusal(self, response: aiohttp.ClientResponse) -> Exception:
        match response.status:
            case 402:
                return OutOfCredit(self._title)
            case 401 | 403:
                return KeyRefused(self._title)
            case 429:
                return RateLimited(self._title, retry_after_s(response.headers.get("Retry-After")))
            case 404 if response.method == "GET":
                return PictureGone(self._title)
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


def _reasons(details: object) -> str:
    """What was objected to, where the provider says it."""
    found = details.get("Moderation Reasons") if isinstance(details, dict) else None
    return ", ".join(str(reason) for reason in found) if isinstance(found, list) else ""
