"""What a whole sentence is about: "Thin fog hangs between the trunks" is about the place, to its last word.

A clause with a noun before its verb stays with that noun; a list of key words has no verb and no topic.
"""

from __future__ import annotations

from typing import Final

from engine.prompts.lexicon import NOUNS, SLOT_OF, entries, listed_kind
from engine.prompts.morphology import inflections
from engine.prompts.phrases import EYES, NOUN_KINDS, PREPOSITIONS, VERBS, WEAK, head
from engine.prompts.units import Unit

_BASES: Final = frozenset(
    entries(
        """
come, fall, hang, run, rise, fill, give, throw, break, cut, cast, catch, leave, lie, lean, drip, stretch, hit,
burn, glow, flicker, shine, pour, stream, spill, bounce, reflect, model, rim, outline, light, open, make,
turn, drift, hover, cling, cover, frame, hide, fade, melt, line, hold, shimmer, buzz, sit, stand, creep,
gather, stain, wrap, mix, touch, sweep, soften, sculpt, paint, strike, kiss, bathe, wash, separate, carve,
define, flood, filter, slant, play, dance, settle, dry, clutter, loom, tower, surround, enter, hum, hiss,
crash, roll, sway, wave, blow, swirl, float, pass, move, begin, end, lead, climb, wind, grow, bloom, scatter,
slip, graze, pick, add, keep, show, reveal, create, form, dissolve, disappear, vanish, set, sink, sparkle,
glint, gleam, flare, mark, crease, drape, flow, flutter, billow, extend, reach, recede, blur, compress,
follow, trail, dot, lap, pierce, peek, seep, trickle, stick, dangle, fold, slope, pile, swing, hug, match,
rest, emphasise, emphasize, highlight, accent, isolate, echo, anchor, dominate, divide, cross, mirror, streak,
bring, render, balance, draw, trace, rake, skim, warm, tint, dapple, pulse, crowd,
press, jut, flank, dwarf, encircle, swallow, circle, swarm, overlook
"""
    )
)
_FINITE: Final = frozenset(inflections(base)[0] for base in _BASES)
"""Verbs of things, as they stand behind one of them."""
_PAST: Final = frozenset(
    entries("fell, hung, came, lay, shone, cast, lit, rose, ran, stood, glowed, filled, caught, threw, broke")
)
_VERBS: Final = _BASES | _FINITE | _PAST
_ADVERBIAL: Final = frozenset({"below", "above", "behind", "outside", "beyond", "around", "up", "back", "inside"})
_AFTER_VERBS: Final = frozenset(
    {"determiner", "pronoun", "adverb", "adjective", "direction", "body", "", "and", "place", *PREPOSITIONS}
)
_TOPICS: Final = frozenset({"light", "place", "landform", "surface", "weather", "garment", "detail", "camera"})
_LEADING: Final = frozenset({"so", "that", "and", "while", "but", "then", "as", "where", "here", "because", "yet"})
_JOINING: Final = frozenset({"and", "while", "but"})
MANNERS: Final = frozenset(
    {"in the style of", "in the manner of", "in the spirit of", "after the manner of"}
    | {"in the tradition of", "style of", "reminiscent", "inspired by", "in the vein of"}
)
_SEEMING: Final = frozenset(
    {"it", "this", "should", "look", "looks", "feel", "feels", "the", "picture", "photo", "photograph"}
    | {"image", "whole", "must", "is", "shot", "painted", "photographed", "done", "made", "drawn"}
    | {"rendered", "a", "little", "bit", "just"}
)
"""What may stand before "like a still from …"."""
_OWNERS: Final = frozenset({"his", "her", "their", "its", "my", "one", "both"})
_OWN_SLOTS: Final = frozenset({"detail", "light", "lit", "garment", "wear", "camera", "tech", "medium"})
"""What keeps a slot of its own in a sentence about somebody's hands or hair."""
_PICTURES: Final = frozenset({"camera", "medium", "tech"})
_LEAST: Final = 4
_GOING_ON: Final = frozenset({"lighting", "environment", "camera", "detail"})
_PLACING: Final = frozenset(
    {"hang", "hangs", "stand", "stands", "lie", "lies", "line", "lines", "fill", "fills", "surround"}
    | {"surrounds", "cover", "covers", "frame", "frames", "tower", "towers", "loom", "looms", "stretch"}
    | {"stretches", "rise", "rises", "is", "are", "crowd", "crowds"}
)
_SPREADING: Final = frozenset({"covers", "cover", "lines", "line", "hangs", "hang", "fills", "fill", "crowd", "crowds"})
_MELTING: Final = frozenset({"melts", "falls", "blurs", "fades", "dissolves", "recedes", "melt"})
_CLINGING: Final = frozenset({"clings", "cling", "sticks", "stick", "streaks", "streak", "dusts", "cakes", "beads"})
_OF_PEOPLE: Final = frozenset(
    {"sits", "stands", "kneels", "crouches", "squats", "walks", "leans", "waits", "looks", "stares", "gazes", "peers"}
    | {"reads", "holds", "pulls", "lifts", "carries", "smiles", "laughs", "grins", "works", "runs", "dances", "sings"}
)
"""What people do, and their crinkled eyes do not: "with kind, crinkled eyes | sits"."""
_OF_A_PICTURE: Final = frozenset({"colours", "colors", "tones", "contrast", "composition", "palette"})
_LIGHTING: Final = frozenset(
    {"lights", "illuminates", "glows", "shines", "lit", "light", "illuminate", "glow", "lights up", "light up", "rims"}
)
_GIVING: Final = frozenset(
    {"give", "gives", "cast", "casts", "throw", "throws", "spill", "spills", "provide", "let", "lets"}
)
_LOSING: Final = frozenset({"is", "are", "disappears", "disappear", "vanishes", "fades", "dissolves", "sinks", "falls"})
_IN_LIGHT: Final = frozenset({"in", "at", "by", "under", "during"})
_HAVING: Final = frozenset({"has", "have"})
_VERBAL: Final = frozenset({"lit", "auxiliary"})
_SAYING: Final = _HAVING | _VERBS
"""Words of which, or of a kind of `_VERBAL`, a clause has one where it says anything of a topic."""
_OPENINGS: Final = frozenset(
    {"window", "windows", "door", "doorway", "skylight", "opening", "gap", "clouds", "mirror"}
    | {"mirrors", "screen", "monitor"}
)


