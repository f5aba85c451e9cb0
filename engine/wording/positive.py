"""What is not wanted, said as what is: for models that read no negative prompt and paint every noun they are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_INSTEAD: Final = (
    (r"crop|cut off|out of frame|off.?cent", "the whole head within the frame"),
    (r"eye contact|(?:look|gaz|star|fac)\w* (?:\w+ )?(?:at|into) (?:the |us)", "a gaze away from the camera"),
    (r"^(?:the |any )?hair$", "a bald head"),
    (r"\bbald", "a full head of hair"),
    (r"\bbangs\b|\bfringe\b", "an uncovered forehead"),
    (r"\bties?\b|necktie", "an open collar"),
    (r"scarf|scarves", "a bare neck"),
    (r"gloves?\b|mittens", "bare hands"),
    (r"shoes?\b|sneakers|boots?\b", "bare feet"),
    (r"tattoo", "bare, unmarked skin"),
    (r"\bbag|handbag|purse|cigar|pipe\b|umbrella|sword|\bgun|\baxe|phone", "empty hands"),
    (r"lens flare", "a clean lens"),
    (r"plastic|airbrush|waxy|smooth skin|doll|fake skin|retouch", "natural skin with visible texture"),
    (
        r"finger|hand|limb|arms?\b|legs?\b|anatom|deform|mutat|disfigur|extra|missing|fused",
        "correct anatomy with natural hands",
    ),
    (r"iris|pupil|cross.?eye|lazy eye|bad eyes", "clear, even eyes"),
    (r"teeth", "natural teeth"),
    (r"text|watermark|signature|logo|letter|caption|username|words|writing", "a clean picture without lettering"),
    (r"cartoon|anime|manga|cgi|\b3d\b|render|illustration|painting|drawing|sketch|\bart\b|unreal", "a real photograph"),
    (r"quality|lowres|low res|jpeg|artifact|artefact|pixelat|normal quality|ugly|score_", "high picture quality"),
    (r"bokeh|background blur|blurred background|blurry background", "a background in focus"),
    (r"blur|out of focus|unsharp|soft focus", "a sharp picture"),
    (r"grain|noise|noisy", "a clean picture free of grain"),
    (r"over.?expos|blown|under.?expos", "balanced exposure"),
    (r"harsh shadow|hard shadow", "soft shadows"),
    (r"shadow", "even light without deep shadows"),
    (r"smil|grin|laugh", "a closed mouth and a serious face"),
    (r"frown|angry|sad", "a relaxed expression"),
    (r"beard|stubble|moustache|mustache|facial hair", "a clean-shaven face"),
    (r"sunglasses|glasses|spectacles", "uncovered eyes"),
    (r"\bhats?\b|\bcaps?\b|helmet|headwear|hood", "a bare head"),
    (r"make.?up|lipstick", "a bare face as it is"),
    (r"jewel|earring|necklace|piercing|\brings?\b", "an unadorned look"),
    (r"freckle|mole|blemish|acne|wrinkle|scar", "clear skin"),
    (
        r"people|crowd|other person|\bone else|bystander|tourist|passer|customers|duplicate|clone|two heads|multiple",
        "one person alone in the frame",
    ),
    (r"nud|nsfw|naked|topless|cleavage|underwear", "fully clothed"),
    (r"child|kid|young|teen|minor|underage", "a grown adult"),
    (r"black.and.white|monochrome|desaturat|grey.?scale|gray.?scale", "full, natural colour"),
    (r"oversaturat|saturat|garish|colou?rful", "restrained colour"),
    (r"clutter|busy background", "a plain, uncluttered background"),
    (r"flash", "natural, available light"),
)
_FREE: Final = "free of "
_CLAUSES: Final = re.compile(r"[,;.\n]")
_NOT: Final = re.compile(r"^(?:no|without|any|not)\s+", re.I)
_RULES: Final = tuple((re.compile(pattern, re.I), wording) for pattern, wording in _INSTEAD)


def positive(unwanted: Sequence[str], *, lettering: bool = False) -> list[str]:
    """Positive wordings for what is not wanted, each once. `lettering` when the picture is to hold words itself."""
    found = dict.fromkeys(_wording(clause) for clause in unwanted)
    if lettering:
        found.pop("a clean picture without lettering", None)
    return [wording for wording in found if wording]


def named(unwanted: str) -> tuple[str, ...]:
    """What of the unwanted such models are told by its own name all the same, for want of a better wording."""
    return tuple(wording for wording in positive(_CLAUSES.split(unwanted)) if wording.startswith(_FREE))


def _wording(clause: str) -> str:
    plain = _NOT.sub("", clause.strip())
    return next((wording for pattern, wording in _RULES if pattern.search(plain)), f"{_FREE}{plain}" if plain else "")
