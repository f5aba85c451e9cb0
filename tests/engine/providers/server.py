"""A stand-in for one server of a cluster, with the fields that vLLM-Omni and SGLang-diffusion both document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jsonschema import Draft202012Validator

from engine.models.model import Provider
from tests.engine.providers.openai import StandInOpenAI

FIELDS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt", "response_format"],
    "properties": {
        "prompt": {"type": "string"},
        "model": {"type": "string"},
        "n": {"const": 1},
        "size": {"type": "string", "pattern": "^[0-9]+x[0-9]+$"},
        "response_format": {"const": "b64_json"},
        "output_format": {"enum": ["png", "jpeg", "webp"]},
        "seed": {"type": "integer"},
        "num_inference_steps": {"type": "integer", "minimum": 1, "maximum": 200},
        "guidance_scale": {"type": "number", "minimum": 0, "maximum": 20},
        "negative_prompt": {"type": "string"},
    },
}
_NUMBERS: dict[str, type] = {"n": int, "seed": int, "num_inference_steps": int, "guidance_scale": float}


class StandInServer(StandInOpenAI):
    """One server, which has one model and keeps no account of anybody."""

    provider: ClassVar[Provider] = "cluster"

    def check_key(self, given: str) -> None:
        self.keys.add(given)

    def _check(self, known: Mapping[str, Any], fields: dict[str, Any]) -> None:
        read = {name: _NUMBERS.get(name, lambda same: same)(value) for name, value in fields.items()}
        self.invalid += [error.message for error in Draft202012Validator(FIELDS).iter_errors(read)]

    async def break_down(self) -> None:
        """The server is gone from one moment to the next, with what it was making."""
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        assert self._runner.server is not None
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
