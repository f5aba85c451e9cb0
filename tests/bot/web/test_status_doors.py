"""Who gets to see the status page, and what those get who try to get round that."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.core.errors import SettingsError
from bot.core.settings import Settings
from bot.web import status_routes, status_site, viewers
from tests.bot.web.visitor import TOKEN, opened, settings_for, visiting

KNOWN_ONLY = ("/", "/metrics", "/events", "/previews/abc")


async def test_only_health_and_the_door_are_open_without_the_token(tmp_path: Path) -> None:
    async with opened(settings_for(tmp_path)) as (_, site), visiting(site.address) as nobody:
        assert (await nobody.ask("/health/live"))[0] == 200
        status, text, _ = await nobody.ask("/health")
        assert status == 503
        assert '"gateway": "not connected"' in text
        for path in KNOWN_ONLY:
            for headers in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": f"Bearer {TOKEN}x"},
                {"Authorization": TOKEN},
                {"Authorization": "Bearer"},
                {"Cookie": f"likeness_status={TOKEN}"},
            ):
                status, text, told = await nobody.ask(path, headers=headers)
                assert status == 401, (path, headers)
                assert "default-src 'none'" in told["content-security-policy"]
                assert TOKEN not in text
        for path in ("/metrics", "/"):
            assert (await nobody.ask(path, headers={"Authorization": f"Bearer {TOKEN}"}))[0] == 200


async def test_a_session_opens_by_the_form_of_the_page_alone_and_ends_when_told(tmp_path: Path) -> None:
    async with opened(settings_for(tmp_path)) as (_, site), visiting(site.address) as someone:
        for strange in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            assert (await someone.ask("/login", "POST", data={"token": TOKEN}, headers=strange))[0] == 403
        status, text, _ = await someone.ask("/login", "POST", data={"token": "wrong"})
        assert (status, "hidden data-wrong" in text) == (401, False)
        assert (await someone.ask("/login", "POST", data={"token": "x" * 100_000}))[0] == 413
        status, _, told = await someone.ask("/login", "POST", data={"token": TOKEN}, headers={"Origin": site.address})
        assert status == 303
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(told["set-cookie"].split("; "))
        assert TOKEN not in told["set-cookie"]
        assert (await someone.ask("/"))[0] == 200
        assert (await someone.ask("/logout", "POST"))[0] == 303
        stolen = told["set-cookie"].partition(";")[0]
        assert (await someone.ask("/", headers={"Cookie": stolen}))[0] == 401


async def test_a_host_name_that_is_not_its_own_is_answered_nothing(tmp_path: Path) -> None:
    told = settings_for(tmp_path, status_hosts=("studio.example.org",))
    async with opened(told) as (_, site), visiting(site.address, TOKEN) as owner:
        for host in ("localhost", "127.0.0.1:1", "[::1]:8080", "studio.example.org", "STUDIO.example.org:443"):
            assert (await owner.ask("/metrics", headers={"Host": host}))[0] == 200, host
        for host in ("evil.example", "127.0.0.1.evil.example", "studio.example.org@evil.example", "localhost.", "[::1"):
            for path in ("/", "/health", "/static/status.js", "/metrics"):
                assert (await owner.ask(path, headers={"Host": host}))[0] == 421, (host, path)


async def test_no_path_leads_to_a_file(tmp_path: Path) -> None:
    async with opened(settings_for(tmp_path)) as (_, site):
        for path in (
            "/static/../../core/settings.py",
            "/static/%2e%2e/status_routes.py",
            "/static/..%2f..%2fcore%2fsettings.py",
            "/static/",
            "/static/login.html",
            "/previews/../../likeness.sqlite3",
            "/previews/..%2f..%2flikeness.sqlite3",
            "/previews/" + "a" * 41,
            "//etc/passwd",
            "/%00",
        ):
            status, text = await raw(site.address, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{BEARER}\r\n")
            assert status in (400, 404), path
            assert "import" not in text
        for method in ("PUT", "DELETE", "TRACE", "CONNECT"):
            status, _ = await raw(site.address, f"{method} /metrics HTTP/1.1\r\nHost: localhost\r\n{BEARER}\r\n")
            assert status in (400, 404, 405), method


BEARER = f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n"


async def raw(address: str, request: str) -> tuple[int, str]:
    """What a socket gets for these bytes; 0 where it is hung up on."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(request.encode())
    answer = (await asyncio.wait_for(reader.read(), 30)).decode(errors="replace")
    writer.close()
    return (int(answer.split(" ", 2)[1]) if answer else 0), answer


