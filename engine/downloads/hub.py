"""Asking a model hub: what a repository holds, whether it may be read, and its files' bytes, from where they broke off.

The hub's own library does the asking. Its downloads do not go on after the end of a process (partial files are deleted,
with hf_xet as without), so the bytes are asked for by ranges and written here, into its cache. Everything blocks and
belongs in a thread.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from engine.downloads.hub_cache import HubCache, HubFile, Listing, is_safe
from engine.downloads.needed import INDEX
from engine.downloads.weight_faults import NoPipeline, NoRoom, Spoilt
from engine.models.weights import is_commit

if TYPE_CHECKING:
    from httpx2 import Response

ANSWER_WITHIN_S: Final = 20.0
_LONGEST_INDEX: Final = 2**20
_HASHED_BYTES: Final = 2**23
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class Stopped(Exception):
    """Nobody wants this download any more."""


SAVED_LOGIN: Final = "the login that the hub's tools have saved"
_TOKEN_VARIABLES: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


class CutOff(Exception):
    """A connection ended before the file did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAccess:
    """How the hub is reached. `token` "" leaves it to HF_TOKEN and to what the hub's own tools have saved.

    `keep_free_bytes` of the disk are never filled. `pauses_s` are those between tries that brought nothing.
    """

    token: str = field(default="", repr=False)
    keep_free_bytes: int = 0
    pauses_s: Sequence[float] = (1.0, 5.0, 20.0, 60.0)
    connections: int = 4

    @property
    def token_from(self) -> str:
        """Where the token comes from that the hub is shown, "" where it is shown none; never the token."""
        if self.token:
            return "MODEL_HUB_TOKEN"
        from huggingface_hub import constants, get_token

        if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN or not get_token():
            return ""
        return next((name for name in _TOKEN_VARIABLES if os.environ.get(name, "").strip()), SAVED_LOGIN)


