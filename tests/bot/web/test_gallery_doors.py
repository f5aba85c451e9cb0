"""Who gets to see a gallery, and what those get who try to see somebody else's."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from gettext import NullTranslations
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image

from bot.core.errors import SettingsError
from bot.core.settings import Settings
from bot.languages import message_catalogues
from bot.web import gallery_pace
from bot.web.gallery_texts import TEXTS
from data.people.gallery_keys import LINK_S, MOST_SESSIONS, SESSION_S
from tests.bot.web.galleries import COOKIE, GUILD, HOST, LENA, ORIGIN, SAM, Member, character, galleries, portrait
from tests.bot.web.test_status_doors import raw

EVERYTHING = ("overview.json", "portraits.json", "characters.json", "series.json", "portraits/1.json")


async def test_nobody_sees_anothers(tmp_path: Path) -> None:
    """Every way to ask for what is somebody else's, is no more, or never was."""
    async with galleries(tmp_path) as (bot, sam):
        face, reference = await character(bot.stores, LENA, "lena")
        own_face, own_reference = await character(bot.stores, SAM, "self")
        hers = await portrait(bot.stores, LENA, "a velvet aubergine", references=(reference,), series=True)
        his = await portrait(bot.stores, SAM, "a man in a hat", references=(own_reference,), series=True)
        lenas, sams = [await bot.stores.portraits.get(number) for number in (hers, his)]
        assert lenas is not None
        assert sams is not None
        async with bot.stores.database.transaction() as tx:  # as if it had been shared with him once
            await tx.execute("INSERT INTO order_characters VALUES (?, 9, ?, 1)", (sams.order_id, face))
        await sam.enter(bot, SAM)
        (shown,) = json.loads((await sam.ask("portraits.json"))[1])["portraits"]
        assert shown["id"] == his
        own = (f"portraits.json?character={own_face}", f"faces/{own_reference}/thumbnail", f"portraits/{his}/picture")
        assert [(await sam.ask(path))[0] for path in own] == [200] * 3
        for number in (hers, 999, 10**17):
            for end in (".json", "/picture", "/thumbnail", "/recipe.json"):
                for method in ("GET", "HEAD"):
                    assert (await sam.ask(f"portraits/{number}{end}", method))[0] == 404, (number, end, method)
                assert (await sam.ask(f"portraits/{number}{end}", headers={"Range": "bytes=0-99"}))[0] == 404
            assert (await sam.change(f"portraits/{number}/delete"))[0] == 404
        assert (await sam.ask(f"faces/{reference}/thumbnail"))[0] == 404
        for sought in (f"character={face}", f"series={lenas.order_id}", "words=aubergine", "model=nobody", "before=0"):
            status, text, _ = await sam.ask(f"portraits.json?{sought}")
            assert (status, json.loads(text)["portraits"]) == (200, []), sought
        assert json.loads((await sam.ask(f"series.json?before={lenas.order_id}"))[1])["series"] == []
        for path in ("overview.json", "characters.json", "series.json"):
            text = (await sam.ask(path))[1]
            assert "lena" not in text
            assert lenas.order_id not in text
        assert await bot.stores.portraits.get(hers) is not None


