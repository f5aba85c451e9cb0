"""What a text says that there should not be: "without a beard", "no hat", "she is not smiling", "avoid text".

Finds it in a line, and gives the line without it, so that no slot says what is not wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from engine.prompts.lexicon import LEXICON, SLOT_OF
from engine.prompts.phrases import NOUN_KINDS, PREPOSITIONS, VERBS, WEAK
from engine.prompts.portrait_prompt import SLOTS, PortraitPrompt
from engine.prompts.units import Unit, units

_SIGN: Final = re.compile(
    r"(?<![^\W_])(?:no|not|never|without|w/o|sans|minus|lacking|devoid|lack|absence|neither|cannot|free"
    r"|avoid(?:ing)?|exclud(?:e|ing)|omit(?:ting)?|leave|keep|instead|rather|[a-z]{2,6}n['’]t|(?:do|does|is|are|wo|should)nt)(?![^\W_])",
    re.I,
)
"""What a line has when it says anything of the kind: asked of every line, so that most are read no further."""
_TRACES: Final = (
    "no ", "not", "never", "without", "w/o", "sans", "minus", "lack", "absence", "devoid", "neither", "cannot",
    "free", "avoid", "exclud", "omit", "leave", "keep", "instead", "rather", "n't", "n’t", "nt ", "no\n", "no-",
)  # fmt: skip
"""Of these one is in whatever has a sign: quicker to look for."""
_SHORT: Final = re.compile(r"(?<![^\W_])w/o(?![^\W_])", re.I)
_NONE: Final = frozenset({"no", "without", "sans", "minus", "lacking", "neither"})
_NOT: Final = frozenset({"not", "never", "cannot", "dont", "doesnt", "isnt", "arent", "wont", "shouldnt"})
_BIDDING: Final = frozenset({"avoid", "avoiding", "exclude", "excluding", "omit", "omitting"})
_TWO_WORDS: Final = {
    "devoid": ("of",), "free": ("of", "from"), "instead": ("of",), "rather": ("than",), "lack": ("of",),
    "absence": ("of",), "leave": ("out",), "keep": ("out",),
}  # fmt: skip
_DENYING: Final = _NONE | _NOT | _BIDDING | frozenset(_TWO_WORDS)
_NOT_IN_SHORT: Final = re.compile("n['’]t", re.I)
_BIDDING_NOT: Final = frozenset({"don't", "dont"})
_UNABLE: Final = frozenset({"cannot", "can't", "couldn't"})
_HELPING: Final = frozenset(
    {"do", "does", "did", "don't", "doesn't", "didn't", "dont", "doesnt", "should", "must", "will", "would"}
    | {"shouldn't", "mustn't", "won't", "wont", "wouldn't", "never", "cannot", "can't"}
)
"""What a verb follows."""
_IDIOMS: Final = frozenset(
    {"only", "just", "merely", "even", "least", "matter", "doubt", "wonder", "nonsense", "less", "more", "stranger"}
    | {"idea", "clue", "time", "home", "money", "chance", "problem", "way"}
    | {"sooner", "yet", "unlike", "to", "far", "quite", "necessarily", "ending", "because", "if"}
)
"""What makes something else of the sign before it: "not only", "no matter", "not yet", "trying not to cry"."""
_NEARLY: Final = frozenset({"almost", "hardly", "virtually", "practically", "nearly", "or", "if", "why"})
_FREE_OF_WORRY: Final = frozenset(
    {"hands", "duty", "care", "toll", "royalty", "gluten", "sugar", "dairy", "fat", "cruelty", "rent", "stress", "scot"}
)
_SKIPPED: Final = frozenset({"be", "being", "been", "have", "having", "had", "has", "longer", "ever", "please"})
_LIGHT_VERBS: Final = frozenset(
    {"include", "includes", "add", "use", "show", "put", "want", "need", "give", "render", "draw", "generate", "create"}
    | {"contain", "contains", "apply", "allow", "depict", "feature", "insert", "introduce", "place", "write"}
)
_ABSENT: Final = frozenset(
    {"visible", "shown", "seen", "present", "included", "allowed", "wanted", "needed", "permitted"}
)
_EYES_ELSEWHERE: Final = frozenset({"eye contact", "eyes", "gaze", "glance", "look", "viewer", "lens", "camera"})
_ENDING: Final = frozenset({"but", "while", "yet", "just", "only", "use", "except", "although", "though", "because"})
_HERE: Final = frozenset(
    {"picture", "image", "photo", "photograph", "frame", "shot", "scene", "sight", "view", "background", "foreground"}
    | {"composition", "portrait"}
)
_NEVER_WANTED: Final = frozenset(
    {"text", "texts", "watermark", "watermarks", "logo", "logos", "signature", "signatures", "caption", "captions"}
    | {"letters", "lettering", "words", "blur", "blurry", "distortion", "distortions", "artifacts", "artefacts"}
    | {"deformed", "fingers", "limbs", "anatomy", "lowres", "cartoon", "cgi", "render", "border", "borders", "noise"}
    | {"retouching", "filter", "filters", "branding", "writing", "typography", "overlay", "overlays", "plastic skin"}
    | {"duplicate", "duplicates", "jpeg", "anime", "illustration", "painting", "drawing", "symbols", "numbers", "ui"}
)
_COLLOQUIAL: Final = frozenset({"and", "or", "nor", "&"})
_GLUE: Final = frozenset({"auxiliary", "pronoun", "adverb"})
_AT: Final = frozenset({"at", "into", "toward", "towards", "away", "up", "down", "over", "straight", "to", "through"})
_ENDS: Final = frozenset(".!?…:;")
_EMPTY_BRACKETS: Final = re.compile(r" ?[(\[][ ,;]{0,6}[)\]]")
_SENTENCE: Final = frozenset(".!?…:")
_BORDERS: Final = frozenset(",.;:!?")
_BUT: Final = re.compile(r"\A(?:but|yet|rather)\s+(?:rather\s+)?", re.I)
_PREFIX: Final = re.compile(
    r"\A(?:(?:no|not|without|avoid|never|exclude|any|do not|don['’]t|absolutely no|strictly no)\s+"
    r"(?:(?:include|use|add|show|have)\s+)?(?=\S))",
    re.I,
)


class Said(NamedTuple):
    """A line without what is not wanted, and that, thing by thing."""

    rest: str
    unwanted: list[str]


class _Scope(NamedTuple):
    """Units `start` to `end` of a line go; `things` are the stretches of them that name what is not wanted."""

    start: int
    end: int
    things: list[tuple[int, int]]


def holds_any(text: str) -> bool:
    """Whether the text may say what is not wanted; False is certain."""
    plain = text.lower()
    return any(trace in plain for trace in _TRACES) and _SIGN.search(text) is not None


def take_out(line: str, found: list[Unit] | None = None) -> Said:
    """Cut a straightened line of words, its spaces single, into what is wanted and what is not. `found` are its units
    where they are known."""
    if (found is not None and not _has_short(line) and not _signs(found, line)) or not holds_any(line):
        return Said(line, [])
    if found is None or _has_short(line):
        line = _SHORT.sub("without", line)
        found = units(line)
    kept, unwanted, done = list[str](), list[str](), 0
    for scope in _scopes(found, _signs(found, line)):
        kept.append(line[done : found[scope.start].start])
        done = found[scope.end - 1].end
        unwanted += [line[found[start].start : found[end - 1].end] for start, end in scope.things]
    if not unwanted:
        return Said(line, [])
    kept.append(line[done:])
    return Said(_mended(kept), unwanted)


def _has_short(line: str) -> bool:
    return "w/o" in line or "W/" in line or "/O" in line


def _signs(found: list[Unit], line: str) -> list[int]:
    """Where the words of a line stand that may say what is not wanted."""
    words = [unit.word for unit in found]
    if _DENYING.isdisjoint(words) and not _NOT_IN_SHORT.search(line):
        return []
    return [at for at, word in enumerate(words) if word in _DENYING or word.endswith("n't")]


def _mended(parts: list[str]) -> str:
    """What is left, in one: one border where there were two, and no "but" of what is gone."""
    whole = ""
    for part in parts:
        whole = whole.rstrip()
        part = _BUT.sub("", part.lstrip()) if part is not parts[0] else part
        if (not whole or whole[-1] in _BORDERS) and part[:1] in _BORDERS:
            whole = whole[:-1] + part[0] if whole and part[0] in _SENTENCE else whole
            part = part.lstrip(",.;:!? ")
        whole += f"{' ' if whole and part and part[0] not in _BORDERS else ''}{part}"
    return _EMPTY_BRACKETS.sub("", whole).strip(" ,;")


def moved(prompt: PortraitPrompt) -> PortraitPrompt:
    """The prompt with what its slots deny in `negative`: a slot may be filled in without being read."""
    said = {slot: take_out(prompt.slot(slot)) for slot in SLOTS if prompt.slot(slot)}
    unwanted = [thing for one in said.values() for thing in one.unwanted]
    if not unwanted:
        return prompt
    negative = ", ".join((*([prompt.negative] if prompt.negative else []), *unwanted))
    changed: dict[str, Any] = {slot: one.rest for slot, one in said.items()}
    return replace(prompt, **changed, negative=negative)


def plainly(value: str) -> str:
    """The value of a label such as "Avoid" with "no" taken off each thing, where every thing has one.

    "no text, no logo" is meant as "text, logo"; of "nude, no clothes" nothing is taken, for there it turns the sense.
    """
    things = [thing.strip() for thing in value.split(",") if thing.strip()]
    while things and all(_PREFIX.match(thing) for thing in things):
        things = [_PREFIX.sub("", thing) for thing in things]
        value = ", ".join(things)
    return value


def _scopes(found: list[Unit], signs: list[int]) -> Iterator[_Scope]:
    floor = 0
    for at in signs:
        scope = _scope(found, at, floor) if at >= floor else None
        if scope is not None:
            yield scope
            floor = scope.end


def _scope(found: list[Unit], at: int, floor: int) -> _Scope | None:
    """What the sign at this place denies; None where there is no sign, or it denies nothing."""
    word = found[at].word
    after = found[at + 1].word if at + 1 < len(found) else ""
    if found[at].joined and word == "free":
        return _bound(found, at, floor)
    if word in _TWO_WORDS:
        return _thing(found, at, at + 2, floor) if after in _TWO_WORDS[word] and _bids(found, at, word) else None
    if word in _BIDDING:
        return _bidden(found, at, at + 1, floor) if _opens(found, at) and not _looks_away(found, at) else None
    if found[at].joined or not (word in _NONE or word in _NOT or word.endswith("n't")) or _idiom(found, at):
        return None
    if after == "one" and at + 2 < len(found) and found[at + 2].kind == "auxiliary":
        denied = _denied(found, at + 2, at)
        return denied._replace(start=_back(found, at, floor)) if denied else None
    if word in _NONE:
        return _thing(found, at, at + 1, floor)
    return _denied(found, at, floor)


def _bids(found: list[Unit], at: int, word: str) -> bool:
    return word not in {"leave", "keep"} or _opens(found, at)


def _opens(found: list[Unit], at: int) -> bool:
    before = found[at - 1] if at else None
    return before is None or before.kind in {"border", "and", "pronoun", "auxiliary"} or before.word in {"to", "always"}


def _looks_away(found: list[Unit], at: int) -> bool:
    """ "avoiding eye contact" is what somebody does."""
    return found[at].word == "avoiding" and any(unit.word in _EYES_ELSEWHERE for unit in found[at + 1 : at + 4])


def _idiom(found: list[Unit], at: int) -> bool:
    following = found[at + 1] if at + 1 < len(found) else None
    if following is None or following.word in _IDIOMS or following.word[:1].isdigit():
        return True
    if at and found[at - 1].word in _NEARLY:
        return True
    compared = at + 2 < len(found) and found[at + 2].word == "than"
    return compared or (following.kind == "border" and following.word[0] not in _COLLOQUIAL)


def _bound(found: list[Unit], at: int, floor: int) -> _Scope | None:
    """ "clutter-free": the word that is bound to it."""
    if at == floor or not found[at - 1].joined or found[at - 1].word in {*_FREE_OF_WORRY}:
        return None
    return _Scope(at - 1, at + 1, [(at - 1, at)])


def _thing(found: list[Unit], sign: int, start: int, floor: int) -> _Scope | None:
    """ "no …", "without …"."""
    start, back = _past(found, start, _SKIPPED), _back(found, sign, floor)
    verb = _is_verb(found, start)
    end = _verb_end(found, start) if verb else _noun_end(found, start, _opens_sentence(found, back))
    if end <= start:
        return None
    things = _others(found, sign, [(start, end)])
    return _Scope(back, things[-1][1], things)


def _denied(found: list[Unit], sign: int, floor: int) -> _Scope | None:
    """ "is not …", "doesn't …", "never …"."""
    start, back = _past(found, sign + 1, _SKIPPED), _back(found, sign, floor)
    if start < len(found) and found[start].word in _ABSENT:
        return _absent(found, sign, start, floor)
    begins, helper = _past(found, start, _LIGHT_VERBS), found[sign - 1].word if sign else ""
    bid = begins > start or found[sign].word in _BIDDING_NOT or helper == "do"
    if bid and _opens_sentence(found, back):
        return _bidden(found, sign, begins, floor)
    if found[sign].word in _UNABLE and _unable(found, begins):
        return None
    if sign > 1 and helper in {"we", "you", "i"} and found[sign - 2].kind != "border" and _unable(found, begins):
        return None
    helped = found[sign].word in _HELPING or helper in _HELPING
    verb = _is_verb(found, begins) or (helped and _may_act(found, begins))
    end = _verb_end(found, begins) if verb else _noun_end(found, begins, _opens_sentence(found, back))
    if end <= begins:
        return None
    more = not verb or (end < len(found) and found[end].word in {"or", "nor"})
    things = _others(found, sign, [(begins, end)]) if more else [(begins, end)]
    return _Scope(back, things[-1][1], things)


def _may_act(found: list[Unit], at: int) -> bool:
    """Whether a word behind "doesn't" is what is not done."""
    known = at < len(found) and found[at].word in LEXICON.bases
    return known or (at + 1 < len(found) and found[at + 1].kind == "determiner")


def _unable(found: list[Unit], at: int) -> bool:
    """ "something we cannot see", "can't stop laughing": nothing is unwanted."""
    return (
        at + 1 >= len(found) or found[at + 1].kind == "border" or found[at].word in {"stop", "help", "wait", "resist"}
    )


def _absent(found: list[Unit], sign: int, end: int, floor: int) -> _Scope | None:
    """ "her hands are not visible": what stands before."""
    begin = sign
    while begin > floor and found[begin - 1].kind not in {"border", "and"}:
        begin -= 1
    named = sign
    while named > begin and found[named - 1].kind in _GLUE:
        named -= 1
    return _Scope(begin, end + 1, [(begin, named)]) if named > begin else None


def _bidden(found: list[Unit], sign: int, start: int, floor: int) -> _Scope | None:
    """ "avoid a, b and c", "do not include …": all of it to the end of the sentence or to a "but"."""
    things, at = list[tuple[int, int]](), start
    begin = start
    while at < len(found) and not (found[at].kind == "border" and found[at].word[0] in _ENDS):
        unit = found[at]
        if unit.word in _ENDING and at > start:
            break
        divides = unit.kind == "border" or unit.word in _COLLOQUIAL
        if divides or (at > start and unit.kind == "negation"):
            things += [(begin, at)] if at > begin else []
            begin = at + 1
        at += 1
    things += [(begin, at)] if at > begin else []
    return _Scope(_back(found, sign, floor), things[-1][1], things) if things else None


def _past(found: list[Unit], at: int, words: frozenset[str]) -> int:
    while at < len(found) and found[at].word in words:
        at += 1
    return at


def _is_verb(found: list[Unit], at: int) -> bool:
    if at >= len(found):
        return False
    unit = found[at]
    if unit.kind in NOUN_KINDS and not unit.word.endswith("ing"):
        return False
    acts = unit.kind in VERBS or unit.word in LEXICON.verbs or unit.word in LEXICON.bases
    return (acts and unit.kind not in {"garment", "light", "camera"}) or (unit.word.endswith("ing") and not unit.kind)


def _verb_end(found: list[Unit], start: int) -> int:
    """Where "looking at the camera", "wearing any jewellery" or "smiling" ends."""
    looks = LEXICON.verbs.get(found[start].word) or LEXICON.bases.get(found[start].word) or found[start].kind
    end = start + 1
    if end < len(found) and found[end].word in {"away", "directly", "straight"}:
        end += 1
    if end < len(found) and found[end].word == "like":
        return _noun_end(found, end + 1)
    if end < len(found) and found[end].kind in PREPOSITIONS:
        about = _first_noun(found, end)
        towards = looks == "gaze" and (found[end].word in _AT or found[end].kind == "at")
        posed = looks == "pose" and about in {"place", "surface", "landform", "weather", "prop"}
        return _noun_end(found, end + 1) if towards or posed else end
    if end < len(found) and found[end].kind == "adverb":
        end += 1
    return max(end, _noun_end(found, end))


def _first_noun(found: list[Unit], at: int) -> str:
    return next((unit.kind for unit in found[at : at + 6] if unit.kind in NOUN_KINDS), "")


def _noun_end(found: list[Unit], start: int, within: bool = False) -> int:
    """Where the phrase that begins here ends: behind its noun, and what of place belongs to that.

    `within`: it opens its sentence, so that a place after it belongs to it: "No people on the street."
    """
    at, named = start, False
    while at < len(found):
        unit = found[at]
        if unit.kind in {"border", "and", "negation", "auxiliary"} or unit.word in _ENDING:
            break
        if unit.kind in PREPOSITIONS and not unit.joined and at > start:
            if not _belongs(found, start, at, within):
                break
        elif named and _ends_before(found, at):
            break
        named = named or unit.kind in NOUN_KINDS or (not unit.kind and at + 1 < len(found))
        at += 1
    closes = at + 1 == len(found) or (at + 1 < len(found) and found[at + 1].kind == "border")
    return at + 1 if at > start and closes and found[at].word in {"up", "down", "off", "out", "back"} else at


def _ends_before(found: list[Unit], at: int) -> bool:
    unit, before = found[at], found[at - 1]
    if unit.kind in VERBS:
        return not unit.joined
    fresh = unit.kind in {"adjective", "determiner", "pronoun"} and before.kind in NOUN_KINDS
    return fresh and not unit.joined


def _belongs(found: list[Unit], start: int, at: int, within: bool) -> bool:
    """Whether a phrase of place is part of what is denied: "no people in the background", "no hair on his chest"."""
    if found[at].kind in {"with", "by", "as"}:
        return False
    ahead = [unit for unit in found[at + 1 : at + 5] if unit.kind != "border"]
    written = any(unit.word in _NEVER_WANTED for unit in found[start:at])
    if written and found[at].kind in {"at", "in"} and ahead and ahead[0].kind == "determiner":
        return True
    if any(unit.word in _HERE or unit.word in {"all", "any", "kind", "sort"} for unit in ahead[:3]):
        return True
    about = _first_noun(found, at + 1)
    denied = [unit.kind for unit in found[start:at] if unit.kind in NOUN_KINDS]
    if about == "body":
        return found[at].kind == "at"
    placed = bool(denied) and denied[-1] not in {"garment", "feature", "detail", "camera"}
    return within and placed and about not in {"garment", "person", ""}


def _others(found: list[Unit], sign: int, things: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The things with those that are joined to the last of them: "hat, gloves or bag"."""
    while True:
        start, end = things[-1]
        following = _next(found, sign, start, end, things)
        if following is None:
            return things
        things.append(following)


