"""A model's place in the hub's cache: what of it is there, its pinned commit, and how the files come together.

While a download is on its way there is a listing with the commit, whole contents under `blobs/` and parts of others;
the snapshot that loading reads appears once everything is there.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from engine.downloads.needed import INDEX, needed, parts_in, weights_among
from engine.models.model import Model
from engine.models.weights import PINNED, BadWeights, folder_of, is_hub_id, repository_folder, shapes
from engine.placement.model_parts import DENOISERS

_LISTING: Final = "likeness.json"
_PART: Final = ".part"
_BARE: Final = ("Scheduler", "Tokenizer", "Processor", "FeatureExtractor")
"""What is in the class's name of a part that has no weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file of a repository: `blob` is its content's name in the cache, `sha256` is known of large ones alone."""

    name: str
    size: int
    blob: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit, with its pipeline's index."""

    commit: str
    index: Mapping[str, Any]
    files: tuple[HubFile, ...]

    def needed_for(self, model: Model) -> tuple[HubFile, ...]:
        """The files that loading this model needs, without its denoiser's weights where a file of its own has them."""
        names = needed(
            [file.name for file in self.files], self.index, without=DENOISERS if model.gguf or model.denoiser else ()
        )
        wanted = set(names)
        return tuple(file for file in self.files if file.name in wanted)


@dataclass(frozen=True, slots=True)
class HowFar:
    """`done` of `total` bytes are on the disk; a total of 0 is not known. `whole` says that it can be loaded."""

    done: int
    total: int
    whole: bool
    commit: str = ""


class HubCache:
    """One model's folder there. Raises OSError for what the disk refuses."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.folder = repository_folder(model.source)

    def listing(self) -> Listing | None:
        """What was resolved once and is kept; None before that."""
        try:
            kept = json.loads((self.folder / _LISTING).read_text(encoding="utf-8"))
            files = tuple(HubFile(**file) for file in kept["files"])
            return Listing(kept["commit"], kept["index"], files)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, listing: Listing) -> None:
        """From now on this model is this commit."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {"commit": listing.commit, "index": listing.index, "files": [asdict(file) for file in listing.files]}
        _written(self.folder / _LISTING, json.dumps(kept, indent=1))

    def let_go(self) -> None:
        """Forget the commit: the next listing is the newest. What is on the disk stays, and is used where it fits."""
        (self.folder / _LISTING).unlink(missing_ok=True)

    def blob(self, file: HubFile) -> Path:
        return self.folder / "blobs" / file.blob

    def part(self, file: HubFile) -> Path:
        """Where the file grows until it is whole."""
        return self.folder / "blobs" / (file.blob + _PART)

    def have(self, file: HubFile) -> int:
        """How many bytes of the file are on the disk."""
        for path in (self.blob(file), self.part(file)):
            with contextlib.suppress(OSError):
                return min(path.stat().st_size, file.size)
        return 0

    def lacks(self, listing: Listing) -> list[HubFile]:
        """Files that are not there or have another size than they should; of several with one content, one."""
        return [file for file in self._contents(listing) if not self._is_whole(file)]

    def _contents(self, listing: Listing) -> list[HubFile]:
        return list({file.blob: file for file in listing.needed_for(self._model)}.values())

    def _is_whole(self, file: HubFile) -> bool:
        with contextlib.suppress(OSError):
            return self.blob(file).stat().st_size == file.size
        return False

    def how_far(self) -> HowFar:
        """By what lies on the disk, whoever put it there; asks nobody."""
        listing = self.listing()
        if listing is None:
            folder = folder_of(self._model.source)
            whole = folder is not None and not what_is_missing(folder, self._model)
            return HowFar(0, 0, whole, folder.name if folder is not None else "")
        contents = self._contents(listing)
        linked = all(self._link(listing, file).exists() for file in listing.needed_for(self._model))
        whole = bool(contents) and linked and not self.lacks(listing)
        return HowFar(sum(map(self.have, contents)), sum(file.size for file in contents), whole, listing.commit)

    def is_growing(self, within_s: float, now: float) -> bool:
        """Whether a download has written within this time before `now` (epoch seconds)."""
        parts = (self.folder / "blobs").glob(f"*{_PART}")
        return any(now - part.stat().st_mtime < within_s for part in parts)

    def link(self, listing: Listing) -> Path:
        """Make the snapshot of what is there, and pin it."""
        for file in listing.needed_for(self._model):
            place = self._link(listing, file)
            place.parent.mkdir(parents=True, exist_ok=True)
            _linked(self.blob(file), place)
        self.pin(listing.commit)
        for left_over in (self.folder / "blobs").glob(f"*{_PART}"):
            left_over.unlink()  # of a commit that was given up in the middle
        return self.folder / "snapshots" / listing.commit

    def pin(self, commit: str) -> None:
        """Loading reads this commit from now on, whatever other tools fetch."""
        ref = self.folder / "refs" / PINNED
        ref.parent.mkdir(parents=True, exist_ok=True)
        _written(ref, commit)

    def _link(self, listing: Listing, file: HubFile) -> Path:
        return self.folder / "snapshots" / listing.commit / file.name


def comes_from_a_hub(model: Model) -> bool:
    """Whether the model's files have to be fetched before it can be loaded here."""
    return model.provider == "local" and is_hub_id(model.source)


def is_safe(name: str) -> bool:
    """Whether a name in a repository stays within the folder that it is put into."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def what_is_missing(folder: Path, model: Model) -> str:
    """What keeps the pipeline in this folder from being loaded, as a clause; "" when all seems to be there.

    Weights are looked at by their headers alone, which tell a file that was cut off.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"it holds no {INDEX} that can be read"
    if not isinstance(index, dict):
        return f"its {INDEX} makes no sense"
    for part, (library, class_name) in parts_in(index).items():
        place = folder / part
        if not place.is_dir() or not any(place.iterdir()):
            return f"its part {part} is missing"
        elsewhere = bool(model.gguf or model.denoiser) and part in DENOISERS
        bare = any(word in class_name for word in _BARE)
        why = "" if bare or elsewhere else _lack_of_weights(place, library)
        if why:
            return f"of its part {part} {why}"
    return ""


def _lack_of_weights(place: Path, library: str) -> str:
    names = sorted(weights_among([file.name for file in place.iterdir()], library))
    if not names:
        return "there are no weights in safetensors"
    for name in names:
        try:
            shapes(place / name)
        except BadWeights as error:
            return f"{name} cannot be used: {error}"
    listed = [shard for file in place.glob("*.safetensors.index.json") for shard in _shards(file)]
    lost = sorted(set(listed) - set(names)) if set(listed) & set(names) else []
    return f"{lost[0]} is missing" if lost else ""


def _shards(listed: Path) -> set[str]:
    try:
        return set(json.loads(listed.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def _linked(blob: Path, place: Path) -> None:
    """A symbolic link, as the hub's own tools make it, or the file itself on a disk that knows none."""
    with contextlib.suppress(FileNotFoundError):
        place.unlink()
    try:
        place.symlink_to(os.path.relpath(blob, place.parent))
    except OSError:
        os.link(blob, place)


def _written(file: Path, text: str) -> None:
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
