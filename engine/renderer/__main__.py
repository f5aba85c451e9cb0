"""A picture without the bot: `python -m engine.renderer "PROMPT" [--seed N] [--size WxH] [--quality Q] --out FILE`."""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.prompt import PromptError, parse
from engine.renderer import photograph, stored
from engine.renderer.passes import EFFORTS
from engine.renderer.reading import read
from engine.renderer.scene import Person, Scene

_LEAST, _MOST = 32, 2048
_SIZE: Final = re.compile(r"(\d{1,5}) ?[x×] ?(\d{1,5})")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        people = {"person": saved(given.person)} if given.person else None
        prompt = parse(f"@person, {given.prompt}" if people else given.prompt)
    except (PromptError, stored.SceneUnreadable, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    reading = read(prompt, seed=given.seed, characters=people)
    taken = photograph.photograph(reading.scene, given.size, given.quality)
    _save(taken.picture, reading.scene, given.out)
    if reading.missed:
        print(f"Not understood: {'; '.join(reading.missed)}", file=sys.stderr)
    print(f"{given.out}: seed {given.seed}, {sum(taken.seconds.values()):.1f} s")
    return 0


def saved(file: Path) -> Person:
    """The first person of a picture that was made here, or of its scene as JSON."""
    if file.suffix.lower() == ".png":
        with Image.open(file) as picture:
            text = str(picture.info.get(stored.KEYWORD, ""))
    else:
        text = file.read_text()
    return stored.people(stored.from_json(text))[0]


def _save(picture: photograph.Picture, scene: Scene, file: Path) -> None:
    """A PNG says what it is of, for `--person`; other formats do not."""
    if file.suffix.lower() != ".png":
        Image.fromarray(picture).save(file)
        return
    text = PngInfo()
    text.add_itxt(stored.KEYWORD, stored.to_json(scene))
    Image.fromarray(picture).save(file, pnginfo=text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.renderer", description=__doc__)
    parser.add_argument("prompt")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="the same seed, the same picture")
    parser.add_argument("--size", type=_size, default=photograph.SIZE, help="width × height in pixels, such as 512x768")
    parser.add_argument("--quality", choices=[name for name in EFFORTS if name != "preview"], default="standard")
    parser.add_argument("--person", type=Path, help="a saved person, whose words then change clothes, place and light")
    parser.add_argument("--out", type=Path, required=True, help="where the picture goes; its ending names the format")
    return parser


def _size(text: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(text.strip().lower())
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(_LEAST <= side <= _MOST for side in size):
        raise argparse.ArgumentTypeError(f"write it as 512x768, each side from {_LEAST} to {_MOST} pixels")
    return size


if __name__ == "__main__":
    sys.exit(main())