def _next(found: list[Unit], sign: int, start: int, end: int, things: list[tuple[int, int]]) -> tuple[int, int] | None:
    if end >= len(found):
        return None
    joint = found[end]
    begin = end + 1 + (joint.kind == "border" and end + 1 < len(found) and found[end + 1].word in {"or", "nor"})
    if joint.word not in _COLLOQUIAL and joint.word != ",":
        return None
    begin = _past(found, begin, frozenset({"no", "without"}) if joint.word in {"or", "nor"} else frozenset())
    if begin < len(found) and found[begin].kind in {*PREPOSITIONS, "negation", "pronoun"}:
        return None
    stop = _noun_end(found, begin)
    if stop <= begin or not _joins(found, sign, (start, end), (begin, stop)):
        return None
    return begin, stop


def _joins(found: list[Unit], sign: int, one: tuple[int, int], other: tuple[int, int]) -> bool:
    joint, again = found[one[1]].word, found[other[0] - 1].word
    if "nor" in {joint, again} or "or" in {joint, again}:
        return True
    both = all(any(unit.word in _NEVER_WANTED for unit in found[slice(*part)]) for part in (one, other))
    if both:
        return True
    bare = sum(unit.kind != "determiner" for unit in found[slice(*other)]) == 1
    if joint == ",":
        short = other[1] - other[0] <= 3
        closed = other[1] < len(found) and found[other[1]].word in _COLLOQUIAL
        joined = closed and (found[other[1]].word != "and" or _opens_sentence(found, sign))
        return short and joined and _alike(found, one, other)
    owned = found[other[0]].kind == "determiner" and found[sign].word == "no"
    alike = found[sign].word in _TWO_WORDS or _alike(found, one, other)
    return bare and not owned and not _is_verb(found, other[0]) and alike