def topics(found: list[Unit], kinds: list[str], *, peopled: bool, before: str | None = None) -> list[tuple[int, str]]:
    """Where in a clause something begins to be about one slot, "" where it ends again, and which.

    `found` are its units, `kinds` theirs.
    `peopled`: somebody was spoken of before, so that animals and things are what is around them. `before` is what the
    clause before was about: "Dawn light, cool, | comes from the left".
    """
    if _SAYING.isdisjoint([unit.word for unit in found]) and _VERBAL.isdisjoint(kinds):
        manner = _manner(found, 0)
        return [(0, manner)] if manner else []
    if before in _GOING_ON and found[0].word in _FINITE and found[0].kind not in VERBS and found[0].kind != "light":
        return [(0, before)]
    first = _verb(found, 0)
    starts = [0, *(at + 1 for at, unit in enumerate(found) if unit.word in _JOINING and at and (first or 0) < at)]
    told, begins = list[tuple[int, str]](), _begins(found)
    for start in starts:
        slot = _topic(found, start, begins[start], peopled=peopled)
        if slot is not None:
            told.append((max(start - 1, 0), slot))
    return told


def _begins(found: list[Unit]) -> list[int]:
    """For each unit, and for the end, where the first word from there on is that does not only lead to others."""
    begins = [len(found)] * (len(found) + 1)
    for at in range(len(found) - 1, -1, -1):
        leads = found[at].word in _LEADING or found[at].kind == "adverb"
        begins[at] = begins[at + 1] if leads else at
    return begins