async def test_what_is_forged_replayed_or_too_large_is_refused(tmp_path: Path) -> None:
    async with galleries(tmp_path) as (bot, sam):
        await portrait(bot.stores)
        for path in (*EVERYTHING, "portraits/1/picture", "portraits/1/thumbnail", "faces/1/thumbnail"):
            for cookie in ("", "x", "a" * 43, "a" * 3000, "' OR 1=1 --"):
                sam.cookie = cookie
                status, _, told = await sam.ask(path)
                assert status == 401, (path, cookie)
                assert "set-cookie" not in told
        sam.cookie = ""
        link = await sam.enter(bot, SAM)
        for again in (link, "", "x" * 5000, ["a"], None, sam.cookie):
            assert (await Member(sam.visitor).change("open", {"link": again}))[0] in (403, 413), again
        keys = bot.stores.gallery_keys
        old = await keys.make_link(SAM, GUILD, now=time.time() - LINK_S - 1)
        assert (await sam.change("open", {"link": old}))[0] == 403
        first = await keys.make_link(SAM, GUILD, now=time.time())
        second = await keys.make_link(SAM, GUILD, now=time.time())
        assert (await sam.change("open", {"link": first}))[0] == 403, "a new link ends the one before"
        at_once = [Member(sam.visitor).change("open", {"link": second}) for _ in range(5)]
        assert sorted(status for status, _, _ in await asyncio.gather(*at_once)) == [200, 403, 403, 403, 403]
        for path in (
            "portraits.json?words=" + "a" * 201,
            "portraits.json?model=" + "a" * 3900,
            "series.json?before=" + "a" * 5000,
        ):
            assert (await sam.ask(path))[0] == 400, path
        for odd in (
            "before=-1",
            "before=9999999999999999999999",
            "before=x",
            "character=1;drop",
            "words=%22%5C%27%25_",
        ):
            assert (await sam.ask(f"portraits.json?{odd}"))[0] == 200, odd
        stored = str([tuple(row) for row in await bot.stores.database.fetch_all("SELECT * FROM gallery_sessions")])
        assert sam.cookie not in stored
        assert second not in stored


async def test_pages_are_in_the_language_of_whoever_asked_for_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before that in the browser's; nothing on them or in their answers stays as it is."""

    class Marked(NullTranslations):
        def gettext(self, message: str) -> str:
            return f"⟦{message}⟧"

        def pgettext(self, context: str, message: str) -> str:
            return f"⟦{message}⟧"

    known = {"de": Marked()}
    monkeypatch.setattr(message_catalogues, "translations", lambda language: known.get(language) or NullTranslations())
    async with galleries(tmp_path) as (bot, sam):
        for wished, language in (("de-AT,en;q=0.5", "de"), ("xx, fr;q=0.9, de", "fr"), ("", "en"), ("en-GB, de", "en")):
            page = (await sam.ask("open", headers={"Accept-Language": wished}))[1]
            assert f'<html lang="{language}">' in page
        await sam.enter(bot, SAM, language="de")
        number = await portrait(bot.stores)
        french = {"Accept-Language": "fr"}
        page = (await sam.ask("", headers=french))[1]
        assert '<html lang="de">' in page
        assert "<h1>⟦Your portraits⟧</h1>" in page
        told = json.loads((await sam.ask("texts.json", headers=french))[1])
        assert [name for name, text in told.items() if not text.startswith("⟦")] == []
        one = json.loads((await sam.ask(f"portraits/{number}.json", headers=french))[1])
        assert [part["title"] for part in (*one["recipe"], *one["facts"]) if not part["title"].startswith("⟦")] == []
        assert json.loads((await sam.ask("portraits/999.json", headers=french))[1])["error"].startswith("⟦")
        await sam.enter(bot, SAM)
        assert '<html lang="en">' in (await sam.ask("", headers={"Accept-Language": "de"}))[1]


