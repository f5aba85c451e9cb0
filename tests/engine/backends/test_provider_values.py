"""What holds for what providers say: seeds, costs and words are checked before they count or are shown."""

import gzip
import json
import logging
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.answers import Unpacker, read_object, tame
from engine.backends.provider_errors import ContentRefused, UnusableAnswer
from engine.backends.provider_values import MOST_SEED, MOST_WORDS, cost_of, seed_of, text_of, texts_of, ticket_of
from engine.backends.waits import LONGEST_WAIT_S, retry_after_s
from engine.models.model import Provider
from tests.engine.providers.hostile import PRICE_MICROS, place, reply

SEEDS: list[tuple[object, int | None]] = [
    (0, 0), (7, 7), (MOST_SEED, MOST_SEED), ("123", 123), (str(MOST_SEED), MOST_SEED),
    (MOST_SEED + 1, None), (2**70, None), (10**400, None), (-1, None), ("-1", None), (1.5, None), (7.0, None),
    (math.nan, None), (math.inf, None), (True, None), (False, None), (None, None), ("abc", None), ("", None),
    ("٣", None), ("1e3", None), ("9" * 5_000, None), (" 7", None), ([7], None), ({}, None), (b"7", None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "seed"), SEEDS, ids=range(len(SEEDS)))
def test_a_seed_is_one_that_can_be_stored(said: object, seed: int | None) -> None:
    assert seed_of(said) == seed


SAID = ["1.5", '"abc"', str(2**70), "-1", "1e400", "NaN", "true", "null", "[]", "{}", "9" * 5_000, '"7.0"', "Infinity"]


@pytest.mark.parametrize("provider", ["mage", "bfl"])
@pytest.mark.parametrize("said", SAID, ids=lambda said: said[:9])
async def test_a_job_keeps_its_seed_when_the_provider_names_none(provider: Provider, said: str) -> None:
    async with place(provider, {}) as studio:
        answer = json.dumps(studio.hostile.answer("look")).replace('"seed": 99', f'"seed": {said}')
        studio.hostile.says["look"] = reply(answer.encode())
        assert (await studio.order()).seed == 4321


@pytest.mark.parametrize("provider", ["mage", "bfl"])
async def test_a_seed_that_the_provider_names_is_kept(provider: Provider) -> None:
    async with place(provider, {}) as studio:
        assert (await studio.order()).seed == 99


COSTS: list[tuple[object, int | None]] = [
    (6, 60_000), (6.0, 60_000), (0, 0), (0.5, 5_000), (400, 4_000_000),
    (9e12, None), (501, None), (1e308, None), (math.inf, None), (math.nan, None), (-math.inf, None), (-1, None),
    (10**400, None), (2**70, None), (True, None), ("6", None), (None, None), ([6], None), ({"cost": 6}, None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "micros"), COSTS, ids=range(len(COSTS)))
def test_a_cost_is_one_that_a_portrait_can_have(said: object, micros: int | None) -> None:
    assert cost_of(said, 0.01, PRICE_MICROS) == micros


def test_a_model_that_is_dear_by_the_settings_may_cost_more() -> None:
    assert cost_of(900, 0.01, 1_000_000) == 9_000_000
    assert cost_of(1_001, 0.01, 1_000_000) is None


WRONG = ["9e12", "1e400", "-1", "NaN", "-Infinity", '"6"', "true", "[]", "{}", "9" * 5_000, str(2**70), "501"]


