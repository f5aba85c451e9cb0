"""The built-in model: a prompt said in the few words it was taught, in the order of its captions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from engine.builtin import vocabulary
from engine.builtin.vocabulary import Term
from engine.families.words import Clause, Words, script
from engine.prompt import PortraitPrompt

_ALSO: Final[Mapping[str, Mapping[str, str]]] = {
    "sex": {
        "woman": "female|girl|mother|grandmother|daughter|sister|wife|bride|queen|actress|waitress|nun|she|her|lady|"
        "princess|ballerina|aunt|niece|grandma|1girl|businesswoman|policewoman|heroine|witch|empress",
        "man": "male|boy|father|grandfather|son|brother|husband|groom|king|monk|he|his|him|fisherman|businessman|"
        "uncle|grandpa|1boy|gentleman|priest|sailor|wizard|prince|dude|knight|emperor|samurai|viking|fireman|policeman",
    },
    "age": {
        "young": r"girl|boy|teen\w*|youth\w*|student|twenties|20s|child|kid|early thirties",
        "middle-aged": r"thirties|forties|fifties|30s|40s|50s|middle.aged|mature",
        "old": r"old|elder\w*|aged|ageing|aging|senior|grand(?:mother|father|ma|pa)|sixties|seventies|eighties|"
        r"nineties|[6-9]0s|retired|centenarian|weathered|wrinkle\w*",
    },
    "skin": {
        "dark": r"african|nigerian|ethiopian|senegalese|kenyan|black (?:man|woman)|ebony",
        "brown": "indian|brown skin\\w*",
    },
    "hair_style": {
        "bald": "bald|shaved head",
        "long": "long hair|braid\\w*|plait\\w*",
        "curly": "curl\\w*|afro",
        "short": "crew cut",
    },
    "hair_colour": {"red": "redhead|auburn|ginger", "grey": "white hair|silver hair|white beard|salt.and.pepper"},
    "facial_hair": {"beard": "beard\\w*|goatee", "moustache": "mou?stache"},
    "clothes": {
        "jacket": r"\w*coat|suit|blazer|tuxedo|uniform|jacket|parka|robe|armou?r|cloak|cape|oilskin|vest",
        "turtleneck": "roll.?neck|turtleneck|scarf",
        "v-neck": "cardigan|hoodie|sweatshirt|pullover|knit\\w*|jumper|sweater",
        "shirt": "blouse|dress|gown|shirt|apron|kimono|tunic|scrubs|overalls",
        "t-shirt": "t.shirt|tee|tank top|singlet|jersey|top",
    },
    "clothes_colour": {
        "blue": "denim|teal|indigo",
        "black": "leather|dark|charcoal",
        "white": "cream|ivory|linen|grey|gray",
    },
    "place": {
        "beach": "sea|ocean|coast|shore|pier|harbou?r|boat|ship|dune\\w*|sand|lake|river|port|quay|desert",
        "city at night": "neon|street at night|alley|club|city|street|subway|skyline|rooftop|downtown|nightclub|bar",
        "room with a window": "window|kitchen|bedroom|cafe|café|apartment|interior|house|office|home|hall|loft",
        "library": "book\\w*|study|classroom|museum|church|cathedral",
        "mountains": "mountain\\w*|snow\\w*|cliff|peak\\w*|hills?|glacier|fjord|canyon",
        "garden": "garden|park|flower\\w*|meadow|field|orchard|farm|lawn|vineyard|greenhouse|courtyard",
        "forest": "forest|woods?|tree\\w*|jungle|bamboo",
        "brick wall": "brick|wall|workshop|factory|garage|warehouse|barn",
        "black studio": "black|dark|void|stage|theat\\w+",
        "white studio": "white",
        "grey studio": "studio|backdrop|seamless|background",
        "sunset": "sunset|golden hour|dusk|dawn|sunrise",
    },
    "light_side": {
        "left": "left",
        "right": "right|side",
        "front": "front\\w*|butterfly|clamshell|beauty dish|ring light|flash",
    },
    "light_height": {"high": "above|overhead|noon|midday|top light\\w*|rembrandt", "low": "below|underlit|footlights"},
    "light_hardness": {
        "soft": "soft\\w*|diffuse\\w*|overcast|window|shade|softbox|octabox|cloud\\w*|even",
        "hard": "hard|harsh|direct|noon|midday|flash|spotlight|bare bulb|split|dramatic|chiaroscuro",
    },
    "light_colour": {
        "warm": "warm|golden|sunset|candle\\w*|fire\\w*|tungsten|lamp\\w*|dawn|sunrise|amber|orange",
        "cool": "cool|cold|blue|moon\\w*|fluorescent|dusk|twilight|night|neon|overcast",
    },
    "framing": {"close-up": "close.?up|macro|face", "head and shoulders": "head.?shot|bust|medium|upper body|portrait"},
    "aperture": {"1.8": "bokeh|shallow|wide open", "11": "deep focus|sharp background"},
    "expression": {
        "smile": "smil\\w+|grin\\w*|laugh\\w*|happy|joy\\w*|cheer\\w*",
        "serious": "serious|stern|frown\\w*|angry|fierce|stare|scowl\\w*|determined|grim|sad|solemn",
        "surprised": "surpris\\w*|shock\\w*|startled|amazed",
        "neutral": "neutral|calm|serene|thoughtful|pensive",
    },
    "eyes": {},
    "glasses": {"none": "no glasses|without glasses"},
}
_FLOWING: Final = re.compile("flowing (?!hair)", re.I)
_SHORT: Final = re.compile(r"short\b", re.I)
_HAIR: Final = re.compile("hair|cut|bob", re.I)
_STREET: Final = re.compile(r"(?:street|city|tokyo|nyc)\b", re.I)
_TOWN: Final = re.compile("street|city", re.I)
_NIGHT: Final = re.compile("night", re.I)
_AT_NIGHT: Final = re.compile(r"night\b", re.I)
_LENS: Final = re.compile(r"(?<!\d)(\d{2,3})\s?mm", re.I)
_APERTURE: Final = re.compile(r"[fƒ]\s?/?\s?(\d{1,2}(?:[.,]\d)?)", re.I)
_YEARS: Final = re.compile(r"(?<!\d)(\d{2})(?:[\s-]?(?:years?|yo|y\.o)|(?=,|$))", re.I)
_COLOURED_HAIR: Final = re.compile(r"(?<![\w-])([\w-]+)[\s-](?:hair\w*|beard\w*|curls|bob|bun|braids?|plaits?)", re.I)
_EYES: Final = re.compile(r"(?<![\w-])([\w-]+)[\s-]eye[sd]", re.I)
_SKIN: Final = re.compile(r"(?<![\w-])([\w-]+)[\s-](?:skin\w*|complexion)", re.I)


def render(prompt: PortraitPrompt, held: Sequence[str]) -> Words:
    """The nearest thing the model can paint; `dropped` names the clauses of which it knows no word."""
    whole = script(prompt, held, ["" for _ in held])
    said = {clause: _terms(clause) for clause in whole.clauses if clause.words}
    chosen: dict[str, str] = {}
    for terms in said.values():
        for slot, words in terms.items():
            chosen.setdefault(slot, words)
    # Left open, it would be painted both ways at once, one face over the other.
    chosen.setdefault("framing", vocabulary.FRAMINGS["head and shoulders"].plain)
    negative = [words for clause in whole.negative for words in _terms(Clause("any", clause)).values()]
    return Words(
        prompt=_caption(chosen),
        negative=", ".join(dict.fromkeys(negative)),
        dropped=tuple(clause.words for clause, terms in said.items() if not terms),
        left_to_reference=whole.left_to_reference,
    )


_HEARD_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("sex", "age", "skin", "eyes", "hair_colour", "hair_style", "facial_hair", "glasses", "expression"),
    "clothing": ("glasses", "clothes", "clothes_colour"),
    "environment": ("place",),
    "lighting": ("light_side", "light_height", "light_hardness", "light_colour", "place"),
    "camera": ("framing", "focal_length", "aperture"),
    "detail": ("age",),
}


def _terms(clause: Clause) -> dict[str, str]:
    """What the clause says of each slot of the vocabulary, in the model's plainest words."""
    slots = _HEARD_IN.get(clause.slot) or tuple(vocabulary.SLOTS)
    found = {slot: key for slot in slots if (key := _heard(slot, clause.words))}
    if clause.slot == "lighting" and found.get("place") != "sunset":
        found.pop("place", None)
    return {slot: vocabulary.SLOTS[slot][key].plain for slot, key in found.items()}


