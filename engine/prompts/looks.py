"""Hair, beard and glasses in words: what a prompt says of them, person by person, and how a saved face's are put in.

A face that is used again keeps what its portrait was ordered with, wherever the new prompt says nothing of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Final

from engine.prompts.lexicon import group_of
from engine.prompts.phrases import Chunk, chunks, clauses
from engine.prompts.portrait_prompt import PortraitPrompt
from engine.prompts.units import HANDLE, Unit, units

MOST_CHARACTERS: Final = 80
"""The longest that is kept of one slot."""
_NONE: Final = "no "
"""How a slot begins of which the words say that there is none."""
_BEARDS: Final = frozenset(
    {"beard", "beards", "bearded", "moustache", "moustaches", "mustache", "mustaches", "goatee", "stubble", "whiskers"}
    | {"five o'clock shadow", "sideburns", "clean shaven"}
)
_GLASSES: Final = frozenset(
    {"glasses", "eyeglasses", "spectacles", "sunglasses", "shades", "monocle", "half moon glasses", "pince nez"}
    | {"half moon spectacles", "reading glasses", "lorgnette"}
)
_NOT_HAIR: Final = frozenset(
    {"eyebrow", "eyebrows", "brows", "unibrow", "eyelash", "eyelashes", "lashes", "horns", "antlers", "tail", "wings"}
    | {"pointed ears", "cat ears", "fangs", "tusks", "tusk", "snout", "muzzle", "mane", "quills", "gills", "hooves"}
    | {"hairline"}
)
_BARE: Final = frozenset({"hair", "hairs", "hairstyle", "haircut", "hairdo", "locks", "tresses", "haired"})
"""Words that say nothing of hair by themselves."""
_AS_NOUNS: Final = {
    "haired": "hair", "bearded": "a beard", "bald": "a bald head", "balding": "thinning hair", "redhead": "red hair",
    "ginger": "ginger hair", "brunette": "brown hair", "blonde": "blonde hair", "blond": "blond hair",
    "curly": "curly hair", "salt and pepper": "salt and pepper hair", "tied back": "hair tied back",
    "slicked back": "slicked back hair", "clean shaven": "a clean shaven look",
}  # fmt: skip
_BEFORE_HAIRED: Final = frozenset(
    {"long", "short", "red", "black", "brown", "dark", "light", "fair", "blonde", "blond", "grey", "gray", "white"}
    | {"silver", "golden", "ginger", "auburn", "curly", "wavy", "straight", "raven", "copper", "pink", "blue", "green"}
    | {"purple", "sandy", "chestnut", "platinum", "shaggy", "thick", "wild"}
)
"""What may belong to hair in front of "haired"; other words there are about the person."""
_WITHIN: Final = frozenset({"adjective", "", "thing", "abstract", "body", "surface", "garment", "feature", "prop"})
"""Kinds of words that may stand before hair, a beard or glasses and belong to them."""
_MOST_BEFORE: Final = 5
_HANDLE: Final = re.compile(HANDLE)
_ANOTHER: Final = frozenset({"and", "with", "at", "by"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Words about somebody's hair, beard and glasses, "" where nothing is said, "no …" where there is to be none."""

    hair: str = ""
    beard: str = ""
    glasses: str = ""

    def __bool__(self) -> bool:
        return bool(self.hair or self.beard or self.glasses)

    def over(self, below: Looks) -> Looks:
        """These words, and where they say nothing those of `below`."""
        return Looks(**{slot: own or asdict(below)[slot] for slot, own in asdict(self).items()})

    def worn(self) -> Looks:
        """Without what there is to be none of: what a saved face has."""
        return Looks(**{slot: "" if said.startswith(_NONE) else said for slot, said in asdict(self).items()})

    def said(self) -> str:
        """In one phrase that can stand after "with"."""
        parts = [said for said in asdict(self).values() if said]
        return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


NOTHING_SAID: Final = Looks()


@dataclass(slots=True)
class Spoken:
    """Somebody whom a prompt speaks of: their handle (lower case, "" for a person without one) and their looks."""

    handle: str
    looks: Looks


def to_json(looks: Looks) -> str:
    """What is said as compact JSON, "" for nothing; `from_json` gives it back."""
    said = {slot: value for slot, value in asdict(looks).items() if value}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else ""