class Hub:
    """One hub. Raises what its library raises (`engine.downloads.weight_faults` says what that means), and OSError."""

    def __init__(self, access: HubAccess) -> None:
        from huggingface_hub import constants

        self.access = access
        self.endpoint = (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")

    def listing(self, source: str) -> Listing:
        """The newest commit of a repository with its files. Raises also where this token may not read it."""
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self.endpoint, token=self.access.token or None)
        info = api.model_info(source, files_metadata=True, timeout=ANSWER_WITHIN_S)
        if info.gated:
            self.check(source)
        files = tuple(_file(sibling) for sibling in info.siblings or () if is_safe(sibling.rfilename))
        commit = str(info.sha)
        # They become names of files here, so that a hub must not choose them freely.
        if not is_commit(commit) or not all(file.blob.isalnum() for file in files):
            raise Spoilt("the hub's listing")
        return Listing(commit, self._index(source, commit, files), files)

    def check(self, source: str) -> None:
        """Whether this token may read a repository; raises where it may not."""
        address = f"{self.endpoint}/api/models/{source}/auth-check"
        _library().hf_raise_for_status(
            _library().get_session().get(address, headers=self._headers(), timeout=ANSWER_WITHIN_S)
        )

    def pour(self, source: str, commit: str, file: HubFile, into: IO[bytes], go_on: Callable[[], None]) -> None:
        """Adds the rest of a file to what is there; `go_on` is called after every piece and may raise.

        Raises CutOff when the connection ends too soon.
        """
        have = into.tell()
        headers = self._headers() | {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        address = self._address(source, commit, file.name)
        with _library().get_session().stream("GET", address, headers=headers, timeout=ANSWER_WITHIN_S) as answer:
            if answer.status_code in _AGAIN:
                raise CutOff(f"the hub answered {answer.status_code}")
            _library().hf_raise_for_status(answer)
            if have and answer.status_code != 206:  # it takes no ranges
                into.seek(0)
                into.truncate()
            self._copied(answer, into, file.size, go_on)
        if into.tell() != file.size:
            raise CutOff(f"{file.name} ended at {into.tell()} of {file.size} bytes")

    def _copied(self, answer: Response, into: IO[bytes], size: int, go_on: Callable[[], None]) -> None:
        for piece in answer.iter_bytes():  # as they come: of a piece of a set size a break would lose what it has
            go_on()
            into.write(piece)
            if into.tell() > size:
                raise Spoilt("more came than the hub lists")

    def _index(self, source: str, commit: str, files: Iterable[HubFile]) -> Any:
        """The repository's model_index.json; {} where there is none, as in one that is no pipeline."""
        if not any(file.name == INDEX and file.size <= _LONGEST_INDEX for file in files):
            return {}
        answer = (
            _library()
            .get_session()
            .get(self._address(source, commit, INDEX), headers=self._headers(), timeout=ANSWER_WITHIN_S)
        )
        _library().hf_raise_for_status(answer)
        index = json.loads(answer.content)
        return index if isinstance(index, dict) else {}

    def _address(self, source: str, commit: str, name: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(source, name, revision=commit, endpoint=self.endpoint)

    def _headers(self) -> dict[str, str]:
        return dict(_library().build_hf_headers(token=self.access.token or None))


class FileFetcher:
    """Brings single files into the cache, whole and as they are listed."""

    def __init__(
        self,
        hub: Hub,
        source: str,
        cache: HubCache,
        go_on: Callable[[], None],
        pause: Callable[[float], object],
    ) -> None:
        """`go_on` is asked after every piece and raises Stopped; `pause` waits so many seconds."""
        self._hub = hub
        self._source = source
        self._cache = cache
        self._go_on = go_on
        self._pause = pause

    def bring(self, commit: str, file: HubFile) -> None:
        """Fetch the file, over breaks; a second time where its content is not what the hub lists."""
        for last in (False, True):
            self._fill(commit, file)
            part = self._cache.part(file)
            if not file.sha256 or _sha256(part, self._go_on) == file.sha256:
                part.replace(self._cache.blob(file))
                return
            part.unlink()
            if last:
                raise Spoilt(file.name)

    def _fill(self, commit: str, file: HubFile) -> None:
        """Until all of it is there. Every break that came after some bytes is a new start."""
        fruitless = 0
        pauses = self._hub.access.pauses_s
        while True:
            before = self._cache.have(file)
            try:
                self._once(commit, file)
                return
            except Exception as error:
                if not _may_go_on(error):
                    raise
                fruitless = 0 if self._cache.have(file) > before else fruitless + 1
                if fruitless >= len(pauses):
                    raise
            self._go_on()
            self._pause(pauses[fruitless])

    def _once(self, commit: str, file: HubFile) -> None:
        part = self._cache.part(file)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as into:
            # What cannot be checked afterwards is small, and fetched in one piece.
            if not file.sha256 or into.tell() > file.size:
                into.truncate(0)
                into.seek(0)
            if into.tell() < file.size:
                self._hub.pour(self._source, commit, file, into, self._go_on)


def check_pipeline(files: Iterable[HubFile]) -> None:
    """Raises NoPipeline when these files of a repository cannot be read as a pipeline."""
    if not any(file.name == INDEX for file in files):
        raise NoPipeline


def check_room(files: Iterable[HubFile], cache: HubCache, keep_free_bytes: int) -> None:
    """Raises NoRoom when what is missing of these files would not fit on the disk."""
    wanted = sum(file.size - cache.have(file) for file in files)
    folder = cache.folder
    while not folder.exists():
        folder = folder.parent
    free = max(0, shutil.disk_usage(folder).free - keep_free_bytes)
    if wanted > free:
        raise NoRoom(wanted, free, str(folder))


def _library() -> Any:
    """The hub's library: the session that all its requests share, and its way to read errors."""
    return importlib.import_module("huggingface_hub.utils")


def _may_go_on(error: Exception) -> bool:
    """Whether the connection broke, which another one mends."""
    return isinstance(error, CutOff) or any(kind.__name__ == "TransportError" for kind in type(error).__mro__)


def _file(sibling: Any) -> HubFile:
    if sibling.lfs is not None:
        sha256 = str(sibling.lfs.sha256)
        return HubFile(name=sibling.rfilename, size=int(sibling.lfs.size), blob=sha256, sha256=sha256)
    return HubFile(name=sibling.rfilename, size=int(sibling.size or 0), blob=str(sibling.blob_id))


def _sha256(path: Path, go_on: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while piece := opened.read(_HASHED_BYTES):
            go_on()
            digest.update(piece)
    return digest.hexdigest()
