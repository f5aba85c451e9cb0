"""The HTTP side: reads requests, checks the token, counts rate limits, meets faults, answers as Discord does.

What each route means is in `routes.py` and `answers.py`; they get a `Call` and give back JSON (or None for 204).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from tests.standin.compose import Draft
from tests.standin.errors import ApiError, unauthorized
from tests.standin.faults import Fault, Faults, Harm, Request
from tests.standin.model import File, Json, clock
from tests.standin.ratelimits import RateLimits
from tests.standin.world import World

PREFIX = "/api/v10"
FILE_FIELD = re.compile(r"^files\[(\d+)\]$")
MAX_REQUEST_BYTES = 256 * 1024 * 1024

Answer = Json | list[Json] | None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the door."""

    world: World
    params: Mapping[str, str]
    query: Mapping[str, str]
    payload: Json
    files: Mapping[int, File] = field(default_factory=dict)

    @property
    def draft(self) -> Draft:
        return Draft(self.payload, self.files)

    def number(self, name: str) -> int:
        """A path parameter that is a snowflake."""
        return int(self.params[name])


@dataclass(frozen=True, slots=True)
class Route:
    """A route under its short name, by which tests plan faults. `open` ones need no bot token."""

    name: str
    method: str
    path: str
    handle: Callable[[Call], Answer]
    open: bool = False


class Api:
    """The routes of one stand-in on an aiohttp application, and the record of what was asked."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.world = world
        self.faults = faults
        self.rate_limits = RateLimits(world.options)
        self.requests: list[Request] = []
        self.unknown: list[str] = []

    def mount(self, app: web.Application, routes: list[Route]) -> None:
        """Serve the routes, the files, and a 404 that is remembered for everything else."""
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._serve(route))
        app.router.add_get("/{folder:attachments|ephemeral-attachments}/{tail:.*}", self._file)
        app.router.add_route("*", "/{tail:.*}", self._unknown)

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            payload, files = await read_body(request)
            path = request.path.removeprefix(PREFIX)
            names = [file.name for file in files.values()]
            record = Request(clock(), route.name, route.method, path, payload, names)
            self.requests.append(record)
            call = Call(self.world, dict(request.match_info), dict(request.query), payload, files)
            response = await self._answer(route, request, call, record)
            record.status = None if closed(request) else response.status
            self.world.pulse.ring()
            return response

        return handler

    async def _answer(self, route: Route, request: web.Request, call: Call, record: Request) -> web.StreamResponse:
        if not route.open and request.headers.get("Authorization") != f"Bot {self.world.options.token}":
            return refusal(unauthorized())
        wait_s, everywhere, headers = self.rate_limits.take(route.name, major(call.params), as_bot=not route.open)
        if wait_s:
            return limited(wait_s, everywhere=everywhere, headers=headers)
        fault = self.faults.meet(route.name, route.method, record.path)
        if fault is not None and (stop := await before(fault, request)) is not None:
            return stop
        try:
            response = reply(route.handle(call))
            record.applied = True
        except ApiError as error:
            response = refusal(error)
        if fault is not None:
            await after(fault, request)
        response.headers.update(headers)
        return response

    async def _file(self, request: web.Request) -> web.Response:
        attachment = self.world.files.get(self.world.base_url + request.rel_url.raw_path)
        if attachment is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=attachment.content, content_type=attachment.content_type)

    async def _unknown(self, request: web.Request) -> web.Response:
        self.unknown.append(f"{request.method} {request.path}")
        return refusal(ApiError(404, 0, "404: Not Found"))


async def read_body(request: web.Request) -> tuple[Json, dict[int, File]]:
    """A request's JSON and files, whether it came as JSON or as a form."""
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        found = json.loads(raw) if raw else {}
        return (found if isinstance(found, dict) else {"items": found}), {}
    payload: Json = {}
    files: dict[int, File] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(content)
        elif part.name and (found_field := FILE_FIELD.match(part.name)):
            files[int(found_field[1])] = File(part.filename or "unknown", content)
    return payload, files


async def before(fault: Fault, request: web.Request) -> web.Response | None:
    """What a fault answers in place of the route, or None to go on."""
    if fault.harm is Harm.DROP_BEFORE:
        close(request)
        return web.Response(status=500)
    if fault.harm is Harm.STATUS:
        return refusal(ApiError(fault.status, fault.code, f"{fault.status}: planned by the test"))
    if fault.harm is Harm.RATE_LIMIT:
        return limited(fault.retry_after_s, everywhere=False, headers={})
    if fault.harm is Harm.HOLD_BEFORE:
        await fault.held()
    return None


async def after(fault: Fault, request: web.Request) -> None:
    if fault.harm is Harm.DROP_AFTER:
        close(request)
    elif fault.harm is Harm.HOLD_AFTER:
        await fault.held()


def close(request: web.Request) -> None:
    """Close the connection under the request: the client gets no byte of an answer."""
    if request.transport is not None:
        request.transport.close()


def closed(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def major(params: Mapping[str, str]) -> str:
    return params.get("token") or params.get("channel") or ""


def as_json(content: object, status: int) -> web.Response:
    """JSON under the bare content type: discord.py reads anything else as text."""
    body = json.dumps(content).encode()
    return web.Response(body=body, status=status, headers={"Content-Type": "application/json"})


def reply(answer: Answer) -> web.Response:
    return web.Response(status=204) if answer is None else as_json(answer, 200)


def refusal(error: ApiError) -> web.Response:
    return as_json(error.payload, error.status)


def limited(wait_s: float, *, everywhere: bool, headers: Mapping[str, str]) -> web.Response:
    """A 429. Without the Via header discord.py takes it for a ban and gives up."""
    message = {"message": "You are being rate limited.", "retry_after": wait_s, "global": everywhere}
    response = as_json(message, 429)
    response.headers.update({"Via": "1.1 stand-in", "Retry-After": f"{wait_s:.3f}", **headers})
    return response
