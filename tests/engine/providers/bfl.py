"""A stand-in for Black Forest Labs. Requests are checked against the documented fields of each model."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from aiohttp import web
from jsonschema import Draft202012Validator

from engine.models.model import Provider
from tests.engine.providers.standin import Fault, Sent, StandIn, dropped, sizes_of

FIELDS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": ["string", "null"]},
        "prompt_upsampling": {"type": "boolean"},
        "seed": {"type": ["integer", "null"]},
        "aspect_ratio": {"type": "string", "pattern": "^[0-9]+:[0-9]+$"},
        "safety_tolerance": {"type": "integer", "minimum": 0, "maximum": 6},
        "output_format": {"enum": ["jpeg", "png", None]},
        "raw": {"type": "boolean"},
        "image_prompt": {"type": ["string", "null"]},
        "image_prompt_strength": {"type": "number", "minimum": 0, "maximum": 1},
        "webhook_url": {"type": ["string", "null"]},
        "webhook_secret": {"type": ["string", "null"]},
    },
}
FIELDS_2: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string"},
        **{f"input_image{suffix}": {"type": "string"} for suffix in ("", "_2", "_3", "_4")},
        "seed": {"type": ["integer", "null"]},
        "width": {"type": "integer", "minimum": 64, "multipleOf": 16},
        "height": {"type": "integer", "minimum": 64, "multipleOf": 16},
        "safety_tolerance": {"type": "integer", "minimum": 0, "maximum": 5},
        "output_format": {"enum": ["jpeg", "png"]},
    },
}
_STATUS: dict[str, int] = {"credit": 402, "key": 403, "busy": 429, "invalid": 422, "gone": 404, "broken": 500}


class StandInBfl(StandIn):
    provider: ClassVar[Provider] = "bfl"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._tasks: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/{model:flux-pro-1.1-ultra|flux-2-klein-9b}", self.generate),
            web.get("/v1/get_result", self.result),
            web.get("/media/{id}.png", self.send_picture),
        ]

    def refusal(self, fault: Fault) -> web.Response:
        if fault == "content":
            return web.json_response(
                {
                    "id": "0",
                    "status": "Request Moderated",
                    "result": None,
                    "details": {"Moderation Reasons": ["nudity"]},
                }
            )
        status = _STATUS[fault]
        headers = {"Retry-After": self.wait_header} if status == 429 else {}
        return web.json_response({"detail": "no"}, status=status, headers=headers)

    async def generate(self, request: web.Request) -> web.Response:
        self.check_key(request.headers.get("x-key", ""))
        body = await request.json()
        model = request.match_info["model"]
        known = FIELDS_2 if model.startswith("flux-2-") else FIELDS
        self.invalid += [error.message for error in Draft202012Validator(known).iter_errors(body)]
        fault = self.next_fault("submit")
        early = await self.under(None if fault == "elsewhere" else fault, request)
        if early is not None:
            return early
        task_id = self._take(model, body)
        host = "http://elsewhere.example" if fault == "elsewhere" else self.url
        answer = {"id": task_id, "polling_url": f"{host}/v1/get_result?id={task_id}", "cost": 6}
        return dropped(request) if fault == "drop after" else web.json_response(answer)

    def _take(self, model: str, body: dict[str, Any]) -> str:
        self.bodies.append(body)
        pictures = [body[name] for name in sorted(body) if name.startswith(("input_image", "image_prompt"))]
        pictures = [picture for picture in pictures if isinstance(picture, str)]
        self.bought.append(
            Sent(
                model=model + ("#raw" if body.get("raw") else ""),
                prompt=body["prompt"],
                aspect=body.get("aspect_ratio") or f"{body.get('width')}x{body.get('height')}",
                seed=body.get("seed"),
                pictures=len(pictures),
                sizes=sizes_of(base64.b64decode(picture, validate=True) for picture in pictures),
            )
        )
        task_id = f"task-{len(self.bought)}"
        self._tasks[task_id] = {"id": task_id, "status": "Pending", "result": None}
        self.in_background(self._make(self._tasks[task_id], body.get("seed") or 0))
        return task_id

    async def _make(self, task: dict[str, Any], seed: int) -> None:
        await self.work()
        fault = self.next_fault("result")
        if fault == "failed":
            task["status"] = "Error"
        elif fault == "content":
            task |= {"status": "Content Moderated", "details": {"Moderation Reasons": ["nudity"]}}
        else:
            host = "http://elsewhere.example" if fault == "elsewhere" else self.url
            task |= {"status": "Ready", "result": {"sample": f"{host}/media/{task['id']}.png?seed={seed}"}}

    async def result(self, request: web.Request) -> web.Response:
        self.check_key(request.headers.get("x-key", ""))
        early = await self.under(self.next_fault("look"), request)
        if early is not None:
            return early
        task_id = request.query["id"]
        gone = {"id": task_id, "status": "Task not found", "result": None}
        return web.json_response(self._tasks.get(task_id, gone))
