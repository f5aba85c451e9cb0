"""Plain instructions, for models that are talked to: Nano Banana (few camera words), GPT Image (quoted text)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.prompt import SLOTS, PortraitPrompt
from engine.prompts.phrases import chunks
from engine.prompts.rendered_prompt import RenderedPrompt, Script, how_many, people, script, sentence
from engine.prompts.units import units
from engine.wording.positive import positive

_NAMES: Final = {
    "subject": "Who",
    "clothing": "Clothing",
    "environment": "Place",
    "lighting": "Light",
    "camera": "Camera",
    "detail": "Surface detail",
}
_JARGON: Final = (
    (
        r"f\s?/?\s?(?:0|1|2)(?:[.,]\d)?(?!\d)|wide open|shallow|bokeh|blurred background",
        "the background softly out of focus",
    ),
    (r"f\s?/?\s?(?:8|9|11|13|16|22)\b|deep focus", "everything in focus"),
    (r"macro", "very close to the face"),
    (r"\b(?:1[4-9]|2\d|3[0-5])\s?mm|wide.?angle", "a wide view taken from close by"),
    (r"\b(?:8\d|9\d|1\d\d)\s?mm|portrait lens", "natural proportions, taken from a few steps away"),
    (r"\b[2-8]\d\d\s?mm|telephoto", "taken from far away"),
    (r"tri-?x|hp5|delta|t-?max|black.and.white|monochrome|b&w", "black and white with film grain"),
    (r"portra|ektar|gold 200|superia|fuji|kodak|film|analog", "the soft colours of film"),
    (r"cinestill|800t", "night colours with red halos round lamps"),
    (r"motion blur|long exposure|1/(?:\d|[1-5]\d)\s?s", "movement blurred"),
    (r"1/\d{3,}|frozen", "movement frozen"),
)
_RULES: Final = tuple((re.compile(pattern, re.I), plain) for pattern, plain in _JARGON)
_TECHNICAL: Final = re.compile(
    r"\d\s?mm\b|[fƒ]/|\bf\d|\biso|\b1/\d+\s?s|nikon|canon|sony|leica|hasselblad|mamiya|fuji|pentax|kodak|ilford|contax|"
    r"rollei|summi|\blens|portra|ektar|cinestill|tri-?x|hp5|provia|velvia|phase one|arri|eos",
    re.I,
)
_SAYS: Final = re.compile(
    r"(?:(?:,|(?<![,\s]))\s*+(?:(?:that|which)\s*+)?(?:says|saying|reads|reading|spelling|labelled|labeled|marked|showing|with|lettered|printed)"
    r"(?:\s+the)?(?:\s+words?)?)\s*$",
    re.I,
)
_LEADING: Final = re.compile(r"^(?:wearing|with|holding|in|on|at|by|and|carrying|of)\s+", re.I)
_ARTICLE_AT_START: Final = re.compile(r"^(?:An?|The)\b")
_ARTICLE: Final = re.compile(r"^(?:an?|one|his|her|their)\s+", re.I)


def nano_banana(prompt: PortraitPrompt, held: Sequence[str], *, numbered: bool = False) -> RenderedPrompt:
    """Short plain sentences; a lens is said as what it does. `numbered`: more pictures than faces go along."""
    whole = script(prompt, held, _attached(held, numbered=numbered))
    camera, cut = _plain_camera(whole.of("camera"))
    wanted = positive(whole.negative, lettering=bool(prompt.text))
    who = _ARTICLE_AT_START.sub(lambda found: found[0].lower(), whole.joined("subject")) or "a person"
    parts = [f"Make a realistic portrait photo of {who}", *_keep_faces(held, numbered=numbered)]
    for slot, lead in (("clothing", "Clothing"), ("environment", "Place"), ("lighting", "Light")):
        parts += [f"{lead}: {whole.joined(slot)}"] if whole.joined(slot) else []
    parts += [f"How it is taken: {', '.join(camera)}"] if camera else []
    parts += [f"Show these details: {whole.joined('detail')}"] if whole.joined("detail") else []
    parts += [f'Write the words "{words}" in the picture' for words in whole.text]
    parts += [f"The picture should have {', '.join(wanted)}"] if wanted else []
    return RenderedPrompt(" ".join(map(sentence, parts)), dropped=tuple(cut), left_to_reference=whole.left_to_reference)


def gpt_image(prompt: PortraitPrompt, held: Sequence[str], *, numbered: bool = False) -> RenderedPrompt:
    """A brief, line by line, that says where each quoted word goes and that it is spelled as given."""
    whole = script(prompt, held, _attached(held, numbered=numbered))
    lines = ["Create a photorealistic portrait following this brief exactly."]
    lines += map(sentence, _keep_faces(held, numbered=numbered))
    lines += [f"{_NAMES[slot]}: {whole.joined(slot)}." for slot in SLOTS if whole.joined(slot)]
    lines += [_lettering(words, whole) for words in prompt.text]
    if prompt.text:
        lines.append("Spell every quoted word exactly as given; add no other lettering.")
    wanted = positive(whole.negative, lettering=bool(prompt.text))
    lines += [f"Make sure of this: {'; '.join(wanted)}."] if wanted else []
    return RenderedPrompt("\n".join(lines), left_to_reference=whole.left_to_reference)


def _attached(held: Sequence[str], *, numbered: bool) -> list[str]:
    return people(held, "attached picture", numbered=numbered)


def _keep_faces(held: Sequence[str], *, numbered: bool) -> list[str]:
    if not held:
        return []
    if how_many(held) > 1:
        return ["Keep each person's face exactly as in the attached pictures"]
    who = people(held, "attached picture", numbered=numbered)[0]
    return [f"Keep that person's face exactly as in {who.removeprefix('the person in ')}"]


def _plain_camera(clauses: Sequence[str]) -> tuple[list[str], list[str]]:
    """What the camera words do, and those that do nothing a person would see."""
    said, cut = dict[str, None](), list[str]()
    for clause in clauses:
        effects = [plain for pattern, plain in _RULES if pattern.search(clause)]
        if not _TECHNICAL.search(clause):
            said[clause] = None
        elif effects:
            said.update(dict.fromkeys(effects))
        else:
            cut.append(clause)
    return list(said), cut


def _lettering(words: str, whole: Script) -> str:
    where = _where(words, whole)
    return (
        f'Write "{words}" on {where}, large enough to read.'
        if where
        else f'Write "{words}" in the picture, easy to read.'
    )


def _where(words: str, whole: Script) -> str:
    """The thing that bears the words, as "the badge" for "a coat with a badge that says …"; "" when unsaid."""
    for clause in whole.clauses:
        before, quote, _ = clause.words.partition(f'"{words}"')
        if not quote:
            continue
        before = _SAYS.sub("", before.rsplit('"', 1)[-1].strip())
        found = [chunk for parts in [units(before)] if parts for chunk in chunks(parts)]
        if found:
            thing = _LEADING.sub("", before[found[-1].units[0].start :].strip())
            return "the " + _ARTICLE.sub("", thing) if thing and not thing.lower().startswith("the ") else thing
    return ""
