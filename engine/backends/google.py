"""Google (Nano Banana 2), through its official SDK, imported on first use.

No idempotency key. The SDK prefers aiohttp where that is installed, and then sends a request again whose connection
broke, which could buy twice: it is given a transport of its own that does not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.backends.answers import MALFORMED, MOST_PICTURE_JSON
from engine.backends.hosted import Ask, DirectBackend
from engine.backends.provider_errors import (
    AnswerLost,
    ContentRefused,
    GenerationFailed,
    KeyRefused,
    OutOfCredit,
    ProviderError,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
)
from engine.backends.waits import retry_after_s, said_s
from engine.models.model import Provider

if TYPE_CHECKING:
    from google.genai import Client, types
    from google.genai.errors import APIError

    from engine.backends import Report
    from engine.backends.guarded import GuardedClient

_BLOCKED: Final = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "NO_IMAGE",
        "MODEL_ARMOR",
    }
)
_DRY: Final = re.compile(r"\bcredits?\b|\bbalance\b|\bbilling account\b|\bspend(?:ing)? cap\b")
"""What is said where money is missing, in small letters."""
_QUOTAS: Final = frozenset({"type.googleapis.com/google.rpc.QuotaFailure", "RATE_LIMIT_EXCEEDED"})
_MOST_PARTS: Final = 8
_SECONDS: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)s")


class GoogleBackend(DirectBackend):
    """A block comes inside a good answer; everything else as an HTTP error."""

    provider: ClassVar[Provider] = "google"
    _client: Client
    _transport: GuardedClient | None = None

    async def ask(self, ask: Ask, report: Report) -> bytes:
        import httpx
        from google.genai.errors import APIError

        # The SDK warns of every word that it does not know, with what the answer says, and remembers each for good.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai\._common")
        try:
            answer = await self._client.aio.models.generate_content(
                model=ask.model.source, contents=contents(ask), config=config(ask, self._access.resolution)
            )
            return self._picture(answer)
        except APIError as error:
            raise self._refusal(error) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ProviderUnreachable(self._title) from None
        except httpx.TimeoutException:
            raise ProviderSilent(self._title) from None
        except (httpx.HTTPError, OSError):
            raise AnswerLost(self._title) from None
        except MALFORMED:
            raise UnreadableAnswer(self._title) from None

    def _picture(self, answer: types.GenerateContentResponse) -> bytes:
        feedback = answer.prompt_feedback
        if feedback is not None and feedback.block_reason is not None:
            raise ContentRefused(self._title, feedback.block_reason_message or _plain(feedback.block_reason.value))
        candidate = answer.candidates[0] if answer.candidates else None
        parts = (candidate.content.parts or []) if candidate and candidate.content else []
        for part in parts:
            if part.inline_data is not None and part.inline_data.data and not part.thought:
                return part.inline_data.data
        reason = candidate.finish_reason.value if candidate and candidate.finish_reason else ""
        said = (candidate.finish_message if candidate else None) or _spoken(parts)
        if reason in _BLOCKED:
            raise ContentRefused(self._title, said or _plain(reason))
        raise GenerationFailed(self._title, said)

    async def _hang_up(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()
            self._client.close()

    def _connect(self) -> None:
        from google import genai
        from google.genai import types

        from engine.backends.guarded import GuardedClient

        limit_s = self._access.timeout_s
        self._transport = GuardedClient(self._title, limit_s=limit_s, most_bytes=MOST_PICTURE_JSON, keep=self.slots)
        self._client = genai.Client(
            vertexai=False,
            api_key=self._access.key,
            http_options=types.HttpOptions(
                base_url=self._access.base_url,
                timeout=max(1, round(limit_s * 1000)),
                retry_options=types.HttpRetryOptions(attempts=1),
                httpx_async_client=self._transport,
            ),
        )

    def _refusal(self, error: APIError) -> ProviderError:
        said = str(error.message or "").lower()
        if error.code == 429:
            # Every limit tells of plan and billing. Whoever says when to come back, or which quota, has not run dry.
            wait_s = _told_s(error)
            dry = _DRY.search(said) and wait_s is None and not _kinds(error) & _QUOTAS
            return OutOfCredit(self._title) if dry else RateLimited(self._title, wait_s)
        if error.code == 402 or (
            error.code in (400, 403) and ("billing" in said or "BILLING_DISABLED" in _kinds(error))
        ):
            return OutOfCredit(self._title)
        if error.code in (401, 403) or "api key" in said or "api_key" in said:
            return KeyRefused(self._title)
        if error.code >= 500:
            return ProviderFailing(self._title, error.code)
        return RequestRefused(self._title, error.code)


def contents(ask: Ask) -> list[Any]:
    """The words, then the characters' pictures in the order that the words count them."""
    from google.genai import types

    return [ask.words.prompt, *(types.Part.from_bytes(data=each, mime_type="image/jpeg") for each in ask.pictures)]


def config(ask: Ask, image_size: str) -> types.GenerateContentConfig:
    """One picture of the wanted shape."""
    from google.genai import types

    return types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio=ask.aspect, image_size=image_size or None),
    )


def _told_s(error: APIError) -> float | None:
    """The wait that the answer asks for: in its header, in its details, or in its words."""
    header = getattr(error.response, "headers", {}).get("Retry-After")
    if header:
        return retry_after_s(header)
    delays = [one.get("retryDelay") for one in _details(error)]
    found = [_SECONDS.fullmatch(delay) for delay in delays if isinstance(delay, str)]
    return next((retry_after_s(seconds[1]) for seconds in found if seconds), said_s(error.message))


def _details(error: APIError) -> list[dict[str, Any]]:
    wrong = error.details.get("error") if isinstance(error.details, dict) else None
    details = wrong.get("details") if isinstance(wrong, dict) else None
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _kinds(error: APIError) -> set[object]:
    """The types and reasons that the details name."""
    told = [value for one in _details(error) for value in (one.get("@type"), one.get("reason"))]
    return {value for value in told if isinstance(value, str)}


def _spoken(parts: Sequence[types.Part]) -> str:
    """What the model wrote instead of a picture; not what it thought."""
    return " ".join(part.text for part in parts[:_MOST_PARTS] if isinstance(part.text, str) and not part.thought)


def _plain(reason: str) -> str:
    return reason.replace("_", " ").lower()
