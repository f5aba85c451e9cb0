"""`python -m engine.prompt`: how a text is read, for whoever reports a misreading."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.prompt import MAX_TEXT, SLOTS

ROOT = Path(__file__).parents[3]


def shown(*arguments: str | bytes, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What the command answers."""
    command = [sys.executable, "-m", "engine.prompt", *arguments]
    return subprocess.run(command, input=given, capture_output=True, cwd=ROOT, check=False)


@pytest.mark.parametrize("from_input", [False, True])
def test_a_reading_is_printed_as_json(from_input: bool) -> None:
    """All slots, said or not, and what of other tools meant nothing."""
    text = 'A baker in a red coat, sign "CAFÉ", @ana --ar 2:3 --seed 4 --no hat --v 6'
    done = shown("-", given=f"{text}\n".encode()) if from_input else shown(text)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == {
        **dict.fromkeys((*SLOTS, "sampler"), ""),
        "weights": [],
        "subject": "A baker, @ana",
        "clothing": "in a red coat",
        "environment": 'sign "CAFÉ"',
        "negative": "hat",
        "text": ["CAFÉ"],
        "characters": ["ana"],
        "aspect": "2:3",
        "seed": 4,
        "ignored": ["--v 6"],
        "drawn": [],
    }


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        ((), b"", "quotation marks"),
        (("a", "man"), b"", "quotation marks"),
        ((" ",), b"", "empty"),
        (("-",), b"", "empty"),
        (("-",), b"caf\xe9", "UTF-8"),
        ((b"caf\xe9",), b"", "UTF-8"),
        (("a" * (MAX_TEXT + 1),), b"", "too long"),
        (("-",), "é".encode() * 3 * MAX_TEXT, "too long"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(arguments: tuple[str], given: bytes, told: str) -> None:
    """On standard error, with nothing on standard output and code 2."""
    done = shown(*arguments, given=given)
    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_help_says_how() -> None:
    """And is no error."""
    done = shown("--help")
    assert (done.returncode, b"standard input" in done.stdout) == (0, True)
