"""`python -m engine.recipe FILE` prints the recipe of a picture as JSON, and the tool that wrote it.

As with pictures from anybody, it is read in a process apart.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from engine.apart.process import Apart, Ended
from engine.pictures import provenance
from engine.pictures.decoding.decoder import embedded_of
from engine.pictures.intake import MAX_BYTES, BadPicture
from engine.recipes.embedded_recipe import OURS, EmbeddedRecipe

USAGE: Final = "usage: python -m engine.recipe FILE"


def main(arguments: list[str]) -> int:
    """Prints the recipe. 0 when there is one, 1 when there is none that can be read, 2 for a wrong call."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        said = described(_told(Path(arguments[0])))
    except (OSError, Ended, BadPicture) as error:
        print(error, file=sys.stderr)
        return 1
    if said is None:
        print("There is no recipe in that picture.", file=sys.stderr)
        return 1
    print(json.dumps(said, ensure_ascii=False, indent=2))
    return 0


def _told(path: Path) -> EmbeddedRecipe:
    """Raises OSError, Ended, BadPicture."""
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    apart = Apart()
    try:
        facts, _ = apart.ask("recipe", raw)
    finally:
        apart.close()
        apart.reap()
    if bad := facts.get("bad"):
        raise BadPicture(str(bad))
    return embedded_of(facts)


def described(told: EmbeddedRecipe) -> dict[str, Any] | None:
    """The recipe as it was written, and the slots that its words are read as; None for none."""
    recipe = provenance.from_embedded(told)
    if recipe is None:
        return None
    said = asdict(recipe)
    slots = {name: value for name, value in said.pop("prompt").items() if value}
    known = {name: value for name, value in said.items() if value not in ("", None, 0, 0.0) or name == "seed"}
    return {"tool": told.found.tool if told.found else OURS, **known, "prompt": slots}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
