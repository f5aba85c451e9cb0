"""What holds when a provider means harm: nothing goes elsewhere, nothing grows or hangs, and what was bought counts.

Each test asks every provider's real SDK, and at every point where the provider has the word.
"""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from engine.backends import provider_errors as wrong
from engine.backends.answers import MOST_PICTURE_JSON
from engine.jobs.job import Finished
from engine.models.model import Provider
from tests.engine.providers.hostile import POINTS, PRICE_MICROS, Hostile, Place, Says, bomb, drip, flood, place, reply
from tests.engine.providers.standin import KEY, Point

LATER = ("look", "download")
MIB = 2**20
everywhere = pytest.mark.parametrize(("provider", "point"), POINTS)


async def failure(studio: Place, name: str = "order.0", **options: Any) -> wrong.ProviderError:
    with pytest.raises(wrong.ProviderError) as failed:
        await studio.order(name, **options)
    return failed.value


def is_counted(studio: Place, provider: Provider, point: Point, name: str = "order.0") -> bool:
    """Whether what was bought is on record as spent: by the provider's word, else by the price in the settings."""
    if provider == "cluster":  # nobody bills it
        return studio.journal.charges == {}
    if point not in LATER:
        return True
    return studio.journal.charges.get(name) in (60_000, 120_000, PRICE_MICROS)


@everywhere
async def test_a_redirect_is_not_followed(provider: Provider, point: Point) -> None:
    async with Hostile() as elsewhere, place(provider, {}) as studio:
        for status in (301, 302, 303, 307, 308):
            location = f"{elsewhere.url}/v1/images/generations"
            studio.hostile.says[point] = reply(b"{}", status, Location=location)
            failed = await failure(studio, f"u{status}.0")
            assert is_counted(studio, provider, point, f"u{status}.0")
            assert elsewhere.url not in str(failed)
        assert elsewhere.heard == []


FLOODS: dict[str, Says] = {
    "nothing but zeros": flood(bytes(MIB), 400),
    "a picture that never ends": flood(b"A" * MIB, 400, first=b'{"data":[{"b64_json":"'),
    "a length that is told": flood(b"A" * MIB, 400, first=b'{"a":"', told=400 * MIB),
    "an error that never ends": flood(b"A" * MIB, 400, status=500, first=b'{"error":"'),
    "spaces": flood(b" " * MIB, 400),
    "a bomb": bomb(b'{"data":"', 400),
    "a bomb of zeros": bomb(b"", 400),
    "a bomb as an error": bomb(b'{"a":"', 400, 400),
}


@everywhere
@pytest.mark.parametrize("name", FLOODS)
async def test_no_answer_is_read_beyond_its_limit(provider: Provider, point: Point, name: str) -> None:
    async with place(provider, {point: FLOODS[name]}) as studio:
        tracemalloc.start()
        try:
            await failure(studio)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        asked = len(studio.hostile.heard)
        assert studio.hostile.sent < asked * (MOST_PICTURE_JSON + 24 * MIB)
        assert peak < MOST_PICTURE_JSON + 80 * MIB
        assert is_counted(studio, provider, point)


@pytest.mark.parametrize("name", FLOODS)
async def test_no_stream_of_events_is_read_beyond_its_limit(name: str) -> None:
    async def say(writer: asyncio.StreamWriter) -> None:
        write = writer.write
        writer.write = lambda data: write(data.replace(b"application/json", b"text/event-stream"))  # type: ignore
        await FLOODS[name](writer)

    async with place("openai", {"submit": say}) as studio:
        await failure(studio, previews=True)
        assert studio.hostile.sent < MOST_PICTURE_JSON + 24 * MIB


EVENTS = [
    b"a\n" * 10**6 + b"\n\n",
    b": ping\n\n" * 10**6,
    b"data: " + b"[" * 10**5 + b"\n\n",
    b'data: {"type": 5}\n\n',
    b'data: {"type": null}\n\n',
    b'data: {"type": "x.completed", "b64_json": 5}\n\n',
    b'data: {"type": "x.completed"}\n\n',
    b'data: {"type": "x.partial_image", "b64_json": [], "partial_image_index": "a"}\n\n',
    b'data: {"error": {"message": [], "code": {}}}\n\n',
    b'event: error\ndata: {"error": 5}\n\n',
    b"data: {nothing\n\n",
    b"data: [DONE]\n\n",
    b"data: 5\n\n",
    b"\xff\xfe\n\n",
    b"",
]


@pytest.mark.parametrize("said", EVENTS, ids=range(len(EVENTS)))
async def test_a_bad_stream_of_events_ends_the_order(said: bytes) -> None:
    async with place("openai", {"submit": reply(said, kind="text/event-stream")}) as studio:
        assert (await failure(studio, previews=True)).may_be_billed
        assert studio.journal.charges == {"order.0": PRICE_MICROS}


