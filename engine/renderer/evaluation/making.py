"""Pictures for the prompts, made as a user's are; finished ones are kept, so that a stopped run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
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
from engine.renderer.processes import StudioProcess
from engine.renderer.reading import read
from engine.renderer.scene import Person, Scene
from engine.renderer.studio import SIZE

Picture = npt.NDArray[np.uint8]
_ORDER: Final = "likeness-evaluation"
"""The keyword of the PNG text by which a kept picture is known to be the one that is asked for."""


@dataclass(frozen=True, slots=True)
class Order:
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
    orders: Sequence[Order], folder: Path, quality: str, hands: int = 1, told: Callable[[str], None] = print
) -> dict[str, Picture]:
    """Pictures (H, W, 3) by the orders' names; those that the folder has for the same scene are not made again.

    `hands` processes work at once. What the studio raises for a picture is raised here, after the others are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scenes = {order.name: order.scene() for order in orders}
    missing = [order for order in orders if not _kept(folder, order.name, _mark(scenes[order.name], quality))]
    told(f"{quality}: {len(orders) - len(missing)} pictures are kept in {folder}, {len(missing)} to make")
    for done, order in enumerate(_made(missing, scenes, folder, quality, hands), 1):
        if done % 10 == 0 or done == len(missing):
            told(f"{quality}: {done} of {len(missing)} made ({order.name})")
    return {order.name: opened(folder / f"{order.name}.png") for order in orders}


def _made(orders: Sequence[Order], scenes: dict[str, Scene], folder: Path, quality: str, hands: int) -> Iterator[Order]:
    with ExitStack() as opened_here:
        idle: SimpleQueue[StudioProcess] = SimpleQueue()
        for _ in range(max(1, hands)):
            process = StudioProcess()
            opened_here.callback(process.close)
            idle.put(process)

        def one(order: Order) -> Order:
            studio = idle.get()
            try:
                taken = studio.photograph(scenes[order.name], SIZE, quality)
            finally:
                idle.put(studio)
            _keep(taken.picture, scenes[order.name], folder / f"{order.name}.png", quality)
            return order

        pool = opened_here.enter_context(ThreadPoolExecutor(max(1, hands)))
        for future in as_completed([pool.submit(one, order) for order in orders]):
            yield future.result()


def opened(file: Path) -> Picture:
    """The pixels of a kept picture."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


def _mark(scene: Scene, quality: str) -> str:
    told = json.dumps([stored.to_json(scene), quality, SIZE])
    return hashlib.sha256(told.encode()).hexdigest()


def _kept(folder: Path, name: str, mark: str) -> bool:
    try:
        with Image.open(folder / f"{name}.png") as picture:
            return picture.info.get(_ORDER) == mark
    except OSError:
        return False


def _keep(picture: Picture, scene: Scene, file: Path, quality: str) -> None:
    text = PngInfo()
    text.add_itxt(stored.KEYWORD, stored.to_json(scene))
    text.add_text(_ORDER, _mark(scene, quality))
    unfinished = file.with_suffix(".part")
    Image.fromarray(picture).save(unfinished, "PNG", pnginfo=text)
    unfinished.replace(file)
