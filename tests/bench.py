"""`make bench`: every figure of the project in one run, one bench after another, so that none disturbs the next.

`python -m tests.bench [--json] [NAME ...]` with names among engine, data, discord, viewers, gallery, attack, prompts
and hosted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BENCHES = {
    "engine": "tests.engine.bench",
    "data": "data.upkeep.books_bench",
    "discord": "tests.standin.bench",
    "viewers": "tests.standin.viewers_bench",
    "gallery": "tests.standin.gallery_bench",
    "attack": "tests.standin.attack",
    "prompts": "tests.corpus.bench",
    "hosted": "tests.engine.providers.bench",
}


def main() -> int:
    """Run the benches asked for; the exit code is that of the worst."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, bench by bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    figures, worst = {}, 0
    for name in options.names or BENCHES:
        command = [sys.executable, "-m", BENCHES[name], *(["--json"] if options.json else [])]
        if not options.json:
            print(f"\n== {name} ==", flush=True)
        done = subprocess.run(
            command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE if options.json else None
        )
        worst = max(worst, done.returncode)
        if options.json:
            figures[name] = json.loads(done.stdout) if done.stdout.strip() else None
    if options.json:
        print(json.dumps(figures, indent=2))
    return worst


if __name__ == "__main__":
    sys.exit(main())
