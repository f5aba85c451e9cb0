"""A portrait's review without the bot: `python -m engine.review FILE [--prompt TEXT] [--like FILE …] [--json]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from engine.prompt import NOTHING, PromptError, parse
from engine.review.judged_parts import PortraitReview, as_data
from engine.review.portrait_review import missing, reviewed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status: 2 where nothing could be reviewed."""
    given = _parser().parse_args(arguments)
    if why := missing():
        print(
            f'Portraits cannot be reviewed: {why}. Install it: .venv/bin/pip install -e ".[review]".', file=sys.stderr
        )
        return 2
    try:
        found = _review(given.file, given.prompt, given.like)
    except (PromptError, OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(as_data(found), indent=1, ensure_ascii=False) if given.json else _table(found))
    return 0


def _review(file: Path, words: str, like: Sequence[Path]) -> PortraitReview:
    import numpy as np

    from engine.faces import identity

    with Image.open(file) as opened:
        picture = np.asarray(opened.convert("RGB"))
    faces = [face.embedding for each in like for face in identity.looked(each)[:1]]
    return reviewed(picture, parse(words) if words else NOTHING, [faces] if faces else [])


def _table(found: PortraitReview) -> str:
    lines = []
    for measure in found.measures:
        score = "–" if measure.score is None else f"{measure.score:.0f}"
        lines.append(f"{measure.name:12}{score:>4}  {measure.told}")
        lines += [f"{'':18}{part.name}: {part.told}" for part in measure.parts if part is not measure.worst]
    return "\n".join([*lines, *found.left_out])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.review", description=__doc__)
    parser.add_argument("file", type=Path, help="the portrait: PNG, JPEG or WebP")
    parser.add_argument("--prompt", default="", help="the words that it was made from")
    parser.add_argument("--like", type=Path, action="append", default=[], help="a picture of who it was to show")
    parser.add_argument("--json", action="store_true", help="with all that was read, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
