"""A folder as A1111 or ComfyUI keeps it: the checkpoints, LoRAs and learned words in it, each told by its tensors.

Reads headers alone. What is not offered is named with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.models.local_models import model_of
from engine.models.lora_kinds import is_lora
from engine.models.model import CatalogueError, Model
from engine.models.samplers import SAMPLED
from engine.models.single_files import PICKLES, SUFFIX, LacksParts, kind_at
from engine.models.weights import BadWeights, shapes

DEEPEST: Final = 6
MOST_FILES: Final = 5_000
_WORDS: Final = "embeddings"
_BESIDE: Final = frozenset({"vae", "text_encoders", "clip", "clip_vision", "vae_approx"}) | {
    *("controlnet", "hypernetworks", "upscale_models", "esrgan", "realesrgan", "swinir", "gfpgan", "codeformer"),
    *("style_models", "gligen", "photomaker", "ipadapter", "insightface", "deepbooru", "blip", "karlo"),
}
"""Folders of both programs in which no whole model, LoRA or learned word lies: what is in them is not told of."""


@dataclass(frozen=True, slots=True)
class FoundInFolder:
    """What a folder holds: `loras` are no models of their own; `refused` has a sentence for each other file."""

    models: tuple[Model, ...]
    loras: tuple[Path, ...]
    refused: tuple[str, ...]


def read_models_folder(folder: Path, taken: frozenset[Path] = frozenset()) -> FoundInFolder:
    """All that is in the folder and below it. `taken` are files that are offered already, with options of their own."""
    if not folder.is_dir():
        return FoundInFolder(
            (), (), (f"The folder of models {folder} is not there; make it, or leave MODEL_FOLDER empty.",)
        )
    models: list[Model] = []
    loras: list[Path] = []
    refused: list[str] = []
    words = _folder_of_words(folder)
    for file in _files(folder):
        if file.resolve() in taken or file.name.lower().endswith(f".vae{SUFFIX}"):
            continue
        try:
            if _is_lora(file):
                loras.append(file)
            else:
                models.append(_checkpoint(file, words))
        except (BadWeights, CatalogueError) as error:
            refused.append(
                f"The file {file.relative_to(folder)} is not offered: {_reason(error, file)}.".replace("..", ".")
            )
    return FoundInFolder(tuple(models), tuple(loras), tuple(refused))


def _is_lora(file: Path) -> bool:
    """Whether a file is a LoRA, for whatever. Raises BadWeights."""
    if file.suffix.lower() in PICKLES:
        return False
    return is_lora(shapes(file))


def _checkpoint(file: Path, words: Path | None) -> Model:
    """Raises BadWeights and CatalogueError."""
    with suppress(LacksParts):
        kind_at(file)
    model = model_of(str(file), file.stem)
    if model.pipeline not in SAMPLED:
        return model
    vae = file.with_suffix(f".vae{SUFFIX}")
    return replace(
        model, vae=str(vae) if vae.is_file() and not model.denoiser else "", embeddings=str(words) if words else ""
    )


def _reason(error: Exception, file: Path) -> str:
    """Why, without the file's name, which is said already."""
    return str(error).removeprefix(f"The file {file} cannot be offered: ")


def _folder_of_words(folder: Path) -> Path | None:
    return next((each for each in _folders(folder) if each.name.casefold() == _WORDS), None)


def _files(folder: Path) -> Iterator[Path]:
    """Every file that could be one of these, in order; learned words are read when their model is."""
    left = MOST_FILES
    for each in _folders(folder):
        if each.name.casefold() == _WORDS:
            continue
        for file in sorted(each.iterdir()):
            if file.suffix.lower() in {SUFFIX, *PICKLES} and file.is_file():
                left -= 1
                if left < 0:
                    return
                yield file


def _folders(folder: Path) -> Iterator[Path]:
    """The folder and those below it, each once however it is linked."""
    seen: set[Path] = set()
    for name, below, _ in os.walk(folder, followlinks=True):
        here = Path(name)
        deep = len(here.relative_to(folder).parts)
        kept = [each for each in below if each.casefold() not in _BESIDE and not each.startswith(".")]
        below[:] = sorted(kept) if deep < DEEPEST else []
        if here.resolve() not in seen:
            seen.add(here.resolve())
            yield here
        else:
            below[:] = []
