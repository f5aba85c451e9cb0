"""What a provider's refusal means: too much at once, no money left, or a reason of the model's own that is passed on.

Asked through each provider's real SDK, as its servers word their answers.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from engine.backends import provider_errors as wrong
from engine.backends.waits import said_s
from engine.models.model import Provider
from tests.engine.providers.hostile import Place, place, reply

PATIENCE_S: Final = 120.0
QUOTA: Final = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)
"""What Google says of every limit, that of a minute too."""


def google(code: int, message: str, status: str = "RESOURCE_EXHAUSTED", *details: dict[str, Any]) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "status": status, "details": details}}).encode()


def delay(value: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": value}


VIOLATED: Final = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "10"}],
}
HELP: Final = {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "Learn more about quotas"}]}


def openai(message: str, code: str | None, kind: str = "") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


def mage(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


async def refused(studio: Place, body: bytes, status: int, **headers: str) -> wrong.ProviderError:
    studio.hostile.says["submit"] = reply(body, status, **headers)
    with pytest.raises(wrong.ProviderError) as failed:
        await studio.order("order.0")
    return failed.value


LIMITED: Final[dict[str, tuple[Provider, int, bytes, dict[str, str], float | None]]] = {
    "Google, a delay of 136 s": (
        "google",
        429,
        google(429, QUOTA, "RESOURCE_EXHAUSTED", VIOLATED, delay("136s")),
        {},
        136,
    ),
    "Google, a delay alone": ("google", 429, google(429, QUOTA, "RESOURCE_EXHAUSTED", delay("130.5s")), {}, 130.5),
    "Google, the delay in words": ("google", 429, google(429, f"{QUOTA}\nPlease retry in 155.57s."), {}, 155.57),
    "Google, credits beside a delay": ("google", 429, google(429, "No credits for now.", "X", delay("140s")), {}, 140),
    "Google, a header": ("google", 429, google(429, QUOTA, "X", HELP), {"Retry_After": "150"}, 150),
    "OpenAI, a header": ("openai", 429, openai("Slow down.", "rate_limit_exceeded"), {"Retry_After": "125"}, 125),
    "OpenAI, in words": ("openai", 429, openai("Please try again in 2m12.5s.", "rate_limit_exceeded"), {}, 132.5),
    "OpenAI, no code": ("openai", 429, openai("Limit reached, try again in 121s", None, "requests"), {}, 121),
    "Mage, a code of another status": ("mage", 403, mage("too_many_requests", "Try again in 140s"), {}, 140),
    "Mage": ("mage", 429, mage("too_many_requests", "x"), {"Retry_After": "130"}, 130),
    "BFL": ("bfl", 429, b'{"detail":"Too many tasks; see your billing"}', {"Retry_After": "131"}, 131),
}


@pytest.mark.parametrize("name", LIMITED)
async def test_too_much_at_once_is_no_empty_account(name: str) -> None:
    """The provider is not set aside, and the person is told when to come back."""
    provider, status, body, headers, wait_s = LIMITED[name]
    async with place(provider, {}) as studio:
        failed = await refused(studio, body, status, **headers)
    assert isinstance(failed, wrong.RateLimited)
    assert (failed.wait_s, failed.open_s, failed.blames) == (wait_s, 0.0, False)
    assert f"Try again in {round(wait_s or 0)} s" in str(failed)


def limit(*details: dict[str, Any]) -> wrong.ProviderError:
    """How Google's own backend reads its standard text with these details."""
    from google.genai.errors import ClientError

    from engine.backends.google import GoogleBackend

    body = json.loads(google(429, QUOTA, "RESOURCE_EXHAUSTED", *details))
    backend = GoogleBackend.__new__(GoogleBackend)
    backend._title = "Google"
    return backend._refusal(ClientError(429, body))


def test_the_standard_text_with_a_delay_of_36_s_is_a_limit_for_36_s() -> None:
    told = limit(HELP, VIOLATED, delay("36s"))
    assert isinstance(told, wrong.RateLimited)
    assert told.wait_s == 36
    assert "in 36 s" in str(told)


@pytest.mark.parametrize("details", [(), (HELP,), (VIOLATED,), ({"retryDelay": 5},), ({"@type": []},)])
def test_the_standard_text_without_a_delay_is_a_limit_too(details: tuple[dict[str, Any], ...]) -> None:
    told = limit(*details)
    assert isinstance(told, wrong.RateLimited)
    assert told.wait_s is None