HEAD = reply().replace(b"Content-Length: 0\r\n", b"")
DRIPS: dict[str, Says] = {
    "headers": drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "early answers": drip(b"", b"HTTP/1.1 103 Early\r\n\r\n"),
    "a body": drip(HEAD + b'{"a":"', b"a"),
    "spaces": drip(HEAD),
    "an error": drip(HEAD.replace(b"200", b"500"), b" "),
    "events": drip(HEAD.replace(b"application/json", b"text/event-stream"), b": ping\n\n"),
    "a picture": drip(HEAD.replace(b"application/json", b"image/png")),
}


@everywhere
async def test_a_slow_drip_ends_in_time(provider: Provider, point: Point) -> None:
    """All of them at once, each at a provider of its own: nothing but time goes by."""

    async def ends(name: str) -> None:
        async with place(provider, {point: DRIPS[name]}, timeout_s=0.25) as studio:
            await failure(studio, previews=provider == "openai")
            assert is_counted(studio, provider, point), name

    await asyncio.gather(*(ends(name) for name in DRIPS))


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


BODIES: list[bytes] = [
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    nested(100_000),
    nested(900),
    b'{"a":[' + b"[]," * 200_000 + b"[]]}",
    b'{"status":"Pending","status":"Ready","data":[],"data":[]}',
    b"",
    b"null",
    b"5",
    b"9" * 100_000,
    b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    b'{"status":"Ready","data":[{"b64_json":"AAAA',
    b'{"a":"\xff\xfe"}',
    '{"status":"Ready"}'.encode("utf-16"),
]


@everywhere
async def test_json_that_is_none_or_too_much_ends_the_order(provider: Provider, point: Point) -> None:
    async with place(provider, {}) as studio:
        for number, body in enumerate(BODIES):
            studio.hostile.says[point] = reply(body)
            await failure(studio, f"u{number}.0")
            assert is_counted(studio, provider, point, f"u{number}.0")


@everywhere
async def test_such_json_in_an_error_leaves_the_error_what_it_is(provider: Provider, point: Point) -> None:
    async with place(provider, {}) as studio:
        for number, body in enumerate(BODIES):
            studio.hostile.says[point] = reply(body, 400)
            failed = await failure(studio, f"u{number}.0")
            assert isinstance(failed, wrong.RequestRefused | wrong.UnusableAnswer)
            assert is_counted(studio, provider, point, f"u{number}.0")


VALUES: list[str] = [
    "null", "true", "5", "-1", "1.5", "1e400", "NaN", "-Infinity", str(2**70), "9" * 5_000, '"x"', '""', '"\\ud800"',
    "[]", "{}", "[[[]]]", '"' + "x" * 5_000 + '"', '"\\u202e\\u0000"',
]  # fmt: skip


def swapped(value: Any, other: str) -> Iterator[str]:
    """The JSON of the value, once for each of its parts with the other in its place."""
    yield other
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, part in parts:
        for inner in swapped(part, other):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[at] = "@@"
            yield json.dumps(copy).replace('"@@"', inner)


@pytest.mark.parametrize(("provider", "point"), [each for each in POINTS if each[1] != "download"])
async def test_whatever_stands_in_any_field_the_order_ends_well_or_with_a_sentence(
    provider: Provider, point: Point
) -> None:
    async with place(provider, {}) as studio:
        good = studio.hostile.answer(point)
        for value in VALUES:
            for number, body in enumerate(swapped(good, value)):
                if point == "look" and '"status": "' in body and good["status"] not in body:
                    continue  # a status of another name is waited for until the job's deadline
                studio.hostile.says[point] = reply(body.encode())
                name = f"{VALUES.index(value)}x{number}.0"
                try:
                    done = await studio.order(name)
                except wrong.ProviderError as error:
                    assert is_counted(studio, provider, point, name), body
                    if error.may_be_billed and provider != "cluster":
                        assert name in studio.journal.charges, body
                else:
                    assert 0 <= done.seed < 2**63, body


STATUSES = [100, 101, 199, 201, 202, 204, 205, 206, 226, 300, 304, 305, 399, 400, 405, 406, 408, 409, 410, 413, 414]
STATUSES += [418, 421, 422, 425, 431, 451, 498, 499, 500, 501, 504, 505, 511, 520, 529, 598, 599]


@everywhere
async def test_any_status_ends_the_order(provider: Provider, point: Point) -> None:
    async with place(provider, {}) as studio:
        for status in STATUSES:
            studio.hostile.says[point] = reply(b'{"error":{}}', status)
            await failure(studio, f"u{status}.0")
            assert is_counted(studio, provider, point, f"u{status}.0")


SUBMITTED = [each for each in POINTS if each[1] == "submit"]
UNSAID = ["nan", "inf", "1e400", "9" * 400, "", "soon", "0x10", "1;2", "Fri, 31 Foo 9999 23:59:59 GMT"]