def from_json(stored: str) -> Looks:
    """Read what `to_json` wrote. Anything else says nothing."""
    try:
        found = json.loads(stored) if stored else {}
    except (ValueError, RecursionError):
        return NOTHING_SAID
    if not isinstance(found, dict):
        return NOTHING_SAID
    texts = {field.name: found.get(field.name) for field in fields(Looks)}
    return Looks(**{slot: value for slot, value in texts.items() if isinstance(value, str)})


def first_said(stored: Iterable[str]) -> Looks:
    """Of the stored looks of somebody's pictures, in their order, the first words for each slot."""
    found = NOTHING_SAID
    for one in stored:
        found = found.over(from_json(one))
    return found


def spoken(prompt: PortraitPrompt) -> list[Spoken]:
    """Whom the prompt speaks of, in order, each with what is said of their hair, beard and glasses.

    What is said beside the subject belongs to the only person; with more it is anybody's, and counts for nobody.
    """
    people = _people(prompt.subject)
    handles = [handle.casefold() for handle in prompt.characters]
    people += [
        Spoken(handle, NOTHING_SAID) for handle in handles if all(_key(handle) != _key(p.handle) for p in people)
    ]
    if len(handles) == 1 and len(people) == 2 and not people[0].handle:
        # "a laughing woman", and a face chosen beside the words: one person.
        people = [Spoken(people[1].handle, people[0].looks)]
    people = people or [Spoken("", NOTHING_SAID)]
    if len(people) == 1:
        people[0].looks = people[0].looks.over(_beside(prompt))
    return people


def saved_with(prompt: PortraitPrompt, which: int | None, known: Mapping[str, Looks]) -> Looks:
    """The looks of the face that is saved from a portrait of this prompt; nothing where it may be somebody else's.

    `which` is its place among the people from left to right, None where that is not known; `known` are the looks of
    the characters that the portrait was made of, by handle.
    """
    people = spoken(prompt)
    if len(people) > 1 and (which is None or which >= len(people)):
        return NOTHING_SAID
    person = people[which or 0]
    below = {_key(handle): looks for handle, looks in known.items()}.get(_key(person.handle), NOTHING_SAID)
    return person.looks.over(below).worn()


def unsaid(prompt: PortraitPrompt, saved: Mapping[str, Looks]) -> dict[str, Looks]:
    """What of the saved faces' looks (by handle) the prompt says nothing of its own about, by handle."""
    below = {_key(handle): looks for handle, looks in saved.items()}
    people = spoken(prompt)
    anybodys = _beside(prompt) if len(people) > 1 else NOTHING_SAID
    found = dict[str, Looks]()
    for person in people:
        own = asdict(person.looks.over(anybodys))
        known = asdict(below.get(_key(person.handle), NOTHING_SAID))
        added = Looks(**{slot: "" if own[slot] else said for slot, said in known.items()})
        if person.handle and added:
            found[_key(person.handle)] = added
    return found


def told(added: Mapping[str, Looks]) -> tuple[str, ...]:
    """For people: "@ana: long red hair and glasses"."""
    return tuple(f"@{handle}: {looks.said()}" for handle, looks in added.items())


def with_looks(prompt: PortraitPrompt, added: Mapping[str, Looks]) -> PortraitPrompt:
    """The prompt with these words behind the mention of each handle."""
    subject = prompt.subject
    for handle, looks in added.items():
        subject = _put_in(subject, handle, looks.said())
    return replace(prompt, subject=subject)


def _key(handle: str) -> str:
    return handle.casefold().lstrip("@").partition(":")[0]


def _people(subject: str) -> list[Spoken]:
    people, named = [Spoken("", NOTHING_SAID)], False
    for clause in clauses(units(subject)):
        for chunk in chunks(clause.units):
            for unit in chunk.units:
                handle = unit.word[1:].casefold() if unit.word.startswith("@") else ""
                if handle or (unit.kind == "person" and (not named or chunk.opener in _ANOTHER)):
                    if named:
                        people.append(Spoken(handle, NOTHING_SAID))
                    people[-1].handle, named = handle, True
            people[-1].looks = _joined(people[-1].looks, _looks(chunk))
    return people if named or people[0].looks else []


