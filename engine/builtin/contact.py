"""A contact sheet of rendered portraits: `python -m engine.builtin.contact OUT.jpg`."""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from engine.builtin import dataset

COLUMNS, ROWS = 10, 4


def contact_sheet(found: list[dataset.Picture]) -> Image.Image:
    """Tall portraits of different people, in as many full rows as there are, `ROWS` at most."""
    seen: dict[int, Image.Image] = {}
    for picture in found:
        if picture.scene.size == (128, 192) and picture.scene.person.seed not in seen:
            seen[picture.scene.person.seed] = Image.fromarray(dataset.pixels(picture))
    rows = max(1, min(ROWS, len(seen) // COLUMNS))
    whole = Image.new("RGB", (COLUMNS * 128, rows * 192))
    for at, image in enumerate(list(seen.values())[: COLUMNS * rows]):
        whole.paste(image, (at % COLUMNS * 128, at // COLUMNS * 192))
    return whole


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.contact", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--renders", type=Path, default=None)
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(dataset.pictures(given.renders or dataset.work() / "renders")).save(given.out, quality=88)


if __name__ == "__main__":
    main()
