"""A stand-in for Google's generateContent. Requests are checked against the types of its SDK."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from aiohttp import web
from google.genai import types
from pydantic import ValidationError

from engine.models.model import Provider
from tests.engine.providers.standin import Fault, Sent, StandIn, dropped, sizes_of

RATIOS = ["1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9", "21:9"]
SIZES = ("512", "1K", "2K", "4K")
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "credit": (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
    "key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "busy": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."),
    "invalid": (400, "INVALID_ARGUMENT", "Unknown name."),
    "gone": (404, "NOT_FOUND", "No such model."),
    "broken": (503, "UNAVAILABLE", "The model is overloaded."),
}


class StandInGoogle(StandIn):
    provider: ClassVar[Provider] = "google"
    resolution = "2K"

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/{version}/models/{call}", self.generate)]

    def refusal(self, fault: Fault) -> web.Response:
        if fault == "content":
            return web.json_response({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "nudity"}})
        status, name, message = _REFUSALS[fault]
        error: dict[str, Any] = {"code": status, "message": message, "status": name}
        if fault == "busy":
            error["details"] = [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{self.wait_header}s"}
            ]
        return web.json_response({"error": error}, status=status)

    async def generate(self, request: web.Request) -> web.Response:
        self.check_key(request.headers.get("x-goog-api-key", ""))
        if "key" in request.query:
            self.invalid.append("the key stands in the address")
        body = await request.json()
        self._check(body)
        fault = self.next_fault("submit")
        early = await self.under(fault, request)
        if early is not None:
            return early
        parts = body["contents"][0]["parts"]
        self.bought.append(
            Sent(
                model=request.match_info["call"].partition(":")[0],
                prompt=parts[0]["text"],
                aspect=body["generationConfig"]["imageConfig"]["aspectRatio"],
                seed=body["generationConfig"].get("seed"),
                pictures=sum("inlineData" in part for part in parts),
                sizes=sizes_of(
                    base64.urlsafe_b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part
                ),
            )
        )
        await self.work()
        later = self.next_fault("result")
        if "drop" in (later, fault and fault.split()[0]):
            return dropped(request)
        return web.json_response(self._candidates(later))

    def _candidates(self, fault: Fault | None) -> dict[str, Any]:
        match fault:
            case "content":
                return {"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "nudity", "index": 0}]}
            case "failed":
                return {"candidates": [{"finishReason": "IMAGE_OTHER", "index": 0}]}
            case "garbage":
                data = b"not a picture"
            case _:
                data = self.picture(7)
        inline = {"mimeType": "image/png", "data": base64.b64encode(data).decode()}
        content = {"role": "model", "parts": [{"inlineData": inline}]}
        return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}

    def _check(self, body: dict[str, Any]) -> None:
        try:
            for content in body["contents"]:
                types.Content.model_validate(content)
            config = types.GenerateContentConfig.model_validate(body["generationConfig"])
        except (ValidationError, KeyError) as error:
            self.invalid.append(str(error))
            return
        self.invalid += [f"{name} is not a field" for name in body if name not in ("contents", "generationConfig")]
        image = config.image_config
        if image is None or image.aspect_ratio not in RATIOS or image.image_size not in SIZES:
            self.invalid.append(f"{image} is no picture")