@pytest.mark.parametrize(("provider", "cost"), [("bfl", '"cost": 6'), ("mage", '"gems_charged": 12')])
@pytest.mark.parametrize("said", WRONG, ids=lambda said: said[:9])
async def test_the_price_in_the_settings_counts_when_the_cost_cannot_be(
    provider: Provider, cost: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with place(provider, {}) as studio:
        answer = json.dumps(studio.hostile.answer("submit")).replace(cost, f"{cost.split(':')[0]}: {said}")
        studio.hostile.says["submit"] = reply(answer.encode())
        with caplog.at_level(logging.WARNING):
            await studio.order()
        assert studio.journal.charges == {"order.0": PRICE_MICROS}
        assert "names a cost that cannot be" in caplog.text


HOSTILE = [
    "[click](http://evil.example/x)", "[click] (http://evil.example)", "<http://evil.example>", "http://evil.example",
    "ht\u200btp://evil.example", "HTTPS://EVIL.EXAMPLE", "ｈｔｔｐ：／／ｅｖｉｌ",
    "www.evil.example/x", "evil.example",
    "discord.gg/evil", "//evil.example", "steam://run/1", "mailto:a@evil.example", "ht*tp:/*/localhost/x", "[a]: http://b",
    "http:\\/\\/localhost", "\u202ehttp://evil.example", "@everyone", "<@123>", "<@&123>", "<#123>", "</buy:123>",
    "<t:0:R>", "<:a:1>", "**bold**", "__under__", "~~gone~~", "||hidden||", "`code`", "```\nblock\n```", "# head",
    "> quote", "a\nb\r\nc\u2028d\u2029e\x85f", "a\x00b\x1b[31m", "\ud800x", "Z" + "\u0301" * 900, "\u3164\u2800\u034f",
    "x" * 10_000, "ﷺ" * 5_000, "http://" * 3_000, "[" * 10_000, "\\" * 10_000, "” It is free: http://a.b “", "a\u061cb",
    "\U000e0041\U000e0042", "1.2.3.4/x", "\u2066x\u2069", "ftp://[::1]/", "-# small", "[x][y]", "![x](http://b)",
]  # fmt: skip


def assert_plain(shown: str) -> None:
    """One line, nothing unseen, and nothing that a chat makes a link, a mention or markup of."""
    assert len(shown) <= MOST_WORDS
    assert not re.search(
        r"[\[\]<>`*~|\\#@_\n\r\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
    )
    assert "//" not in shown
    assert not re.search(r"(?i)\b(www\.|[a-z0-9]\.(example|gg)\b)", shown)
    shown.encode()


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_provider_says_is_shown_as_plain_words(said: str) -> None:
    assert_plain(text_of(said))
    assert_plain(texts_of([said, said]))
    assert_plain(ContentRefused("Mage", said).said)


@given(st.text(max_size=600) | st.text(alphabet="htp:/.ab[]()<>@*_\u200b ", max_size=600))
def test_any_words_become_plain(said: str) -> None:
    assert_plain(text_of(said))
    assert text_of(text_of(said)) == text_of(said)


@pytest.mark.parametrize("said", [None, 5, [], {}, True, b"x", 1.5])
def test_what_are_no_words_is_not_shown(said: object) -> None:
    assert text_of(said) == texts_of(said) == ""


def test_reasons_are_shown_as_the_provider_gives_them() -> None:
    assert text_of("Sexual content, minors (3)") == "Sexual content, minors (3)"
    assert text_of("Contenu interdit : nudité") == "Contenu interdit : nudité"
    assert texts_of(["nudity", 5, "violence", *["x"] * 20]).startswith("nudity, violence, x")


REFUSALS: dict[Provider, Any] = {
    "openai": lambda said: (
        400,
        {"error": {"code": "moderation_blocked", "moderation_details": {"categories": [said]}}},
    ),
    "google": lambda said: (200, {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": said}}),
    "mage": lambda said: (403, {"error": {"code": "content_blocked", "message": said}}),
}


@pytest.mark.parametrize("provider", [*REFUSALS, "bfl"])
async def test_a_refusal_is_never_a_link(provider: Provider) -> None:
    async with place(provider, {}) as studio:
        for number, said in enumerate(HOSTILE):
            if provider == "bfl":
                moderated = {"status": "Content Moderated", "details": {"Moderation Reasons": [said]}}
                studio.hostile.says["look"] = reply(json.dumps(moderated).encode())
            else:
                status, answer = REFUSALS[provider](said)
                studio.hostile.says["submit"] = reply(json.dumps(answer).encode(), status)
            with pytest.raises(ContentRefused) as refused:
                await studio.order(f"u{number}.0")
            assert_plain(refused.value.said)
            assert len(str(refused.value)) < 400


@pytest.mark.parametrize("said", ["req-1", "a" * 128, "1.2:3_4"])
def test_a_ticket_is_a_word(said: str) -> None:
    assert ticket_of(said) == said


@given(st.text(max_size=80))
def test_a_wait_is_bounded_whatever_is_said(header: str) -> None:
    wait_s = retry_after_s(header)
    assert wait_s is None or 0 <= wait_s <= LONGEST_WAIT_S


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=4)
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_what_was_tamed_is_strict_json(value: dict[str, Any]) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    shown = json.loads(tame(json.dumps(value).encode(), "X"), parse_constant=refuse)
    json.dumps(shown, ensure_ascii=False).encode()
    assert shown == json.loads(tame(json.dumps(shown).encode(), "X"))


def test_sound_json_is_handed_on_as_it_came() -> None:
    raw = '{"a": [1, 2.5, -3e10, "é", "\\ud83d\\ude00", null, {"b": true}]}'.encode()
    assert tame(raw, "X") is raw
    assert read_object(raw, "X") == json.loads(raw)


@pytest.mark.parametrize("beyond", [-259, -1, 0, 1, 257, 258, 259])
def test_what_was_packed_is_unpacked_whole(beyond: int) -> None:
    body = b"a" * (2**21 + beyond)
    unpacker = Unpacker("gzip", "X", len(body))
    packed = gzip.compress(body)
    assert b"".join(piece for at in range(len(packed)) for piece in unpacker.feed(packed[at : at + 1])) == body
    assert b"".join(Unpacker("x-gzip", "X", len(body)).feed(packed)) == body
    with pytest.raises(UnusableAnswer, match="too large"):
        list(Unpacker("gzip", "X", len(body) - 1).feed(packed))


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(UnusableAnswer, match="under one name"):
        read_object(b'{"a": 1, "a": 2}', "X")