@pytest.mark.parametrize(("provider", "point"), SUBMITTED)
@pytest.mark.parametrize("wait", ["1e9", "0", "-5", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_provider_that_is_busy_for_ever_does_not_hold_an_order(
    provider: Provider, point: Point, wait: str
) -> None:
    async with place(provider, {point: reply(b"{}", 429, Retry_After=wait)}) as studio:
        assert isinstance(await failure(studio), wrong.RateLimited)
        assert len(studio.hostile.heard) < 100


@pytest.mark.parametrize(("provider", "point"), SUBMITTED)
async def test_a_wait_that_says_nothing_is_a_short_one(provider: Provider, point: Point) -> None:
    async with place(provider, {}) as studio:

        async def once(writer: asyncio.StreamWriter) -> None:
            del studio.hostile.says[point]
            writer.write(reply(b"{}", 429, Retry_After=waits.pop()))

        waits = list(UNSAID)
        for number in range(len(UNSAID)):
            studio.hostile.says[point] = once
            assert isinstance(await studio.order(f"u{number}.0"), Finished)


GARBAGE: list[bytes] = [
    b"\x16\x03\x01\x02\x00\x01",
    b"HTTP/9.9 abc\r\n\r\n",
    HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + b"zz\r\n{}\r\n",
    HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + b"f" * 40 + b"\r\n{}",
    HEAD.replace(b"\r\n\r\n", b"\r\nX-A: " + b"a" * MIB + b"\r\n\r\n") + b"{}",
    HEAD.replace(b"\r\n\r\n", b"\r\n" + b"X-A: a\r\n" * 10**5 + b"\r\n") + b"{}",
    HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") + b"{}",
    HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: -1\r\n\r\n") + b"{}",
    reply(b"{}", Content_Encoding="br"),
    reply(b"{}", Content_Encoding=", ".join(["gzip"] * 50)),
    reply(b"{}", Content_Encoding="gzip"),
    reply(b"{}", kind="application/json; charset=zlib"),
    b"",
]


@everywhere
async def test_what_is_no_answer_at_all_ends_the_order(provider: Provider, point: Point) -> None:
    async with place(provider, {}) as studio:
        for number, said in enumerate(GARBAGE):
            studio.hostile.says[point] = said
            failed = await failure(studio, f"u{number}.0")
            assert is_counted(studio, provider, point, f"u{number}.0")
            assert KEY not in "".join(map(repr, (failed, failed.__cause__, failed.__context__)))


TICKETS: list[Any] = [
    "../../x",
    "..",
    ".",
    "a/b",
    "a?b",
    "a#b",
    "a%2fb",
    "a\nb",
    "a b",
    "",
    "sent",
    "x" * 200,
    5,
    ["a"],
]


@pytest.mark.parametrize("ticket", TICKETS)
async def test_a_ticket_that_would_change_the_address_is_not_asked_after(ticket: object) -> None:
    async with place("mage", {}) as studio:
        studio.hostile.says["submit"] = reply(
            json.dumps({**studio.hostile.answer("submit"), "request_id": ticket}).encode()
        )
        assert (await failure(studio)).may_be_billed
        assert all(heard.startswith("POST ") for heard in studio.hostile.heard)
        assert studio.journal.charges == {"order.0": PRICE_MICROS}


ADDRESSES = [
    "http://elsewhere.example/x", "{other}/v1/get_result?id=1", "{other}\\@127.0.0.1/x", "http://127.0.0.1:1/x",
    "//127.0.0.1/x", "file:///etc/passwd", "http://user@127.0.0.1/x", "{url}\n/x", "{url}\\.evil.example/", "{url} /x",
    "http://127.0.0.1:99999/x", "http://localhost/x", "http://[::1]/x", "{url}/" + "x" * 5_000, "{url}/\u202ex", "",
]  # fmt: skip


@pytest.mark.parametrize("point", ["submit", "look"])
@pytest.mark.parametrize("provider", ["mage", "bfl"])
@pytest.mark.parametrize("address", ADDRESSES)
async def test_nothing_is_fetched_from_an_address_that_is_not_the_providers(
    provider: Provider, point: Point, address: str
) -> None:
    if (provider, point) == ("mage", "submit"):
        return  # it names none there
    async with Hostile() as other, place(provider, {}) as studio:
        given = address.replace("{other}", other.url).replace("{url}", studio.hostile.url)
        good = json.dumps(studio.hostile.answer(point))
        old = "/v1/get_result?id=1" if point == "submit" else "/media/1.png"
        studio.hostile.says[point] = reply(good.replace(f'"{studio.hostile.url}{old}"', json.dumps(given)).encode())
        assert isinstance(await failure(studio), wrong.UnusableAnswer)
        assert other.heard == []
        assert not any(old in heard for heard in studio.hostile.heard if point == "submit")
        assert studio.journal.charges["order.0"] in (60_000, 120_000, PRICE_MICROS)


@pytest.mark.parametrize("provider", ["openai", "google", "mage", "bfl", "cluster"])
async def test_a_good_answer_that_is_packed_and_unusual_is_taken(provider: Provider) -> None:
    async with place(provider, {}) as studio:
        for point in ("submit", "look"):
            body = b"\n \n" + json.dumps({**studio.hostile.answer(point), "new": "é\ud83d"}).encode()
            studio.hostile.says[point] = reply(gzip.compress(body), 203, Content_Encoding="gzip", Set_Cookie="a=b")
        for name in ("a.0", "b.0"):
            assert isinstance(await studio.order(name), Finished)
        assert not any("cookie" in heard.lower() for heard in studio.hostile.heard)
