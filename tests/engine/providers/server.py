"""Stand-ins for one server of a cluster. What they take are the fields of vLLM-Omni's and SGLang-diffusion's own
request models, by name, type and range, and nothing beside them: what they would leave out silently is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.models.model import Provider
from tests.engine.providers.openai import StandInOpenAI

_Scale = Annotated[float, Field(ge=0, le=20)]
_SIZE = r"^\d+x\d+$"


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VllmGeneration(_Request):
    """vLLM-Omni: what /v1/images/generations takes, as JSON."""

    prompt: str
    model: str | None = None
    n: int = Field(1, ge=1, le=10)
    size: str | None = Field(None, pattern=_SIZE)
    response_format: Literal["b64_json", "file"] = "b64_json"
    user: str | None = None
    layers: int | None = Field(None, ge=2, le=10)
    negative_prompt: str | None = None
    num_inference_steps: int | None = Field(None, ge=1, le=200)
    guidance_scale: _Scale | None = None
    true_cfg_scale: _Scale | None = None
    flow_shift: float | None = None
    extra_params: dict[str, Any] | None = None
    seed: int | None = None
    generator_device: str | None = None
    lora: dict[str, Any] | None = None
    vae_use_slicing: bool | None = None
    vae_use_tiling: bool | None = None
    output_format: Literal["png", "jpeg", "jpg", "webp"] | None = None


class VllmEdit(_Request):
    """vLLM-Omni: the form of /v1/images/edits, without its files."""

    prompt: str
    model: str | None = None
    n: int = 1
    size: str = Field("auto", pattern=r"^(auto|\d+x\d+)$")
    response_format: Literal["b64_json"] = "b64_json"
    output_format: Literal["png", "jpeg", "jpg", "webp"] | None = "png"
    background: str | None = "auto"
    output_compression: int = Field(100, ge=0, le=100)
    stream: Literal[False] = False
    user: str | None = None
    negative_prompt: str | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    true_cfg_scale: float | None = None
    strength: float | None = None
    seed: int | None = None
    generator_device: str | None = None
    lora: str | None = None


class SglangGeneration(_Request):
    """SGLang-diffusion: what /v1/images/generations takes, as JSON."""

    prompt: str
    model: str | None = None
    n: int | None = Field(1, le=10)
    quality: str | None = "auto"
    response_format: Literal["url", "b64_json"] | None = "url"
    size: str | None = Field("1024x1024", pattern=_SIZE)
    width: int | None = None
    height: int | None = None
    style: str | None = "vivid"
    background: str | None = "auto"
    output_format: Literal["png", "jpeg", "jpg", "webp"] | None = None
    user: str | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    true_cfg_scale: float | None = None
    seed: int | None = 1024
    generator_device: str | None = "cuda"
    negative_prompt: str | None = None
    max_sequence_length: int | None = None
    flow_shift: float | None = None
    output_quality: str | None = "default"
    output_compression: int | None = None
    enable_teacache: bool | None = False
    diffusers_kwargs: dict[str, Any] | None = None


class SglangEdit(_Request):
    """SGLang-diffusion: the form of /v1/images/edits, without its files."""

    prompt: str
    model: str | None = None
    n: int | None = 1
    response_format: Literal["url", "b64_json"] | None = None
    size: str | None = Field(None, pattern=_SIZE)
    output_format: Literal["png", "jpeg", "jpg", "webp"] | None = None
    background: str | None = "auto"
    seed: int | None = None
    generator_device: str | None = "cuda"
    user: str | None = None
    negative_prompt: str | None = None
    guidance_scale: float | None = None
    true_cfg_scale: float | None = None
    num_inference_steps: int | None = None
    quality: str | None = None
    output_quality: str | None = "default"
    output_compression: int | None = None
    enable_teacache: bool | None = False
    num_frames: int = 1


class StandInServer(StandInOpenAI):
    """vLLM-Omni: one server, which has one model and keeps no account of anybody.

    `served` is its name for the model and `root` what that is; without a name it serves whatever it is asked for. It
    refuses another name. `health` is the status of its page, and `asked_for` counts the paths that were asked for.
    """

    provider: ClassVar[Provider] = "cluster"
    generation: ClassVar[type[_Request]] = VllmGeneration
    form: ClassVar[type[_Request]] = VllmEdit

    def __init__(self, *, served: str = "", root: str = "", **usual: Any) -> None:
        super().__init__(**usual)
        self.served, self.root = served, root
        self.health = 200
        self.asked_for: list[str] = []
        self.fields: list[_Request] = []

    def routes(self) -> list[web.RouteDef]:
        return [*super().routes(), web.get("/health", self._health), web.get("/v1/models", self._models)]

    def check_key(self, given: str) -> None:
        self.keys.add(given)

    async def generate(self, request: web.Request) -> web.StreamResponse:
        return self._refused(await request.json()) or await super().generate(request)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        return self._refused(form) or await super().edit(request)

    def _refused(self, fields: Mapping[str, Any]) -> web.Response | None:
        asked = fields.get("model")
        if not self.served or asked == self.served:
            return None
        detail = f"Model mismatch: request specifies '{asked}' but server is running '{self.served}'."
        return web.json_response({"detail": detail}, status=400)

    async def _health(self, request: web.Request) -> web.Response:
        self.asked_for.append(request.path)
        return web.Response(status=self.health)

    async def _models(self, request: web.Request) -> web.Response:
        self.asked_for.append(request.path)
        cards = [{"id": self.served, "object": "model", "created": 0, "owned_by": "vllm", "root": self.root}]
        return web.json_response({"object": "list", "data": cards if self.served else []})

    def _check(self, known: Mapping[str, Any], fields: dict[str, Any]) -> None:
        kind = self.form if "image" in known else self.generation
        try:
            self.fields.append(kind.model_validate(fields))
        except ValidationError as error:
            self.invalid.append(str(error))

    async def break_down(self) -> None:
        """The server is gone from one moment to the next, with what it was making."""
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        assert self._runner.server is not None
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()


class StandInSglang(StandInServer):
    """SGLang-diffusion, which takes any name for its model."""

    generation = SglangGeneration
    form = SglangEdit

    def _refused(self, fields: Mapping[str, Any]) -> web.Response | None:
        return None
