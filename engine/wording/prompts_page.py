"""`python -m engine.wording.prompts_page [--check]`: writes docs/prompts.md from the code it is about."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from engine.prompt import ASPECTS, SLOTS, parse, to_lines
from engine.wording.dialects import render
from engine.wording.presets import PRESETS

PAGE: Final = Path(__file__).parents[2] / "docs" / "prompts.md"
EXAMPLE: Final = (
    'A weathered fisherman in his 60s wearing an oilskin coat with a badge that says "NORTH STAR" stands on a pier '
    "at dawn, lit from the left by a low sun, 85mm f/1.4, Kodak Portra 400, visible pores "
    "--ar 2:3 --seed 42 --no plastic skin"
)
WITH_CHARACTER: Final = (
    "@ana, a young woman with red hair and green eyes, laughing, in a yellow raincoat, neon light, 50mm"
)
MODELS: Final = (
    ("Mango 2", "mango"),
    ("Flux 1.1 Pro Ultra", "flux"),
    ("Nano Banana 2", "nano-banana"),
    ("GPT Image 2", "gpt-image"),
    ("Stable Diffusion 3.5 Large", "sd35"),
    ("Studio", "studio"),
)
_WHAT: Final = {
    "subject": "who: age, face, hair, expression, pose, what they do and hold",
    "clothing": "clothes, hats, glasses, jewellery, make-up",
    "environment": "the place, backdrop, furniture, weather, season",
    "lighting": "set-up, direction, quality, source, time of day, colour temperature",
    "camera": "lens, aperture, film, body, shot size, angle, focus, the look of the photograph",
    "detail": "skin and surfaces: pores, wrinkles, freckles, sweat, weave",
}


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join((_HEAD, _slots(), _WRITING, _example(), _side_by_side(), _character(), _CUT))


_HEAD: Final = """\
# Prompts

<!-- Made by `python -m engine.wording.prompts_page`; a test keeps it in step with the code. -->

Write what you see, in any form: a sentence, a comma list, lines with labels, or a block pasted from another tool. The
studio sorts it into six slots, shows them on the portrait's card, and lets you change one and keep the other five.

Write in English, Spanish, Portuguese, French, German, Italian, Dutch, Polish, Russian, Ukrainian, Turkish, Chinese,
Japanese or Korean, or mix one of them with English. A model that understands your language is told your words; another
is told the English of those that the studio knows, and the card names the rest.
"""
_WRITING: Final = f"""
## What else a prompt can hold

| you write | it means |
|---|---|
| `@ana`, `@ana:2` | a saved character (its second version); no name from Discord's own list |
| `"OPEN"` | words to be written in the picture, spelled as they stand |
| `Lighting: Rembrandt` | the label's slot gets the words as they are; also `Outfit:`, `Camera & lens:`, `[Clothing]` |
| JSON or YAML, broken ones too | keys are labels, and only `text` and its like are words to write |
| `--ar 2:3` | the shape: {", ".join(ASPECTS)}; another shape becomes the nearest of these |
| `--seed 42` | the same seed gives the same picture again, where the model takes seeds |
| `no hat`, `without a beard`, `she is not smiling`, `avoid text` | what should not be there |
| `--no hat`, `### hat`, `hat::-0.5`, `Negative: …` | the same |
| `16:9 aspect ratio`, `(9:16)`, `1024x1536` | the shape too |
| `{{forest\\|beach}}`, `{{2$$a\\|b\\|c}}` | one of them, or two, drawn by the seed; the card says which |
| `(word:1.2)`, `<lora:…>`, `Steps: …` | from A1111 or Civitai: words, seed and shape are kept, the rest is left out |
| `--sref …`, `__hair__`, a picture's address | of other tools: left out, and the card says so; no address is opened |

No word is lost: what fits no slot joins the subject. A sentence stays with its topic: "Thin fog hangs between the
trunks" is the place to its last word. To move a word, use a label or the slot's own option. How a text is read is shown
by `python -m engine.prompt "TEXT"` (`-` reads standard input); put that into a report of a misreading.

What helps: one clear subject; a light with a direction ("from the left"); a lens with an aperture; one or two surface
details. What does not: lists of praise ("masterpiece, best quality"), two lights that contradict each other, and the
same thing said twice.
"""
_CUT: Final = """
## What is left out, and told

- SD 3.5's CLIP reads 77 tokens: it gets subject, clothing, light, place, camera and detail in that order of importance
  as far as there is room, and T5 reads all of it in sentences (256 tokens). Flux and Mango read 512. What no encoder
  has room for is named on the card.
- Models without a negative prompt are told the opposite: "no plastic skin" becomes "natural skin with visible texture".
- Nano Banana is told what a lens does, not its numbers; bodies and settings that show nothing are left out.
- The studio photographs what it has. What it has not, or does not know, is named on the card.
"""


def _slots() -> str:
    rows = [
        f"| {slot.title()} | {_WHAT[slot]} | {PRESETS[slot][0].value}; {PRESETS[slot][1].value} |" for slot in SLOTS
    ]
    return "\n".join(("| slot | what belongs there | for instance |", "|---|---|---|", *rows))


def _example() -> str:
    lines = to_lines(parse(EXAMPLE))
    return f"\n## One prompt\n\n> {EXAMPLE}\n\nis read as\n\n```\n{lines}\n```"


def _side_by_side() -> str:
    prompt = parse(EXAMPLE)
    rows = ["", "## The same prompt in each model's words", "", "| model | is told |", "|---|---|"]
    for title, family in MODELS:
        words = render(prompt, family)
        told = [words.prompt]
        told += [f"**T5:** {words.long_prompt}"] if words.long_prompt else []
        told += [f"**negative:** {words.negative}"] if words.negative else []
        told += [f"**left out:** {'; '.join(words.dropped)}"] if words.dropped else []
        rows.append(f"| {title} | {'<br>'.join(told).replace(chr(10), '<br>').replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def _character() -> str:
    words = render(parse(WITH_CHARACTER), "flux", characters=("ana",))
    return f"""
## With a character

The reference picture shows the face, and words about it would fight the picture. Age, origin, skin tone, eyes, the
shape of the face and marks such as freckles are therefore not sent; hair, beard, glasses, expression, action, trade,
clothes and the rest are. Words about anybody else in the picture stay whole.

> {WITH_CHARACTER}

becomes, for Flux, “{words.prompt}”; left to the picture: {", ".join(words.left_to_reference)}.

A face that is saved from a portrait keeps the words about hair, beard and glasses that it was ordered with. Where a
prompt says nothing of one of the three, those words go along, behind the mention of whom they are about, and the card
says so; what the prompt says wins."""


def main() -> int:
    """Write the page, or with --check say whether it is in step."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; fail when the page is out of step")
    if arguments.parse_args().check:
        in_step = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        print("docs/prompts.md is in step." if in_step else "Run `python -m engine.wording.prompts_page`.")
        return 0 if in_step else 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
