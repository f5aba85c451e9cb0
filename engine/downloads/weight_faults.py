"""Why a model's weights cannot be had or read: a clause for whoever ordered, and what the operator does about it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Final

HUB_PAGE: Final = "https://huggingface.co"
TOKENS_PAGE: Final = f"{HUB_PAGE}/settings/tokens"
_CAUSES: Final = 8
_OF_THE_EXTRA: Final = frozenset(
    {"torch", "diffusers", "transformers", "accelerate", "peft", "safetensors", "sentencepiece", "huggingface_hub"}
)
_CUT_OFF: Final = frozenset({"TransportError", "ConnectionError", "OfflineModeIsEnabled", "LocalEntryNotFoundError"})
"""Classes that say so, by name: those of httpx, of its successor, of requests and of the hub's own library."""
_NO_MODULE: Final = re.compile(
    r"requires? (?:the )?[`'\"]?([A-Za-z][\w-]*)[`'\"]? (?:library|package)|No module named '(\w+)"
)
_CLASS: Final = re.compile(
    r"has no attribute|is not (?:a |the )?\w{0,20} ?class|expected \{|but only \{|is not supported"
)


@dataclass(frozen=True, slots=True)
class WeightFault:
    """`reason` is a clause that anybody may read; `remedy` is a sentence for the operator."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}. {self.remedy}"


DAMAGED: Final = WeightFault(
    "its files are damaged or incomplete, or not safetensors",
    "Delete them and fetch them again: python -m bot fetch; python -m bot doctor names the part.",
)


class NoRoom(OSError):
    """The disk has less free than a download takes; sizes in bytes."""

    def __init__(self, needed: int, free: int, folder: str) -> None:
        self.needed, self.free, self.folder = needed, free, folder
        super().__init__(errno.ENOSPC, f"{needed} bytes are needed and {free} are free", folder)


class Spoilt(Exception):
    """What was fetched is not what the hub lists, twice; str() names the file."""


class NoPipeline(Exception):
    """A repository is none that diffusers reads as a whole: a single file, a LoRA, another library's."""


class NotFetched(Exception):
    """A model of a hub is to be loaded and is not on the disk."""


def fault_of(error: BaseException, source: str, *, token_from: str = "") -> WeightFault | None:
    """What this error means for the model of this folder or hub id; None where it is nothing that is known.

    `token_from` says where the hub's token comes from (`HubAccess.token_from`).
    """
    for one in _with_causes(error):
        found = _of_the_hub(one, source, token_from) or _of_the_disk(one, source) or _of_the_files(one, source)
        if found is not None:
            return found
    return None


def _of_the_hub(error: BaseException, source: str, token_from: str) -> WeightFault | None:
    names = {kind.__name__ for kind in type(error).__mro__}
    page = f"{HUB_PAGE}/{source}"
    if "GatedRepoError" in names:
        return _gated(page, token_from)
    if "RepositoryNotFoundError" in names:
        private = "" if token_from else f", or it is private: then put a token of {TOKENS_PAGE} into MODEL_HUB_TOKEN"
        return WeightFault(
            "the model hub knows no model of this name",
            f"Check the id {source} in the settings{private}. A folder needs a path that exists.",
        )
    if "RevisionNotFoundError" in names:
        return WeightFault(
            "the model hub does not have this version of it any more",
            f"python -m bot fetch --newest takes the newest version of {source}.",
        )
    if "HfHubHTTPError" in names:
        return _of_status(getattr(getattr(error, "response", None), "status_code", 0), page, token_from)
    if names & _CUT_OFF:
        return WeightFault(
            "the model hub cannot be reached and the model is not on this machine",
            "Check the network, HF_ENDPOINT and HF_HUB_OFFLINE; what was fetched is kept, and goes on from there.",
        )
    return None


def _gated(page: str, token_from: str) -> WeightFault:
    token = f"the token's owner ({token_from})" if token_from else "an account of yours"
    more = "" if token_from else f" Then put a token of {TOKENS_PAGE} into MODEL_HUB_TOKEN."
    return WeightFault(
        "its licence has to be accepted first by whoever runs this bot",
        f"Open {page}, signed in as {token}, and accept the licence.{more}",
    )


def _of_status(status: int, page: str, token_from: str) -> WeightFault:
    if status == 401:
        where = token_from or "the one that was used"
        return WeightFault(
            "the model hub does not accept the studio's token",
            f"Put a new token of {TOKENS_PAGE} (kind: read) into MODEL_HUB_TOKEN; {where} is wrong or expired.",
        )
    if status == 403:
        return WeightFault(
            "the studio's token may not read this model",
            f"At {TOKENS_PAGE} give the token the right to read gated repositories, and see {page}.",
        )
    if status == 429:
        return WeightFault(
            "the model hub takes no more requests from here for now",
            "Wait some minutes; with MODEL_HUB_TOKEN more requests are allowed.",
        )
    return WeightFault(
        f"the model hub answered {status or 'in a way that is not understood'}",
        "Try again later; what was fetched is kept, and goes on from there.",
    )


def _of_the_disk(error: BaseException, source: str) -> WeightFault | None:
    if isinstance(error, NoRoom):
        return WeightFault(
            "the studio's disk is too full for it",
            f"{source} needs {gigabytes(error.needed)} more and {error.folder} has {gigabytes(error.free)} free: make "
            "room, or set HF_HOME to a folder on another disk.",
        )
    if not isinstance(error, OSError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return WeightFault(
            "the studio's disk is too full for it",
            f"Make room for {source}, or set HF_HOME to a folder on another disk.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return WeightFault(
            "the studio may not use the folder of its weights",
            f"Give the bot's user the folder of {error.filename or 'the hub cache'}, or set HF_HOME to one of its own.",
        )
    return None


def _of_the_files(error: BaseException, source: str) -> WeightFault | None:
    text = str(error)
    if isinstance(error, NotFetched):
        return WeightFault("it was not downloaded yet", f"python -m bot fetch downloads {source}.")
    if isinstance(error, NoPipeline):
        return WeightFault(
            "what the hub has under this name is no whole model",
            f"{source} has no model_index.json: name the repository of the whole model, in diffusers' form.",
        )
    if isinstance(error, ImportError):
        package = _package(error)
        return WeightFault(
            "a package that it needs is not installed here",
            f"Install it: .venv/bin/pip install {package}{_of_version(package)}.",
        )
    if isinstance(error, AttributeError | ValueError | TypeError) and _CLASS.search(text):
        return WeightFault(
            "its files belong to another kind of pipeline than they are loaded with",
            f"Take `pipeline` out of the entry of {source}, or name the class of its model_index.json; a newer "
            "diffusers may be needed.",
        )
    damaged = isinstance(error, JSONDecodeError | Spoilt) or type(error).__name__ == "SafetensorError"
    if damaged or (isinstance(error, OSError) and "safetensors" in text):
        return DAMAGED
    return None


def _package(error: ImportError) -> str:
    found = _NO_MODULE.search(str(error))
    name = error.name or (found and (found[1] or found[2])) or ""
    package = str(name).split(".")[0].lower()
    if package in _OF_THE_EXTRA:
        return '-e ".[local]"'
    return package or f'what this says: "{str(error).strip().splitlines()[0]}"'


def _of_version(package: str) -> str:
    return " of the version that fits your torch" if package == "torchvision" else ""


def gigabytes(size: int) -> str:
    """Bytes as people say them: "16.4 GB"."""
    return f"{size / 1e9:.1f} GB"


def _with_causes(error: BaseException) -> Iterator[Any]:
    at: BaseException | None = error
    for _ in range(_CAUSES):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__
