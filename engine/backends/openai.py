"""OpenAI (GPT Image 2), through its official SDK, imported on first use; also any server with the same interface.

No idempotency key: the SDK's own retries are off, since they could buy twice. With a character the edit endpoint is
used, which holds a face from its picture. Partial pictures that are streamed become the live preview.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.backends.answers import MALFORMED, MOST_PICTURE_JSON
from engine.backends.hosted import Ask, DirectBackend
from engine.backends.provider_errors import (
    AnswerLost,
    ContentRefused,
    KeyRefused,
    OutOfCredit,
    ProviderError,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    RateLimited,
    RequestRefused,
    UnreadableAnswer,
    UnusableAnswer,
)
from engine.backends.provider_pictures import MAX_BYTES
from engine.backends.provider_values import texts_of
from engine.backends.waits import retry_after_s, said_s
from engine.jobs.job import Progress
from engine.models.model import Provider
from engine.sayings import worded

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI

    from engine.backends import Report

PARTIALS: Final = 2
PREVIEWS_AT_ONCE: Final = 2
MOST_PREVIEW: Final = 16 * 2**20
"""Characters of an unfinished picture, in base64."""
_EMPTY: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


class OpenAIBackend(DirectBackend):
    """The picture comes in the one answer, as a stream when the job wants previews."""

    provider: ClassVar[Provider] = "openai"
    _client: AsyncOpenAI
    _shown_now = 0

    async def ask(self, ask: Ask, report: Report) -> bytes:
        import httpx
        from openai import APIError

        try:
            return await self._streamed(ask, report) if ask.job.previews else await self._whole(ask)
        except APIError as error:
            raise self._wrong(error) from None
        except (httpx.HTTPError, OSError):  # the SDK passes its transport's own errors on
            raise AnswerLost(self._title) from None
        except MALFORMED:
            raise UnreadableAnswer(self._title) from None

    async def _whole(self, ask: Ask) -> bytes:
        answer: Any = await self._call(ask)
        return await self._decoded(answer.data[0].b64_json if answer.data else None)

    async def _streamed(self, ask: Ask, report: Report) -> bytes:
        showing: asyncio.Task[None] | None = None
        try:
            async with await self._call(ask, stream=True, partial_images=PARTIALS) as events:
                async for event in events:
                    if event.type.endswith(".completed"):
                        return await self._decoded(event.b64_json)
                    # A preview is left out rather than waited for, and when many come at once.
                    free = self._shown_now < PREVIEWS_AT_ONCE and (showing is None or showing.done())
                    if event.type.endswith(".partial_image") and free:
                        showing = asyncio.create_task(self._show(ask, event, report))
        finally:
            if showing is not None:
                showing.cancel()
        raise AnswerLost(self._title)

    async def _show(self, ask: Ask, event: Any, report: Report) -> None:
        self._shown_now += 1
        try:
            raw = await asyncio.to_thread(_unpacked, event.b64_json)
            small = await self._decoder.preview(raw, ask.job.user)
        finally:
            self._shown_now -= 1
        index = event.partial_image_index
        step = index + 1 if isinstance(index, int) and 0 <= index < PARTIALS else PARTIALS
        report(ask.job.id, Progress(step, PARTIALS + 1, small))

    async def _call(self, ask: Ask, **streaming: Any) -> Any:
        """The generate or the edit endpoint."""
        images, fields = self._client.images, {**self._fields(ask), **streaming}
        if not ask.pictures:
            return await images.generate(**fields)
        files = [(f"{number}.jpg", picture, "image/jpeg") for number, picture in enumerate(ask.pictures, 1)]
        return await images.edit(image=files, **fields)

    def _fields(self, ask: Ask) -> dict[str, Any]:
        """The request. `response_format` and `input_fidelity` are not for this model."""
        fields: dict[str, Any] = {
            "model": ask.model.source,
            "prompt": ask.words.prompt,
            "size": f"{ask.job.width}x{ask.job.height}",
            "n": 1,
            "output_format": "png",
        }
        if self._access.quality:
            fields["quality"] = self._access.quality
        return fields

    async def _decoded(self, text: object) -> bytes:
        if not isinstance(text, str) or not text:
            raise UnusableAnswer(self._title, worded("there is no picture in it"))
        if len(text) > MAX_BYTES * 4 // 3:
            raise UnusableAnswer(self._title, worded("the picture is too large"))
        try:
            return await asyncio.to_thread(base64.b64decode, text)
        except (binascii.Error, ValueError):
            raise UnusableAnswer(self._title, worded("the picture is damaged")) from None

    async def _hang_up(self) -> None:
        if "_client" in vars(self):
            await self._client.close()

    def _connect(self) -> None:
        from openai import AsyncOpenAI

        from engine.backends.guarded import GuardedClient

        limit_s = self._access.timeout_s
        client = GuardedClient(self._title, limit_s=limit_s, most_bytes=MOST_PICTURE_JSON, keep=self.slots)
        self._client = AsyncOpenAI(
            api_key=self._access.key,
            base_url=self._access.base_url,
            timeout=limit_s,
            max_retries=0,
            http_client=client,  # type: ignore[arg-type]  # it takes a client of either httpx
        )

    def _wrong(self, error: APIError) -> ProviderError:
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        # Some answers name the kind of error only, and no code of its own.
        if any(told in _EMPTY for told in (error.code, error.type) if isinstance(told, str)):
            return OutOfCredit(self._title)
        if error.code in ("moderation_blocked", "content_policy_violation"):
            return ContentRefused(self._title, _objections(error) or error.message)
        if error.code == "rate_limit_exceeded":
            return RateLimited(self._title, _told_s(error))
        if isinstance(error, APIStatusError):
            return self._refusal(error)
        if isinstance(error, APIConnectionError):
            if type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout"):
                return ProviderUnreachable(self._title)
            return (ProviderSilent if isinstance(error, APITimeoutError) else AnswerLost)(self._title)
        return AnswerLost(self._title)

    def _refusal(self, error: Any) -> ProviderError:
        match error.status_code:
            case 401 | 403:
                return KeyRefused(self._title)
            case 402:
                return OutOfCredit(self._title)
            case 429:
                return RateLimited(self._title, _told_s(error))
            case status if status >= 500:
                return ProviderFailing(self._title, status)
            case status:
                return RequestRefused(self._title, status)


def _unpacked(text: object) -> bytes:
    """b"" for what is no base64, or too much of it."""
    if not isinstance(text, str) or len(text) > MOST_PREVIEW:
        return b""
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _told_s(error: Any) -> float | None:
    """The wait that the answer asks for: in its header, or in its words."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    wait_s = retry_after_s(headers.get("retry-after"))
    return said_s(error.message) if wait_s is None else wait_s


def _objections(error: APIError) -> str:
    """The categories that were objected to, where the provider lists them."""
    details = error.body.get("moderation_details") if isinstance(error.body, dict) else None
    return texts_of(details.get("categories")) if isinstance(details, dict) else ""