async def test_no_other_site_and_no_other_name_gets_in(tmp_path: Path) -> None:
    """Changes come from the gallery's own page; its pages are reached by its name, and nothing else by that."""
    async with galleries(tmp_path) as (bot, sam):
        number = await portrait(bot.stores)
        await sam.enter(bot, SAM)
        link = await bot.stores.gallery_keys.make_link(SAM, GUILD, now=time.time())
        strange: tuple[dict[str, str], ...] = (
            {"Origin": "https://evil.example"},
            {"Origin": f"http://{HOST}"},
            {"Origin": f"{ORIGIN}.evil.example"},
            {"Origin": f"{ORIGIN}:8443"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        for headers in strange:
            for path in (f"portraits/{number}/delete", "leave", "leave-everywhere", "open"):
                assert (await sam.change(path, {"link": link}, **headers))[0] == 403, (path, headers)
        plain = {"Content-Type": "application/json"}
        assert (await sam.ask("leave", "POST", data="{}", headers=plain))[0] == 403, "it does not say whence"
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            assert (await sam.ask(f"portraits/{number}/delete", method))[0] in (404, 405)
        for host in ("evil.example", "127.0.0.1", "localhost", f"{HOST}.evil.example", f"{HOST}@evil.example", "[::1"):
            for path in ("", "open", "portraits.json", "static/gallery.js"):
                assert (await sam.ask(path, headers={"Host": host}))[0] == 421, (host, path)
        assert (await sam.ask("portraits.json", headers={"Host": f"{HOST.upper()}:443"}))[0] == 200
        for path in ("/", "/health", "/metrics", "/static/status.js"):
            assert (await sam.visitor.ask(path, headers={"Host": HOST}))[0] == 421, path
        begin = f"Host: {HOST}\r\nCookie: {COOKIE}={sam.cookie}\r\nConnection: close\r\n\r\n"
        for path in (
            "/gallery/static/../../core/settings.py",
            "/gallery/static/%2e%2e/status_routes.py",
            "/gallery/static/door.html",
            "/gallery/portraits/../../likeness.sqlite3",
            "/gallery/portraits/..%2f..%2flikeness.sqlite3/picture",
            "/gallery/portraits/1%00/picture",
            "/gallery/portraits/01/picture",
            "/gallery/portraits/-1/picture",
            "/gallery/portraits/" + "9" * 19 + "/picture",
            "/gallery//portraits.json",
            "/gallery/../metrics",
        ):
            status, text = await raw(sam.visitor.address, f"GET {path} HTTP/1.1\r\n{begin}")
            assert status in (400, 404, 421), path
            assert "import" not in text
        assert (await sam.ask("portraits.json"))[0] == 200, "and still they are there"
        assert await bot.stores.portraits.get(number) is not None


async def test_looking_at_a_link_uses_nothing_up_and_every_answer_is_shut(tmp_path: Path) -> None:
    async with galleries(tmp_path) as (bot, sam):
        number = await portrait(bot.stores, words="a woman with a sign")
        link = await bot.stores.gallery_keys.make_link(SAM, GUILD, now=time.time())
        for method in ("GET", "HEAD"):
            status, text, told = await sam.ask("open", method)
            assert status == 200
            assert "set-cookie" not in told
            assert "<script>" not in text
            assert "style=" not in text
        assert (await sam.ask(f"open?link={link}"))[0] == 200
        status, _, told = await sam.change("open", {"link": link})
        assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} <= set(told["set-cookie"].split("; "))
        assert "Domain" not in told["set-cookie"]
        sam.cookie = told["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")
        for path in (
            "",
            "open",
            "texts.json",
            *EVERYTHING,
            f"portraits/{number}/picture",
            "nothing",
            "portraits/9.json",
        ):
            status, text, told = await (sam.ask(path) if "picture" not in path else sam.ask(path, "HEAD"))
            policy = told["content-security-policy"]
            assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; ")), (
                path
            )
            assert "unsafe" not in policy
            assert told["referrer-policy"] == "no-referrer"
            assert "noindex" in told["x-robots-tag"]
            assert told["x-content-type-options"] == "nosniff"
            assert "public" not in told["cache-control"]
            assert "{{" not in text
        picture = await bot.stores.portraits.get(number)
        assert picture is not None
        async with sam.visitor.session.get(
            f"{sam.visitor.address}/gallery/portraits/{number}/picture?download",
            headers={"Host": HOST, "Cookie": f"{COOKIE}={sam.cookie}"},
        ) as answer:
            assert await answer.read() == await bot.stores.pictures.read(picture.sha256), "as it was delivered"
            assert answer.headers["Content-Disposition"] == f'attachment; filename="likeness-{number}.png"'
            assert "private" in answer.headers["Cache-Control"]
            assert answer.headers["Vary"] == "Cookie"
        status, _, told = await sam.ask(f"portraits/{number}/picture", headers={"Range": "bytes=0-7"})
        assert (status, told["content-length"], told["content-range"].partition("/")[0]) == (206, "8", "bytes 0-7")
        recipe = json.loads((await sam.ask(f"portraits/{number}/recipe.json"))[1])
        assert (recipe["software"], recipe["words"]) == ("Likeness", "a woman with a sign")