def _topic(found: list[Unit], start: int, begin: int, *, peopled: bool) -> str | None:
    """The slot of the topic of what begins at `start`, its first telling word at `begin`; "" for somebody, None where
    nothing new begins."""
    manner = _manner(found, start)
    if manner:
        return manner
    if begin + 1 < len(found) and found[begin].word == "there" and found[begin + 1].kind == "auxiliary":
        return _there(found, begin + 2)
    if start and begin < len(found) and (found[begin].word in _FINITE or found[begin].kind in VERBS):
        return None
    around = begin < len(found) and found[begin].kind == "place" and " " in found[begin].word
    verb = _verb(found, begin)
    if verb is None:
        return None
    if around and not any(unit.kind == "person" for unit in found[begin + 1 : verb]):
        return _slot(head(_named(found, begin + 1, verb)), peopled=True) or "environment"
    if len(found) - start < _LEAST:
        return None
    named = _named(found, begin, verb)
    if any(unit.kind in {"person", "pronoun"} or unit.word.startswith("@") for unit in named):
        return ""
    if start and found[verb].kind in VERBS and any(unit.kind == "person" for unit in found[:start]):
        return None
    if named[-1].word in _OF_A_PICTURE and not any(unit.kind in _OWN_SLOTS for unit in named[:-1]):
        return "camera"
    about = head(named)
    if about == "detail" and found[verb].word in _OF_PEOPLE and any(unit.word in EYES for unit in named):
        return ""
    if about in {"feature", "body"}:
        others = {unit.kind for unit in found[begin:]} & _OWN_SLOTS
        return "subject" if not others and not start and found[begin].word in _OWNERS else None
    slot = _slot(about, peopled=peopled)
    return slot or None if not slot and not peopled else _told(found, named, verb, slot) or None


def _told(found: list[Unit], named: list[Unit], verb: int, slot: str) -> str:
    """The slot by what is said of the topic too: a sign that lights somebody is light, a melting background is lens."""
    does, told = found[verb].word, found[verb + 1 :]
    if slot in {"environment", ""} and does in _GIVING and any(unit.kind == "light" for unit in told):
        return "lighting"
    if slot in {"environment", ""} and does in _LIGHTING:
        return "lighting"
    kinds = [unit.kind for unit in told]
    around = {"surface", "place"} & set(kinds) and "body" not in kinds
    if around and does in (_SPREADING if slot == "camera" else _PLACING) and slot in {"", "detail", "camera"}:
        return "environment"
    if does in _CLINGING and slot in {"environment", ""} and "body" in kinds:
        return "detail"
    if slot != "environment":
        return slot
    if does in _MELTING and any(unit.word in {"background", "foreground"} for unit in named):
        return "camera"
    first = head(_named(found, verb + 1, len(found))) if told and told[0].kind not in PREPOSITIONS else ""
    source = does in _GIVING and any(unit.word in _OPENINGS for unit in named)
    lost = does in _LOSING and any(unit.kind in {"light", "lit"} for unit in told)
    if first == "light" or does in _LIGHTING or source or lost:
        return "lighting"
    if any(unit.kind == "garment" and told[at - 1 : at] and _owned(told[:at]) for at, unit in enumerate(told)):
        return "clothing"
    loose = not _TOPICS & {unit.kind for unit in named} and not {"surface", "place"} & set(kinds)
    return "" if loose and ("body" in kinds or "person" in kinds) else slot


def _owned(before: list[Unit]) -> bool:
    """Whether the last determiner says that what follows is somebody's: "from the brim of | his"."""
    last = next((unit.word for unit in reversed(before) if unit.kind in {"determiner", "garment"}), "")
    return last in _OWNERS


def _slot(kind: str, *, peopled: bool) -> str:
    if kind in _TOPICS:
        return SLOT_OF[kind]
    return "environment" if peopled and kind in {"animal", "thing", "prop"} else ""


def _manner(found: list[Unit], start: int) -> str:
    """ "in the style of …" and "like a still from …" are about the picture."""
    if start > 1:
        return ""
    while start < min(len(found), 8) and found[start].word in _SEEMING:
        start += 1
    first = found[start] if start < len(found) else None
    if first is None:
        return ""
    if first.word in MANNERS:
        return "camera"
    like = first.word == "like" or (
        first.word == "in" and start + 1 < len(found) and found[start + 1].word == "style of"
    )
    return "camera" if like and any(unit.kind in _PICTURES for unit in found[start + 1 : start + 8]) else ""