def _heard(slot: str, words: str) -> str:
    match slot:
        case "focal_length":
            return _nearest(_LENS, words, vocabulary.FOCAL_LENGTHS)
        case "aperture":
            return _nearest(_APERTURE, words, vocabulary.APERTURES) or _named(slot, words)
        case "hair_colour":
            return _named(slot, " ".join(_COLOURED_HAIR.findall(words))) or _also(slot, words)
        case "eyes":
            return _named(slot, " ".join(_EYES.findall(words)))
        case "skin":
            return _named(slot, " ".join(_SKIN.findall(words))) or _also(slot, words)
        case "hair_style" if _FLOWING.search(words) or _of_no_hair(words):
            return _also(slot, words)
        case "age" if years := _YEARS.search(words):
            return "young" if int(years[1]) < 33 else "middle-aged" if int(years[1]) < 58 else "old"
        case "place" if _at_night(words):
            return "city at night"
    return _named(slot, words)


def _of_no_hair(words: str) -> bool:
    """Whether something is short, and no hair or cut is named after it."""
    ends = [found.end() for found in _SHORT.finditer(words)]
    return bool(ends) and not _HAIR.search(words, ends[-1])


def _at_night(words: str) -> bool:
    return _followed(_STREET, _NIGHT, words) or _followed(_AT_NIGHT, _TOWN, words)