async def test_sessions_end_when_told_and_at_once_with_a_ban_or_an_erasure(tmp_path: Path) -> None:
    async with galleries(tmp_path) as (bot, sam):
        number = await portrait(bot.stores)
        elsewhere = await portrait(bot.stores, guild=GUILD + 1)
        keys = bot.stores.gallery_keys
        browsers = [Member(sam.visitor) for _ in range(MOST_SESSIONS + 1)]
        for one in browsers:
            await one.enter(bot, SAM)
        assert [(await one.ask("overview.json"))[0] for one in browsers] == [401, *[200] * MOST_SESSIONS]
        assert (await browsers[1].change("leave"))[0] == 200
        assert (await browsers[1].ask("overview.json"))[0] == 401
        assert (await browsers[2].ask("overview.json"))[0] == 200
        assert await keys.end_all(SAM) == MOST_SESSIONS - 1
        assert (await browsers[2].ask("overview.json"))[0] == 401
        assert await keys.session("x", now=time.time()) is None
        await sam.enter(bot, SAM)
        assert await keys.session(sam.cookie, now=time.time() + SESSION_S) is None

        await bot.stores.bans.add(GUILD + 1, SAM, actor_id=9, now=time.time())
        assert [one["id"] for one in json.loads((await sam.ask("portraits.json"))[1])["portraits"]] == [number]
        assert (await sam.ask(f"portraits/{elsewhere}/picture"))[0] == 404, "its server does not have them"
        await bot.stores.bans.add(GUILD, SAM, actor_id=9, now=time.time())
        link = await keys.make_link(SAM, GUILD, now=time.time())
        assert (await sam.change("open", {"link": link}))[0] == 403
        assert [(await sam.ask(path))[0] for path in EVERYTHING] == [403] * len(EVERYTHING)
        status, page, _ = await sam.ask("")
        assert (status, "You cannot use the studio on this server." in page, "gallery.js" in page) == (403, True, False)
        await bot.stores.bans.remove(GUILD, SAM, actor_id=9, now=time.time())

        assert (await sam.ask(f"portraits/{number}/thumbnail"))[0] == 200
        kept = bot.stores.pictures.thumbnails
        assert [file.name for file in kept.iterdir()]
        await bot.stores.privacy.begin(SAM, now=time.time())
        assert (await sam.ask("overview.json"))[0] == 403, "as soon as it is asked for"
        await bot.stores.privacy.erase(SAM, now=time.time())
        assert [(await sam.ask(path))[0] for path in EVERYTHING] == [401] * len(EVERYTHING)
        assert (await sam.change("open", {"link": link}))[0] == 403
        assert list(kept.iterdir()) == []


