"""A model hub on loopback: the routes that huggingface_hub asks, gates, tokens, ranges, and breaks where it is told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

TOKEN: Final = "hf_of_the_studio_0123456789"
LFS_FROM: Final = 1024
"""Files of this size and more are large ones, which have a sha256 and come by a redirect."""


@dataclass
class HubModel:
    """A repository: `files` by name. `gated` asks for a licence, which whoever has the token has `accepted`."""

    files: Mapping[str, bytes]
    gated: bool = False
    accepted: bool = False
    commit: str = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class StandInHub:
    """Its address is `url`, from its start on a thread of its own until `stop`.

    `cut` holds, by a file's name, after how many bytes its next answers end; `held` names files whose bytes wait for
    `let_go`; `changed` those that come with other content than is listed, and how often. `asked` are the requests, in
    their order, each with the byte it begins at; `leaked` says that a token came where the bytes are stored.
    """

    models: dict[str, HubModel] = field(default_factory=dict)
    cut: dict[str, list[int]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    changed: dict[str, int] = field(default_factory=dict)
    takes_ranges: bool = True
    status: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)
    leaked: bool = False
    url: str = ""

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._go = asyncio.Event()
        self._waiting = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def let_go(self) -> None:
        """What is held comes."""
        self.held.clear()
        self._loop.call_soon_threadsafe(self._go.set)

    def is_waiting(self) -> bool:
        """Whether somebody waits for bytes that are held; the first half of them is sent by then."""
        return self._waiting.is_set()

    def fetched(self) -> list[str]:
        """The files whose content was asked for, as often as it was."""
        return [name for name, _ in self.asked if not name.startswith("/api")]

    def _call(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10.0)

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._failing])
        app.add_routes(
            [
                web.get("/api/models/{owner}/{name}", self._info),
                web.get("/api/models/{owner}/{name}/revision/{commit}", self._info),
                web.get("/api/models/{owner}/{name}/auth-check", self._check),
                web.get("/api/models/{owner}/{name}/tree/{commit}", self._tree),
                web.get("/{owner}/{name}/resolve/{commit}/{path:.+}", self._resolve),
                web.get("/cdn/{owner}/{name}/{path:.+}", self._large),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.0, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _end(self) -> None:
        self._go.set()
        await self._runner.cleanup()

    @web.middleware
    async def _failing(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.status:
            return web.json_response({"error": "not now"}, status=self.status)
        answer: web.StreamResponse = await handler(request)
        return answer

    def _model(self, request: web.Request, *, content: bool) -> HubModel:
        """The repository that is asked for. Raises as the hub answers where there is none, or none for this token."""
        header = request.headers.get("Authorization", "")
        known = header == f"Bearer {TOKEN}"
        if header and not known:
            raise refusal(web.HTTPUnauthorized, "", "Invalid credentials in Authorization header")
        found = self.models.get(f"{request.match_info['owner']}/{request.match_info['name']}")
        if found is None:
            raise refusal(web.HTTPNotFound if known else web.HTTPUnauthorized, "RepoNotFound", "Repository not found")
        if content and found.gated and not (known and found.accepted):
            raise refusal(web.HTTPForbidden if known else web.HTTPUnauthorized, "GatedRepo", "Access is restricted.")
        return found

    async def _info(self, request: web.Request) -> web.Response:
        model = self._model(request, content=False)
        self.asked.append((request.path, 0))
        siblings = [_sibling(name, content) for name, content in model.files.items()]
        said = {"id": "x", "sha": model.commit, "gated": "auto" if model.gated else False, "siblings": siblings}
        return web.json_response(said)

    async def _check(self, request: web.Request) -> web.Response:
        self._model(request, content=True)
        return web.json_response({})

    async def _tree(self, request: web.Request) -> web.Response:
        """What the hub's own downloads list; ours do not ask for it."""
        return web.json_response(
            [
                {"type": "file", "path": one["rfilename"], "size": one["size"], "oid": one["blobId"]}
                | ({"lfs": {**one["lfs"], "oid": one["lfs"]["sha256"]}} if "lfs" in one else {})
                for one in (_sibling(*pair) for pair in self._model(request, content=False).files.items())
            ]
        )

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        model = self._model(request, content=True)
        name = request.match_info["path"]
        content = model.files.get(name)
        if content is None or request.match_info["commit"] not in (model.commit, "main"):
            code = "EntryNotFound" if content is None else "RevisionNotFound"
            raise refusal(web.HTTPNotFound, code, "not found")
        headers = {"X-Repo-Commit": model.commit, "ETag": f'"{git_id(content)}"'}
        if len(content) < LFS_FROM:
            self.asked.append((name, 0))
            return web.Response(body=content, headers=headers)
        sha256 = hashlib.sha256(content).hexdigest()
        headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content))}
        elsewhere = self.url.replace("127.0.0.1", "localhost")  # another host, as the hub's storage is
        place = f"{elsewhere}/cdn/{request.match_info['owner']}/{request.match_info['name']}/{name}"
        return web.Response(status=302, headers={**headers, "Location": place})

    async def _large(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["path"]
        content = self.models[f"{request.match_info['owner']}/{request.match_info['name']}"].files[name]
        self.leaked |= "Authorization" in request.headers
        start = (request.http_range.start or 0) if self.takes_ranges else 0
        self.asked.append((name, start))
        if self.changed.get(name, 0) > 0:
            self.changed[name] -= 1
            content = bytes(len(content))
        headers = {"Content-Length": str(len(content) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        answer = web.StreamResponse(status=206 if start else 200, headers=headers)
        await answer.prepare(request)
        await self._send(request, answer, name, content[start:])
        return answer

    async def _send(self, request: web.Request, answer: web.StreamResponse, name: str, content: bytes) -> None:
        cuts = self.cut.get(name, [])
        if cuts:
            await answer.write(content[: cuts.pop(0)])
            if request.transport is not None:
                request.transport.close()
            return
        if name in self.held:
            await answer.write(content[: len(content) // 2])
            self._waiting.set()
            await self._go.wait()
            content = content[len(content) // 2 :]
        await answer.write(content)


def refusal(kind: type[web.HTTPException], code: str, message: str) -> web.HTTPException:
    """An error as the hub answers it."""
    headers = {"X-Error-Code": code} if code else {}
    text = json.dumps({"error": message})
    return kind(text=text, content_type="application/json", headers={**headers, "X-Error-Message": message})


def git_id(content: bytes) -> str:
    """What git calls this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    """A folder's files, as a repository has them."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    known: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": git_id(content)}
    if len(content) >= LFS_FROM:
        sha256 = hashlib.sha256(content).hexdigest()
        known["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
    return known