def _followed(first: re.Pattern[str], then: re.Pattern[str], words: str) -> bool:
    found = first.search(words)
    return found is not None and then.search(words, found.end()) is not None


def _nearest(pattern: re.Pattern[str], words: str, terms: Mapping[str, Term]) -> str:
    found = pattern.search(words)
    if not found:
        return ""
    wanted = float(found[1].replace(",", "."))
    return min(terms, key=lambda key: abs(float(key) - wanted) / float(key))


@cache
def _whole(wordings: str) -> re.Pattern[str]:
    """Any of some wordings as whole words; only ever of this module's own vocabulary."""
    return re.compile(rf"(?<!\w)(?:{wordings})(?!\w)", re.I)


def _named(slot: str, words: str) -> str:
    """The key of the term with the longest wording in `words`."""
    spoken = [(wording, key) for key, term in vocabulary.SLOTS[slot].items() for wording in term.words]
    for wording, key in sorted(spoken, key=lambda pair: -len(pair[0])):
        if _whole(re.escape(wording)).search(words):
            return key
    return _also(slot, words)


def _also(slot: str, words: str) -> str:
    for key, wordings in _ALSO.get(slot, {}).items():
        if _whole(wordings).search(words):
            return key
    return ""


def _caption(chosen: Mapping[str, str]) -> str:
    """The words in the order and the grammar of the captions the model learned from."""
    person = _person(chosen)
    clothes = _spaced(chosen, ("clothes_colour", "clothes"))
    light = _spaced(chosen, ("light_hardness", "light_colour"))
    if light or "light_side" in chosen:
        light = " ".join(part for part in (light, "light", chosen.get("light_side", "")) if part)
    height = chosen.get("light_height", "")
    high = f"{height} light" if height in {"high", "low"} else height
    camera = [chosen.get(slot, "") for slot in ("framing", "focal_length", "aperture")]
    parts = (person, clothes, chosen.get("place", ""), light, high, *camera, chosen.get("expression", ""))
    return ", ".join(part for part in parts if part)


def _person(chosen: Mapping[str, str]) -> str:
    """The sitter, only as far as was said: the model never read the word “person”, and a reference shows the rest."""
    who = _spaced(chosen, ("age", "sex"))
    if "sex" in chosen:
        who = f"{'an' if who[0] in 'aeiou' else 'a'} {who}"
    hair = chosen.get("hair_style", "")
    colour = chosen.get("hair_colour", "")
    if hair != "bald" and (hair or colour):
        styled = hair in {"bob", "bun", "buzz cut", "curly"}
        hair = f"{colour} {hair}".strip() if styled and colour and hair != "curly" else f"{hair} {colour} hair".strip()
    skin = f"{chosen['skin']} skin" if "skin" in chosen else ""
    eyes = f"{chosen['eyes']} eyes" if "eyes" in chosen else ""
    traits = [hair, skin, eyes, chosen.get("facial_hair", ""), chosen.get("glasses", "")]
    said = ", ".join(trait for trait in traits if trait)
    return " with ".join(part for part in (who, said) if part)


def _spaced(chosen: Mapping[str, str], slots: Iterable[str]) -> str:
    return " ".join(chosen[slot] for slot in slots if chosen.get(slot))