def _there(found: list[Unit], at: int) -> str | None:
    """ "There are two cups on the table": things around; "there is grease on her chin": what is seen on her."""
    kinds = [unit.kind for unit in found[at:]]
    about = _slot(head(_named(found, at, len(found))), peopled=True)
    if about:
        return about
    return None if "body" in kinds or "garment" in kinds or "person" in kinds[:3] else "environment"


def _named(found: list[Unit], begin: int, end: int) -> list[Unit]:
    """The noun phrase at the beginning of a stretch, without what is of place in it."""
    stop = next((at for at in range(begin + 1, end) if found[at].kind in PREPOSITIONS), end)
    return found[begin:stop]


def _verb(found: list[Unit], begin: int) -> int | None:
    """Where the verb stands that the noun before it is the subject of."""
    noun = False
    for at in range(begin, min(len(found), begin + 14)):
        unit = found[at]
        if noun and at > begin and _may_be_finite(unit) and _finite(found, begin, at):
            return at
        if unit.kind in {"wear", "lit", "shoot"} and not noun:
            return None
        noun = noun or unit.kind in NOUN_KINDS or unit.kind in {"pronoun", "person"} or _unlisted(found, begin, at)
    return None


def _unlisted(found: list[Unit], begin: int, at: int) -> bool:
    """Whether an unknown word is the noun of a phrase that something covers or lines: "green paint | covers"."""
    after = found[at + 1] if at + 1 < len(found) else None
    return at > begin and not found[at].kind and after is not None and after.word in _SPREADING


def _may_be_finite(unit: Unit) -> bool:
    """Whether a word can be a verb that somebody or something is the subject of; False is certain."""
    return unit.kind in _VERBAL or unit.word in _SAYING


def _finite(found: list[Unit], begin: int, at: int) -> bool:
    unit, before = found[at], found[at - 1]
    after = found[at + 1] if at + 1 < len(found) else None
    if unit.kind == "lit" and unit.word in _LIGHTING:
        return True
    if unit.kind == "auxiliary":
        return unit.word not in {"being", "having", "been", "be", "there"}
    if unit.word in _HAVING:
        return after is not None and after.kind in {"", "negation", "adverb", "auxiliary"}
    if unit.word not in _VERBS or unit.joined:
        return False
    led = before.kind in {"determiner", "of", "adjective", *PREPOSITIONS} and before.word not in _ADVERBIAL
    # What follows an adjective may be its noun, but none is followed by "her": "in blue and teal | outline | her jaw".
    if before.kind == "adjective" and after is not None and after.kind in {"determiner", "pronoun"}:
        led = False
    if led:
        return False
    if unit.kind not in VERBS and (listed_kind(unit.word) in NOUN_KINDS or unit.word in NOUNS):
        if unit.word in _FINITE:
            return after is not None and _reaches(found[begin:at], after)
        if after is None or after.kind not in {"determiner", "pronoun"}:
            return False
    named = [other.word for other in _named(found, begin, at) if other.kind in NOUN_KINDS]
    many = any(word.endswith("s") for word in named) or any(other.word == "and" for other in found[begin:at])
    follows = after is None or after.kind in _AFTER_VERBS
    return follows and (unit.word in _FINITE or unit.word in _PAST or (many and unit.word in _BASES))


def _reaches(named: list[Unit], after: Unit) -> bool:
    """Whether a word that may be a noun is a verb here: "the sun | rims | the", "a shaft of light | cuts | through"."""
    if after.kind in {"determiner", "pronoun", "direction"}:
        return True
    return after.kind in {"from", "in", "at"} and head(named) == "light"


def stays(kind: str, opener: str, topic: str, first: str) -> bool:
    """Whether a phrase in a sentence about `topic` belongs there too: most do; worn clothes and lenses do not."""
    if opener == "wear" and topic != "clothing":
        return kind not in {"garment", ""}
    if kind == "tech" or (opener == "shoot" and kind in {"camera", "tech"}):
        return topic == "camera"
    if topic in {"environment", "clothing"} and (opener == "lit" or (kind == "light" and first in _IN_LIGHT)):
        return False
    return kind not in WEAK or topic != ""
