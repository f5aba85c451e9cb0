"""One server of a cluster: which model it serves and under what name, whether it is well, and one picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.backends.answers import MALFORMED
from engine.backends.hosted import Ask
from engine.backends.openai import OpenAIBackend
from engine.backends.provider_errors import (
    ModelNotServed,
    ProviderError,
    ProviderFailing,
    ProviderUnreachable,
    RedirectRefused,
    RequestRefused,
    UnreadableAnswer,
)
from engine.models.catalogue import Catalogue
from engine.models.hosted_models import Access, Server
from engine.models.model import Model, Provider
from engine.pictures.decoding.decoder import Decoder

if TYPE_CHECKING:
    from openai import APIError

    from engine.backends import Report

NO_KEY: Final = "none"
"""What a server gets that asks for no key: the SDK insists on one."""
NO_NEGATIVE: Final = " "
"""Qwen's models are guided only against a negative prompt; this one says nothing."""
_TRUE_CFG: Final = "QwenImage"
"""Begins the pipelines whose guidance is the true CFG scale."""
_HEALTH_S: Final = 10.0
_NO_SUCH_MODEL: Final = "model_not_found"


class ClusterServer(OpenAIBackend):
    """`busy` is how many pictures it makes just now; `doubtful` that it failed, and is asked for its health first.

    Where the catalogue has one model alone of the cluster, a server with one model is taken to serve that.
    """

    provider: ClassVar[Provider] = "cluster"

    def __init__(self, catalogue: Catalogue, access: Access, server: Server, decoder: Decoder) -> None:
        own = replace(
            access, key=access.key or NO_KEY, base_url=server.url, slots=server.slots, resolution="", quality=""
        )
        super().__init__(catalogue, own, decoder=decoder)
        self.url = server.url
        self.fast_only = server.fast_only
        self.busy = 0
        self.doubtful = False
        self._served: Sequence[tuple[str, str]] | None = None
        self._alone = sum(model.provider == "cluster" for model in catalogue.models) == 1

    @property
    def slots(self) -> int:
        """How many pictures it makes at once."""
        return self._access.slots

    async def ask(self, ask: Ask, report: Report) -> bytes:
        """The picture, under the name that the server has for the model. Raises ProviderError."""
        if self.doubtful:
            await self._check_health()
            self._served = None  # it may have been started anew
            self.doubtful = False
        known = self._served is not None
        try:
            return await self._named(ask, report)
        except ModelNotServed:
            self._served = None
            if not known:
                raise
            return await self._named(ask, report)

    async def _named(self, ask: Ask, report: Report) -> bytes:
        name = await self._name(ask.model)
        return await super().ask(replace(ask, model=replace(ask.model, source=name)), report)

    async def _name(self, model: Model) -> str:
        """Raises ModelNotServed where it has others only, and what asking it raises."""
        served = self._served
        if served is None:
            served = self._served = await self._look()
        wanted = model.source.lower().rstrip("/")
        for name, root in served:
            if wanted in (name.lower(), root.lower().rstrip("/")):
                return name
        if served and not (self._alone and len(served) == 1):
            raise ModelNotServed(self._title)
        return served[0][0] if served else model.source

    async def _look(self) -> list[tuple[str, str]]:
        """The name and the folder or hub id of each model it serves; none where it keeps no list."""
        import httpx
        from openai import APIError

        try:
            listed = await self._client.models.list()
            cards = [card for card in listed.data or () if isinstance(card.id, str)]
        except APIError as error:
            wrong = self._wrong(error)
            if isinstance(wrong, RequestRefused | ModelNotServed):
                return []
            raise wrong from None
        except (httpx.HTTPError, OSError):
            raise ProviderUnreachable(self._title) from None
        except (UnreadableAnswer, *MALFORMED):
            return []
        return [(card.id, root if isinstance(root := getattr(card, "root", None), str) else "") for card in cards]

    async def _check_health(self) -> None:
        """Raises ProviderError while the server is not well; one that has no such page is taken for well."""
        import httpx

        address = self.url.removesuffix("/v1") + "/health"
        try:
            async with (
                httpx.AsyncClient(timeout=min(_HEALTH_S, self._access.timeout_s), follow_redirects=False) as client,
                client.stream("GET", address) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, OSError):
            raise ProviderUnreachable(self._title) from None
        if 300 <= status < 400:
            raise RedirectRefused(self._title, status)
        if status >= 500:
            raise ProviderFailing(self._title, status)

    def _fields(self, ask: Ask) -> dict[str, Any]:
        """OpenAI's fields, and those that both kinds of server have beside them."""
        guided = ask.model.pipeline.startswith(_TRUE_CFG) and ask.job.guidance > 1
        extra = {
            "seed": ask.job.seed,
            "num_inference_steps": ask.job.steps,
            "guidance_scale": ask.job.guidance,
            "true_cfg_scale": ask.job.guidance if guided else None,
            "negative_prompt": ask.words.negative or (NO_NEGATIVE if guided else None),
        }
        return {
            **super()._fields(ask),
            "prompt": ask.words.long_prompt or ask.words.prompt,
            "response_format": "b64_json",
            "extra_body": {name: value for name, value in extra.items() if value is not None},
        }

    def _wrong(self, error: APIError) -> ProviderError:
        wrong = super()._wrong(error)
        if isinstance(wrong, RequestRefused) and (error.code == _NO_SUCH_MODEL or _is_mismatch(error.body)):
            return ModelNotServed(self._title)
        return wrong


def _is_mismatch(body: object) -> bool:
    """Whether a refusal says that another model is served than the one that was asked for."""
    said = body.get("detail") or body.get("message") if isinstance(body, dict) else None
    if not isinstance(said, str):
        return False
    words = said.lower()
    return words.startswith("model mismatch") or (words.startswith("the model ") and "does not exist" in words)