def _beside(prompt: PortraitPrompt) -> Looks:
    """What is said in the slots of clothes and details, and in what is not wanted."""
    found = NOTHING_SAID
    for text in (prompt.clothing, prompt.detail):
        for clause in clauses(units(text)):
            for chunk in chunks(clause.units):
                found = _joined(found, _looks(chunk))
    unwanted = {slot for clause in clauses(units(prompt.negative)) for unit in clause.units if (slot := _slot(unit))}
    return found.over(Looks(**{slot: f"{_NONE}{slot}" for slot in unwanted}))


def _joined(one: Looks, other: Looks) -> Looks:
    """Both, in their order: "short hair" and "a fringe"."""
    both = {}
    for slot, first in asdict(one).items():
        second = asdict(other)[slot]
        said = f"{first} and {second}" if first and second and second not in first else first or second
        both[slot] = said if len(said) <= MOST_CHARACTERS else first or said[:MOST_CHARACTERS].rpartition(" ")[0]
    return Looks(**both)


def _looks(chunk: Chunk) -> Looks:
    """What one phrase says."""
    found = NOTHING_SAID
    for slot, start, end in _stretches(chunk.units):
        words = _phrase(chunk.units, start, end)
        if words:
            found = _joined(found, Looks(**{slot: words}))
    return found


def _slot(unit: Unit) -> str:
    """ "hair", "beard" or "glasses" for a word that is about one of them."""
    if unit.word in _GLASSES:
        return "glasses"
    if unit.word in _BEARDS:
        return "beard"
    return "hair" if group_of(unit.word) == "feature.hair" and unit.word not in _NOT_HAIR else ""


def _stretches(members: Sequence[Unit]) -> Iterator[tuple[str, int, int]]:
    """Units that follow each other and are about the same slot: "curly" … "black hair"."""
    at = 0
    while at < len(members):
        slot = _slot(members[at])
        if not slot:
            at += 1
            continue
        end = at + 1
        while end < len(members):
            ahead = next(
                (k for k in range(end, len(members)) if members[k].kind not in {"adjective", ""}), len(members)
            )
            if ahead == len(members) or _slot(members[ahead]) != slot:
                break
            end = ahead + 1
        yield slot, at, end
        at = end


def _phrase(members: Sequence[Unit], start: int, end: int) -> str:
    """The words with those before them that belong to them, as a noun; "" when they say nothing."""
    last = members[end - 1].word
    describing = end < len(members) and any(unit.kind == "person" for unit in members[end:])
    first = start
    while first > 0 and start - first < _MOST_BEFORE and _belongs(members[first - 1], members[first], describing):
        first -= 1
    if first > 0 and members[first - 1].kind == "negation":
        return f"{_NONE}{_slot(members[end - 1])}"
    if first == start and end == start + 1 and last in _BARE:
        return ""
    before = " ".join(unit.word for unit in members[first : end - 1])
    noun = _AS_NOUNS.get(last, last)
    article = "" if first == 0 or last in _AS_NOUNS or describing else members[first - 1].word
    words = [article if article in {"a", "an"} else "", before, noun.removeprefix("a ") if before else noun]
    if before and noun.startswith("a "):
        words[0] = "an" if before[0] in "aeiou" else "a"
    return " ".join(word for word in words if word)


def _belongs(before: Unit, after: Unit, describing: bool) -> bool:
    """Whether a word belongs to the one after it; of what describes a person only hair's own colours and lengths do."""
    if describing:
        return before.word in _BEFORE_HAIRED and (before.joined or after.word in _AS_NOUNS or after.joined)
    group = group_of(before.word)
    foreign = group.startswith("feature.") and group not in {"feature.hair", "feature.body"}
    return before.kind in _WITHIN and not foreign and not before.word.startswith("@")


def _put_in(subject: str, handle: str, said: str) -> str:
    """The subject with words behind the mention of somebody, or before it all when there is none."""
    for found in _HANDLE.finditer(subject):
        after = subject[found.end() :]
        if _key(found[1]) == _key(handle) and after[:1] not in {"'", "’"}:
            joint = (" and", after.removeprefix(" with")) if after.startswith(" with ") else ("", after)
            return f"{subject[: found.end()]} with {said}{''.join(joint)}"
    return ", ".join(part for part in (f"@{handle} with {said}", subject) if part)