def _alike(found: list[Unit], one: tuple[int, int], other: tuple[int, int]) -> bool:
    slots = [
        {SLOT_OF[unit.kind] for unit in found[slice(*part)] if unit.kind in SLOT_OF and unit.kind not in WEAK}
        for part in (one, other)
    ]
    return not slots[0] or not slots[1] or bool(slots[0] & slots[1])


def _opens_sentence(found: Sequence[Unit], at: int) -> bool:
    return at == 0 or (found[at - 1].kind == "border" and found[at - 1].word[0] in _SENTENCE)


def _back(found: list[Unit], at: int, floor: int) -> int:
    """Where what only leads to the sign begins: "and she is | not", "with | no", "wearing | no", "there are | no"."""
    if at > floor and found[at - 1].kind == "act" and found[at - 1].word.endswith("ing"):
        at -= 1
    while at > floor:
        if at > floor + 1 and found[at - 1].word == "sure" and found[at - 2].word in {"make", "be"}:
            at -= 2
        elif _leads(found[at - 1]):
            at -= 1
        else:
            break
    return at


def _leads(unit: Unit) -> bool:
    if unit.joined:
        return False
    if unit.word == "ensure":
        return True
    return unit.kind in _GLUE or unit.kind in {"and", "with", "wear"} or unit.word in {"which", "please", "but", "that"}
