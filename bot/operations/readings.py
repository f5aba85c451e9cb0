"""`python -m bot readings export`: the misreadings that people gave, as JSON lines; the bot may be running.

Each line has the words, how they were read, and the words once more with the slots marked as they were meant, the way
`tests/corpus` labels prompts: checked by hand, they belong into a set there.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.core.errors import BotError
from bot.core.settings import Settings
from data.core.database import FILE_NAME
from data.core.files import private_opener
from data.people.misreadings import Misreading, kept_in
from engine.prompt import from_json
from engine.prompts.marked_text import MARKS, marked


def export(settings: Settings, out: Path | None) -> int:
    """Write them to `out`, a new file, or to standard output. Returns the exit code. Raises BotError, DataError."""
    database = settings.data_folder / FILE_NAME
    if not database.exists():
        raise BotError(f"There is no {database} yet: the bot's first start makes it, and its users fill it.")
    lines = [json.dumps(as_told(one), ensure_ascii=False) for one in kept_in(database)]
    text = "".join(f"{line}\n" for line in lines)
    if out is None:
        sys.stdout.buffer.write(text.encode())
        return 0
    try:
        with open(out, "x", encoding="utf-8", opener=private_opener) as file:
            file.write(text)
    except OSError as error:
        why = "it exists already" if isinstance(error, FileExistsError) else os.strerror(error.errno or 0)
        raise BotError(f"Nothing was written to {out}: {why}. Name a new file that can be written.") from error
    print(f"{len(lines):,} {'misreading is' if len(lines) == 1 else 'misreadings are'} in {out}.")
    return 0


def as_told(one: Misreading) -> dict[str, Any]:
    """One of them without who gave it; `marked` is by what was meant, where the person said so."""
    understood, meant = from_json(one.understood), from_json(one.meant) if one.meant else None
    names = MARKS.values()
    return {
        "kind": "reported",
        "text": one.words,
        "marked": marked(one.words, meant or understood),
        "understood": {name: said for name in names if (said := getattr(understood, name))},
        "meant": {name: said for name in names if (said := getattr(meant, name))} if meant else None,
        "reported": datetime.fromtimestamp(one.created_at, UTC).date().isoformat(),
    }
