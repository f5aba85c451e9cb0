"""Pictures for the prompts, made as a user's are; finished ones are kept, so that a stopped run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.prompt import parse
from engine.renderer import stored
from engine.renderer.photograph import SIZE
from engine.renderer.processes import StudioProcess
from engine.renderer.reading import read
from engine.renderer.scene import Person, Scene

Picture = npt.NDArray[np.uint8]
_ORDER: Final = "likeness-evaluation"
"""The keyword of the PNG text by which a kept picture is known to be the one that is asked for."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to make: its name among the kept ones, the words, the seed; `person` is somebody saved before."""

    name: str
    prompt: str
    seed: int
    person: Person | None = None

    def scene(self) -> Scene:
        """What is photographed for the words, read as the bot reads them."""
        if self.person is None:
            return read(parse(self.prompt), seed=self.seed).scene
        prompt = parse(f"@person, {self.prompt}")
        return read(prompt, seed=self.seed, characters={"person": self.person}).scene


def made(
    orders: Sequence[Shot],
    folder: Path,
    quality: str,
    hands: int = 1,
    told: Callable[[str], None] = print,
    size: tuple[int, int] = SIZE,
) -> dict[str, Picture]:
    """Pictures (H, W, 3) by the orders' names; those that the folder has for the same scene are not made again.

    `hands` processes work at once. What the studio raises for a picture is raised here, after the others are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = _Kind(folder, quality, size)
    scenes = {order.name: order.scene() for order in orders}
    missing = {name: scene for name, scene in scenes.items() if not kind.has(name, scene)}
    told(f"{quality}: {len(scenes) - len(missing)} pictures are kept in {folder}, {len(missing)} to make")
    for done, name in enumerate(_made(missing, kind, hands), 1):
        if done % 10 == 0 or done == len(missing):
            told(f"{quality}: {done} of {len(missing)} made ({name})")
    return {name: opened(folder / f"{name}.png") for name in scenes}


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where pictures of one quality and size are kept."""

    folder: Path
    quality: str
    size: tuple[int, int]

    def mark(self, scene: Scene) -> str:
        """By which a kept picture is known to be of this scene."""
        return hashlib.sha256(json.dumps([stored.to_json(scene), self.quality, self.size]).encode()).hexdigest()

    def has(self, name: str, scene: Scene) -> bool:
        """Whether the picture is there, of the same scene."""
        try:
            with Image.open(self.folder / f"{name}.png") as picture:
                return picture.info.get(_ORDER) == self.mark(scene)
        except OSError:
            return False

    def keep(self, name: str, scene: Scene, picture: Picture) -> None:
        """Writes the picture whole or not at all, with its scene, as a user's."""
        text = PngInfo()
        text.add_itxt(stored.KEYWORD, stored.to_json(scene))
        text.add_text(_ORDER, self.mark(scene))
        unfinished = self.folder / f"{name}.part"
        Image.fromarray(picture).save(unfinished, "PNG", pnginfo=text)
        unfinished.replace(self.folder / f"{name}.png")


def _made(scenes: Mapping[str, Scene], kind: _Kind, hands: int) -> Iterator[str]:
    """Makes and keeps pictures; their names as they are ready."""
    with ExitStack() as opened_here:
        idle: SimpleQueue[StudioProcess] = SimpleQueue()
        for _ in range(max(1, hands)):
            process = StudioProcess()
            opened_here.callback(process.close)
            idle.put(process)

        def one(name: str) -> str:
            studio = idle.get()
            try:
                kind.keep(name, scenes[name], studio.photograph(scenes[name], kind.size, kind.quality).picture)
            finally:
                idle.put(studio)
            return name

        pool = opened_here.enter_context(ThreadPoolExecutor(max(1, hands)))
        for future in as_completed([pool.submit(one, name) for name in scenes]):
            yield future.result()


def opened(file: Path) -> Picture:
    """The pixels of a kept picture."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))