async def test_words_filters_and_pages_find_what_is_there(tmp_path: Path) -> None:
    async with galleries(tmp_path) as (bot, sam):
        face, reference = await character(bot.stores, SAM, "ana")
        coat = await portrait(bot.stores, words="@ana in a red coat, on a beach", references=(reference,))
        hat = await portrait(bot.stores, words="ÄLTERER Mann mit Hut", model="other", spoiler=True)
        made = await bot.stores.portraits.get(hat)
        assert made is not None
        await sam.enter(bot, SAM)
        for query, found in (
            ("", [hat, coat]),
            ("words=RED+beach", [coat]),
            ("words=@ana", [coat]),
            ("words=älterer", [hat]),
            (f"words={made.spec.seed}", [hat]),
            ("words=subject", []),
            ("words=red+hut", []),
            (f"character={face}", [coat]),
            ("model=other", [hat]),
            (f"model=other&character={face}", []),
            (f"before={hat}", [coat]),
        ):
            told = json.loads((await sam.ask(f"portraits.json?{query}"))[1])
            assert ([one["id"] for one in told["portraits"]], told["after"]) == (found, None), query
        detail = json.loads((await sam.ask(f"portraits/{coat}.json"))[1])
        assert detail["command"].startswith("/portrait ")
        assert "clothing:in a red coat" in detail["command"]
        assert detail["link"].startswith(f"https://discord.com/channels/{GUILD}/")
        assert detail["alt"].startswith(f"AI-generated portrait No. {coat}")
        overview = json.loads((await sam.ask("overview.json"))[1])
        assert overview == {
            "count": 2,
            "models": [{"id": "other", "title": "Other"}, {"id": "tiny", "title": "Tiny"}],
            "characters": [{"id": face, "handle": "ana"}],
        }
        headers = {"Host": HOST, "Cookie": f"{COOKIE}={sam.cookie}"}
        for at in (f"portraits/{hat}", f"faces/{reference}"):
            where = f"{sam.visitor.address}/gallery/{at}/thumbnail"
            async with sam.visitor.session.get(where, headers=headers) as answer:
                small = Image.open(io.BytesIO(await answer.read()))
            assert small.format == "WEBP"
            assert (b"AlgorithmicMedia" in small.info.get("xmp", b"")) is at.startswith("portraits")
        assert (await sam.change(f"portraits/{coat}/delete"))[0] == 503, "not while Discord cannot be told"
        assert await bot.stores.portraits.get(coat) is not None


async def test_one_who_asks_too_fast_waits_and_no_other_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_pace, "MOST_TURNS", 12.0)
    monkeypatch.setattr(gallery_pace, "TURNS_S", 0.001)
    async with galleries(tmp_path) as (bot, sam):
        lena = Member(sam.visitor)
        await sam.enter(bot, SAM)
        await lena.enter(bot, LENA)
        answers = [await sam.ask("overview.json") for _ in range(4)]
        assert [status for status, _, _ in answers] == [200, 200, 200, 429]
        assert int(answers[-1][2]["retry-after"]) > 1
        assert (await lena.ask("overview.json"))[0] == 200


def test_every_sentence_is_asked_for_and_every_one_that_is_asked_for_is_there() -> None:
    web = files("bot.web")
    pages = [(web / "static" / f"{name}.html").read_text() for name in ("gallery", "door")]
    scripts = [(web / "static" / f"{name}.js").read_text() for name in ("gallery", "door")]
    modules = [(web / f"{name}.py").read_text() for name in ("gallery_routes", "gallery_answers")]
    placed = set(re.findall(r"{{([a-z_]+)}}", "".join(pages)))
    asked = set(re.findall(r"""(?:say\(|TEXTS\[)["']([a-z_]+)["']""", "".join((*scripts, *modules))))
    assert (placed | asked) - TEXTS.keys() == {"language"}
    somewhere = "".join((*pages, *scripts, *modules))
    assert [name for name in TEXTS if not re.search(rf"\b{name}\b", somewhere)] == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"GALLERY_URL": "https://a.example"}, "STATUS_LISTEN is not"),
        ({"GALLERY_URL": "http://a.example", "STATUS_LISTEN": "127.0.0.1:8080"}, "begin with https"),
        ({"GALLERY_URL": "a.example", "STATUS_LISTEN": "127.0.0.1:8080"}, "no address such as"),
        ({"GALLERY_URL": "https://me@a.example", "STATUS_LISTEN": "127.0.0.1:8080"}, "no address such as"),
        ({"GALLERY_URL": "https://a.example:x", "STATUS_LISTEN": "127.0.0.1:8080"}, "no address such as"),
        ({"GALLERY_URL": "https://a.example/studio", "STATUS_LISTEN": "127.0.0.1:8080"}, "more than a host"),
    ],
)
def test_an_address_that_would_not_do_does_not_start(
    told: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said):
        Settings.load(None)
