"""A stand-in for OpenAI's pictures. Requests are checked against the parameter types of its SDK."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar, get_type_hints

from aiohttp import web
from openai.types.image_edit_params import ImageEditParamsStreaming
from openai.types.image_generate_params import ImageGenerateParamsStreaming
from pydantic import TypeAdapter, ValidationError

from engine.models.model import Provider
from tests.engine.providers.standin import Fault, Sent, StandIn, dropped, sizes_of

_GENERATE = get_type_hints(ImageGenerateParamsStreaming)
_EDIT = get_type_hints(ImageEditParamsStreaming)
_NUMBERS = ("n", "partial_images", "output_compression")
_NEVER = ("response_format", "input_fidelity")
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "credit": (429, "insufficient_quota", "You exceeded your current quota."),
    "key": (401, "invalid_api_key", "Incorrect API key provided: sk-of*****6789."),
    "busy": (429, "rate_limit_exceeded", "Slow down."),
    "content": (400, "moderation_blocked", "Rejected by the safety system."),
    "invalid": (400, "invalid_value", "Unknown size."),
    "gone": (404, "model_not_found", "No such model."),
    "broken": (500, "server_error", "Sorry."),
}


class StandInOpenAI(StandIn):
    provider: ClassVar[Provider] = "openai"
    prefix = "/v1"
    quality = "medium"

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/images/generations", self.generate), web.post("/v1/images/edits", self.edit)]

    def refusal(self, fault: Fault) -> web.Response:
        status, code, message = _REFUSALS[fault]
        error: dict[str, Any] = {"message": message, "type": "image_generation_user_error", "param": None, "code": code}
        if fault == "content":
            error["moderation_details"] = {"categories": ["nudity"], "moderation_stage": "input"}
        headers = {"Retry-After": self.wait_header} if fault == "busy" else {}
        return web.json_response({"error": error}, status=status, headers=headers)

    async def generate(self, request: web.Request) -> web.StreamResponse:
        fields = await request.json()
        self._check(_GENERATE, fields)
        return await self._answer(request, fields, [], "image_generation")

    async def edit(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        files = [value for name, value in form.items() if isinstance(value, web.FileField)]
        fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        fields |= {name: int(fields[name]) for name in _NUMBERS if name in fields}
        if "stream" in fields:
            fields["stream"] = fields["stream"] == "true"
        self._check(_EDIT, fields)
        if not files or form.getall("image[]", []) != files:
            self.invalid.append("an edit needs pictures, in image[]")
        return await self._answer(request, fields, [each.file.read() for each in files], "image_edit")

    def _check(self, known: Mapping[str, Any], fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            if name not in known or name in _NEVER:
                self.invalid.append(f"{name} must not be sent")
                continue
            try:
                TypeAdapter(known[name]).validate_python(value, strict=True)
            except ValidationError as error:
                self.invalid.append(f"{name}: {error}")
        width, height = map(int, fields["size"].split("x"))
        if width % 16 or height % 16 or not 1 / 3 <= width / height <= 3:
            self.invalid.append(f"{fields['size']} is no size")

    async def _answer(
        self, request: web.Request, fields: dict[str, Any], pictures: list[bytes], kind: str
    ) -> web.StreamResponse:
        self.check_key(request.headers.get("Authorization", "").removeprefix("Bearer "))
        fault = self.next_fault("submit")
        early = await self.under(fault, request)
        if early is not None:
            return early
        self.bought.append(
            Sent(
                model=fields["model"],
                prompt=fields["prompt"],
                aspect=fields["size"],
                seed=None,
                pictures=len(pictures),
                sizes=sizes_of(pictures),
            )
        )
        streamed = fields.get("stream")
        response = await self._begin(request) if streamed else None
        if response is not None:
            await self._events(response, kind, fields)
        await self.work()
        match self.next_fault("result"), fault:
            case ("drop", _) | (_, "drop after"):
                return dropped(request)
            case "garbage", _:
                picture = b"not a picture"
            case _:
                picture = self.picture(7)
        data = base64.b64encode(picture).decode()
        if response is None:
            return web.json_response({"created": int(time.time()), "data": [{"b64_json": data}]})
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        done = {"type": f"{kind}.completed", "b64_json": data, "usage": usage, **_facts(fields)}
        await _event(response, done)
        await response.write_eof()
        return response

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        return response

    async def _events(self, response: web.StreamResponse, kind: str, fields: dict[str, Any]) -> None:
        for index in range(fields.get("partial_images", 0)):
            data = base64.b64encode(self.picture(index)).decode()
            partial = {"type": f"{kind}.partial_image", "b64_json": data, "partial_image_index": index}
            await _event(response, {**partial, **_facts(fields)})


def _facts(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "background": "opaque",
        "created_at": int(time.time()),
        "output_format": "png",
        "quality": fields.get("quality", "auto"),
        "size": fields["size"],
    }


async def _event(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