async def test_callers_who_say_nothing_or_are_too_many_are_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_site, "HEAD_PATIENCE_S", 0.2)
    monkeypatch.setattr(status_site, "MOST_CONNECTIONS", 4)
    async with opened(settings_for(tmp_path)) as (_, site):
        half = [raw(site.address, "GET /health HTTP/1.1\r\nHost: local") for _ in range(4)]
        assert [status for status, _ in await asyncio.gather(*half)] == [0] * 4
        where = urlsplit(site.address)
        kept = [await asyncio.open_connection(where.hostname, where.port) for _ in range(4)]
        try:
            await asyncio.sleep(0)  # the four are taken in before the fifth
            assert (await raw(site.address, f"GET /health/live HTTP/1.1\r\nHost: localhost\r\n{BEARER}\r\n"))[0] == 0
        finally:
            for _, writer in kept:
                writer.close()


async def test_pages_beyond_the_most_are_told_so_and_the_others_share_each_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "MOST_VIEWERS", 2)
    async with opened(settings_for(tmp_path)) as (_, site), visiting(site.address, TOKEN) as owner:
        taken = 0
        take = site.viewers._take

        async def counted() -> dict[str, object]:
            nonlocal taken
            taken += 1
            return await take()

        monkeypatch.setattr(site.viewers, "_take", counted)
        async with owner.watching() as first, owner.watching() as second:
            assert await anext(first) == await anext(second)
            assert taken == 1
            status, _, told = await owner.ask("/events")
            assert (status, told["retry-after"]) == (503, "30")
        assert (await owner.ask("/health/live"))[0] == 200


async def test_a_page_that_reads_nothing_is_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_routes, "WRITE_PATIENCE_S", 0.05)
    monkeypatch.setattr(viewers, "TICK_S", 0.0)
    async with opened(settings_for(tmp_path)) as (_, site):
        sent = itertools.count()

        async def much() -> dict[str, object]:
            return {"number": next(sent), "much": "x" * 500_000}

        monkeypatch.setattr(site.viewers, "_take", much)
        where = urlsplit(site.address)
        reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**16)
        try:
            writer.write(f"GET /events HTTP/1.1\r\nHost: localhost\r\n{BEARER}\r\n".encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            assert site.viewers._ticking is not None
            await asyncio.wait_for(site.viewers._ticking, 60)  # it ends with the last viewer
        finally:
            writer.transport.abort()


async def test_without_a_token_nothing_but_health_is_answered(tmp_path: Path) -> None:
    told = settings_for(tmp_path, status_token="")
    async with opened(told) as (_, site), visiting(site.address) as someone:
        assert (await someone.ask("/health/live"))[0] == 200
        for path in KNOWN_ONLY:
            assert (await someone.ask(path))[0] == 403
        assert (await someone.ask("/", headers={"Authorization": "Bearer "}))[0] == 403
        assert (await someone.ask("/login", "POST", data={"token": ""}))[0] == 401


@pytest.mark.parametrize(
    ("listen", "token", "said"),
    [
        ("0.0.0.0:8080", "", "STATUS_TOKEN is empty"),
        ("[::]:8080", "", "STATUS_TOKEN is empty"),
        ("192.168.1.4:8080", "", "STATUS_TOKEN is empty"),
        ("studio.local:80", "", "STATUS_TOKEN is empty"),
        ("127.0.0.1:8080", "short", "16 characters or more"),
        ("127.0.0.1:8080", "a token with some spaces", "16 characters or more"),
        ("8080", "", "no address and port"),
        ("127.0.0.1", "", "no address and port"),
        ("127.0.0.1:99999", "", "no address and port"),
        ("http://127.0.0.1:80", "", "no address and port"),
        ("me@127.0.0.1:80", "", "no address and port"),
    ],
)
def test_what_must_not_be_served_does_not_start(
    listen: str, token: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUS_LISTEN", listen)
    monkeypatch.setenv("STATUS_TOKEN", token)
    with pytest.raises(SettingsError, match=said) as refused:
        Settings.load(None)
    assert not token or token not in str(refused.value)


async def test_an_address_that_is_taken_is_told_in_words(tmp_path: Path) -> None:
    async with opened(settings_for(tmp_path)) as (_, site):
        taken = settings_for(tmp_path / "2", status_listen=site.address.removeprefix("http://"))
        with pytest.raises(SettingsError, match="cannot be listened on"):
            async with opened(taken):
                pass
