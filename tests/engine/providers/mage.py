"""A stand-in for Mage. Requests are checked against the JSON Schemas that its SDK ships."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from aiohttp import web
from jsonschema import Draft202012Validator
from mage_space import ARCHITECTURES

from engine.models.model import Provider
from tests.engine.providers.standin import Fault, Sent, StandIn, dropped, sizes_of

_REFUSALS: dict[str, tuple[int, str, str]] = {
    "credit": (402, "insufficient_gems", "You need 12 gems."),
    "key": (401, "unauthorized", "No such key."),
    "busy": (429, "too_many_requests", "Slow down."),
    "content": (403, "content_blocked", "violence"),
    "invalid": (400, "invalid_config", "aspect_ratio is not one of these"),
    "gone": (404, "request_not_found", "No such request."),
    "broken": (503, "internal_error", "Sorry."),
}


class StandInMage(StandIn):
    provider: ClassVar[Provider] = "mage"
    resolution = "2K"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._requests: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/{architecture}/generate", self.generate),
            web.get("/v1/requests/{id}/status", self.status),
            web.post("/v1/requests/{id}/cancel", self.cancel),
            web.get("/media/{id}.png", self.send_picture),
        ]

    def refusal(self, fault: Fault) -> web.Response:
        status, code, message = _REFUSALS[fault]
        headers = {"Retry-After": self.wait_header} if status == 429 else {}
        return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)

    async def generate(self, request: web.Request) -> web.Response:
        self.check_key(request.headers.get("Authorization", "").removeprefix("Bearer "))
        architecture = request.match_info["architecture"]
        config = await request.json()
        self._check(architecture, config)
        fault = self.next_fault("submit")
        early = await self.under(fault, request)
        if early is not None:
            return early
        found = self._take(architecture, config, request.headers["Idempotency-Key"])
        return dropped(request) if fault == "drop after" else web.json_response(found)

    def _check(self, architecture: str, config: dict[str, Any]) -> None:
        schema = dict(ARCHITECTURES[architecture]["schema"])
        self.invalid += [error.message for error in Draft202012Validator(schema).iter_errors(config)]
        self.invalid += [f"{name} is not a field" for name in config if name not in schema["properties"]]

    def _take(self, architecture: str, config: dict[str, Any], key: str) -> dict[str, Any]:
        if key in self._by_key:
            return self._requests[self._by_key[key]]
        seed = config.get("seed")
        images = [config[name] for name in ("image",) if name in config] + config.get("additional_images", [])
        self.bought.append(
            Sent(
                model=f"{architecture}/{config.get('model_id', '')}",
                prompt=config["prompt"],
                aspect=config.get("aspect_ratio", ""),
                seed=seed,
                pictures=len(images),
                sizes=sizes_of(base64.b64decode(image.partition(",")[2]) for image in images),
                repeat_key=key,
            )
        )
        request_id = self._by_key[key] = f"req-{len(self.bought)}"
        found = self._requests[request_id] = {
            "request_id": request_id,
            "status": "queued",
            "architecture": architecture,
            "model_id": config.get("model_id"),
            "created_at": "2026-11-01T00:00:00Z",
            "updated_at": "2026-11-01T00:00:00Z",
            "billing": {"mode": "gems", "gems_charged": 12},
            "result": None,
            "error": None,
            "status_url": f"{self.url}/v1/requests/{request_id}/status",
            "cancel_url": f"{self.url}/v1/requests/{request_id}/cancel",
        }
        self.begin(request_id, seed or 0)
        return found

    def begin(self, request_id: str, seed: int) -> None:
        self.in_background(self._make(self._requests[request_id], seed))

    async def _make(self, found: dict[str, Any], seed: int) -> None:
        await self.work()
        if found["status"] == "cancelled":
            return
        fault = self.next_fault("result")
        if fault in ("failed", "content"):
            code = "generation_failed" if fault == "failed" else "content_blocked"
            found |= {"status": "failed", "error": {"code": code, "message": "nudity"}}
            return
        host = "http://elsewhere.example" if fault == "elsewhere" else self.url
        result = {
            "type": "image",
            "url": f"{host}/media/{found['request_id']}.png?seed={seed}",
            "width": self.size[0],
            "height": self.size[1],
            "seed": seed,
            "expires_at": None,
            "moderation": {"nsfw": False},
        }
        found |= {"status": "completed", "result": result}

    async def status(self, request: web.Request) -> web.Response:
        early = await self.under(self.next_fault("look"), request)
        if early is not None:
            return early
        found = self._requests.get(request.match_info["id"])
        return web.json_response(found) if found else self.refusal("gone")

    async def cancel(self, request: web.Request) -> web.Response:
        found = self._requests[request.match_info["id"]]
        self.cancelled.append(found["request_id"])
        found["status"] = "cancelled"
        return web.json_response(found)