NO_BILLING: Final = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "BILLING_DISABLED"}
EMPTY: Final[dict[str, tuple[Provider, int, bytes]]] = {
    "Google, prepaid": ("google", 429, google(429, "Your prepayment credits are depleted.")),
    "Google, 402": ("google", 402, google(402, "Pay first.", "X")),
    "Google, no billing": ("google", 403, google(403, "Enable it first.", "PERMISSION_DENIED", NO_BILLING)),
    "OpenAI": ("openai", 429, openai(QUOTA, "insufficient_quota", "insufficient_quota")),
    "OpenAI, by its type": ("openai", 429, openai(QUOTA, None, "insufficient_quota")),
    "OpenAI, its limit": ("openai", 400, openai("Billing hard limit has been reached", "billing_hard_limit_reached")),
    "Mage": ("mage", 402, mage("insufficient_gems", "x")),
    "Mage, as too many requests": ("mage", 429, mage("insufficient_gems", "x")),
    "BFL": ("bfl", 402, b'{"detail":"Insufficient credits"}'),
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
async def test_an_empty_account_is_no_limit(name: str) -> None:
    provider, status, body = EMPTY[name]
    async with place(provider, {}) as studio:
        assert isinstance(await refused(studio, body, status), wrong.OutOfCredit)


def candidate(reason: str, *parts: dict[str, Any], **more: Any) -> bytes:
    content = {"role": "model", "parts": list(parts)}
    return json.dumps({"candidates": [{"content": content, "finishReason": reason, "index": 0, **more}]}).encode()


SAID: Final = "I can't make pictures of **real** people. See https://x.example @everyone <@1> `no`"
SHOWN: Final = "I can't make pictures of real people. See (link) everyone 1 no"


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        (candidate("STOP", {"text": SAID}), wrong.GenerationFailed, SHOWN),
        (candidate("STOP", {"text": "I think", "thought": True}, {"text": SAID}), wrong.GenerationFailed, SHOWN),
        (candidate("IMAGE_OTHER", {"text": "Try other words."}), wrong.GenerationFailed, "Try other words."),
        (candidate("IMAGE_SAFETY", {"text": "Not that."}), wrong.ContentRefused, "Not that."),
        (candidate("IMAGE_SAFETY"), wrong.ContentRefused, "image safety"),
        (candidate("STOP", {"text": "a " * 5000}), wrong.GenerationFailed, "…"),
    ],
)
async def test_the_models_own_reason_is_passed_on_cut_and_escaped(
    body: bytes, kind: type[wrong.ProviderError], shown: str
) -> None:
    async with place("google", {}) as studio:
        failed = await refused(studio, body, 200)
    assert type(failed) is kind
    assert f"{shown}”" in str(failed)
    assert len(str(failed)) < 400
    assert not failed.may_be_billed


async def test_without_a_reason_none_is_made_up() -> None:
    async with place("google", {}) as studio:
        failed = await refused(studio, candidate("STOP"), 200)
    assert "It says" not in str(failed)


async def test_what_mage_and_bfl_say_of_a_failure_is_passed_on() -> None:
    for provider, body in (
        ("mage", {"request_id": "r", "status": "failed", "error": {"code": "x", "message": SAID}}),
        ("bfl", {"id": "1", "status": "Error", "details": {"error": SAID}}),
    ):
        async with place(provider, {"look": reply(json.dumps(body).encode())}) as studio:  # type: ignore[arg-type]
            with pytest.raises(wrong.GenerationFailed) as failed:
                await studio.order("order.0")
        assert SHOWN in str(failed.value)


async def test_openais_words_are_passed_on_where_it_lists_no_categories() -> None:
    async with place("openai", {}) as studio:
        failed = await refused(studio, openai("Rejected by the safety system.", "moderation_blocked"), 400)
    assert isinstance(failed, wrong.ContentRefused)
    assert "Rejected by the safety system." in str(failed)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please retry in 20.04466179s.", 20.04466179),
        ("Please try again in 250ms.", 0.25),
        ("Please try again in 1m12.5s", 72.5),
        ("try again in 2h3m", 7380.0),
        ("Try again in 20 s", 20.0),
        ("try again in 999999999999s", 86_400.0),
        ("try again in a moment", None),
        ("try again in 5 minutes", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_wait_in_words_is_understood(text: object, seconds: float | None) -> None:
    assert said_s(text) == seconds
