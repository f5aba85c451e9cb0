"""Free text → PortraitPrompt, by labels and words alone: no model, no network, the same answer every time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.prompts import keys, labels, negation, pasted, quotations, structured
from engine.prompts.doubts import Doubt, Judged, doubt
from engine.prompts.judge import EDGES, SlotPiece, judge
from engine.prompts.languages import detecting, span_slots, vocabulary
from engine.prompts.languages import translated_labels as foreign_labels
from engine.prompts.languages.vocabulary import Language
from engine.prompts.lines import to_lines
from engine.prompts.portrait_prompt import SLOTS, PortraitPrompt, unique
from engine.prompts.units import HANDLE, Unit, new, units

MAX_TEXT: Final = 8000
"""The longest text, in characters, that is worth handing over; callers refuse or cut what is longer before it is read.

Twice what may be typed, and room for a prompt, a negative one and the settings as other tools write them.
"""

_INVISIBLE: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f\u00ad\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]")
_UNPAIRED: Final = re.compile("[\ud800-\udfff]")
_HANDLE: Final = re.compile(HANDLE)
_HANDLES_ONLY: Final = re.compile(r"(?:@[A-Za-z0-9_-]{1,15}(?::[0-9]{1,4})?[ ,]*)+")
_SIGNS: Final = r"[\w ,./;!?&%+°$€，、。；-]"
_PLAIN: Final = re.compile(rf"{_SIGNS}*+(?:(?<=[^\W_])['’](?=[^\W_]){_SIGNS}*+)*+")
"""Values that can hold no label, flag, weight or quotation, nor become one that does when cut apart."""
_LASTS: Final = re.compile(
    rf"""{_SIGNS}*+(?:(?:(?<=[^\W_])['’](?=[^\W_])
    | (?<![^ ])@[A-Za-z0-9_-]{{1,15}}(?=[ ,.]|$)
    | (?<![^ ])"[\w ]++"(?=[ ,.]|$)){_SIGNS}*+)*+""",
    re.VERBOSE,
)
"""Texts that hold handles and quoted words besides: what they are read as is read alike when its lines are."""
_WORD: Final = re.compile(r"\w+")
_READINGS: Final = 5
_NOTHING: Final = PortraitPrompt()
_JOINTS: Final = {"": " ", ".": ". ", ";": "; "}


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt, and for the person what the text held that means nothing here (settings of other tools), and what was
    drawn of its choices, as "forest|beach: beach". `judged` is what no label placed."""

    prompt: PortraitPrompt
    ignored: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()

    def doubt(self) -> Doubt | None:
        """Why somebody should look at how it was read before it is paid for; None where it reads well."""
        return doubt(self.judged, sum(bool(self.prompt.slot(slot)) for slot in SLOTS))


def parse(text: str) -> PortraitPrompt:
    """Read any text; never raises. Each clause is in a slot, and what fits nowhere joins the subject.

    Takes time in proportion to the length; callers cap what they pass at `MAX_TEXT` or less.
    """
    return read(text).prompt


def read(text: str, *, seed: int | None = None, language: str = "") -> Reading:
    """Read any text as `parse` does, and say what was left out of the prompt.

    Choices such as "{forest|beach}" are drawn by the seed that the text says, else by `seed`, which then becomes the
    prompt's, so that the same order gives the same picture again. `language` is the one that a part of a longer text
    is in, as `detecting.detect` names it, where its own words do not tell.
    """
    brought, judged = pasted.Brought(draw=seed or 0), list[Judged]()
    prompt = _read(text, brought, judged, language)
    weights, sampler = tuple(dict.fromkeys(brought.weights)), brought.sampler
    if not _lasts(text, prompt, brought, language):
        prompt = _lasting(prompt)
    if prompt == _NOTHING and not brought.ignored:
        prompt = PortraitPrompt(subject=" ".join(_WORD.findall(text)))
    if brought.drawn and prompt.seed is None and seed is not None:
        prompt = replace(prompt, seed=seed)
    if weights or sampler:
        prompt = replace(prompt, weights=weights, sampler=sampler)
    return Reading(prompt, tuple(brought.ignored), tuple(brought.drawn), tuple(judged))


def _read(
    text: str, brought: pasted.Brought, judged: list[Judged], language: str = "", *, sure: bool = False
) -> PortraitPrompt:
    """Read a text, in `language` where its own words do not tell, or where that is `sure`."""
    collector = _Collector(brought, judged, vocabulary.language(language) if language else None, sure)
    # What cannot be seen parts no words: whoever reads the prompt sees one word, and so must policy.
    if not text.replace("\n", " ").isprintable():
        text = _UNPAIRED.sub(" ", _INVISIBLE.sub("", text))
    if (said := pasted.of_a_tool(text, brought)) is not None:
        text = said
    for part in structured.parts(text):
        if isinstance(part, structured.KeyedValue):
            collector.entry(keys.meaning(part))
        else:
            _read_lines(part, collector)
    return collector.prompt()


def _read_lines(text: str, collector: _Collector) -> None:
    text = "\n".join(map(_single_spaced, text.splitlines()))
    collector.introduced, collector.labelled = labels.names_subject(text), labels.is_labelled(text)
    rest = pasted.take_out(text, collector.brought)
    spaced, text = rest == text, rest
    if not collector.language_is_sure:
        collector.language = detecting.spoken(text) or collector.language
    for line in text.split("\n"):
        line = _straightened(line if spaced else _single_spaced(line))
        if line:
            collector.line(line)


def _lasts(text: str, prompt: PortraitPrompt, brought: pasted.Brought, language: str) -> bool:
    """Whether a prompt that was read from this text is certain to be what its own lines read back as."""
    if not language and not brought.drawn and text == to_lines(prompt):
        return True
    if not _LASTS.fullmatch(text) or "--" in text or "BREAK" in text:
        return False
    if not negation.holds_any("\n".join(map(prompt.slot, SLOTS))):
        return True
    denying = [slot for slot in SLOTS if negation.holds_any(prompt.slot(slot))]
    return not denying or _is_kept(prompt, denying)


def _lasting(prompt: PortraitPrompt) -> PortraitPrompt:
    """The prompt that its own lines read back as.

    Nearly always it is the same one. Where cutting a strange text apart has brought two halves of a flag or a label
    together, a second reading takes that out as well.
    """
    for _ in range(_READINGS):
        again = _read(to_lines(prompt), pasted.Brought(), [])
        if again == prompt:
            return prompt
        prompt = again
    return PortraitPrompt(subject=" ".join(_WORD.findall(to_lines(prompt))))


def _is_kept(prompt: PortraitPrompt, denying: list[str]) -> bool:
    """Whether the slots that may say what is not wanted read back as they are, in the language of the whole."""
    slots: dict[str, Any] = {slot: prompt.slot(slot) for slot in denying}
    lines = to_lines(PortraitPrompt(**slots))
    again = _read(lines, pasted.Brought(), [], detecting.detect(to_lines(prompt)), sure=True)
    return not again.negative and all(again.slot(slot) == prompt.slot(slot) for slot in denying)


def _single_spaced(line: str) -> str:
    return " ".join(line.split())


def _straightened(line: str) -> str:
    """A line of single spaces with straight quotations, and still of single spaces."""
    straight = quotations.straighten(line)
    return line if straight == line else _single_spaced(straight)


@dataclass(slots=True)
class _Collector:
    brought: pasted.Brought
    judged: list[Judged]
    language: Language | None = None
    language_is_sure: bool = False
    slots: dict[str, list[str]] = field(default_factory=lambda: {slot: [] for slot in SLOTS})
    negative: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    characters: list[str] = field(default_factory=list)
    open_label: str = "free"
    introduced: bool = False
    labelled: bool = False
    sides: dict[str, float] = field(default_factory=dict)
    last_clause: dict[str, int] = field(default_factory=dict)
    clause: int = 0

    def line(self, line: str) -> None:
        """Take in one line: its labelled stretches as they stand, the rest by judgement."""
        other = labels.unknown(line) if self.labelled and '"' not in line and not self.language else None
        if other and self.open_label == "free":
            self.entry(keys.meaning(structured.KeyedValue((other[0],), other[1])))
            return
        for segment in self._segments(line):
            slot = segment.slot
            if slot == "free" and not segment.label:
                slot = self.open_label
            self._segment(slot, segment.value.strip(EDGES), segment)
            stays_open = segment.label and (not segment.value.strip(EDGES) or segment.label == "negative prompt")
            if stays_open:
                self.open_label = slot
            elif segment.label:
                self.open_label = "free"

    def _segments(self, line: str) -> Iterable[labels.Segment]:
        if self.language:
            return foreign_labels.segments(line, self.language)
        return labels.segments(line, introduced=self.introduced)

    def entry(self, said: keys.Meaning) -> None:
        """Take in one value of a prompt that is written as data."""
        kind, words = said
        if kind in {"text", "seed", "aspect"} and self._special(kind, words):
            return
        if kind in {"width", "height"}:
            self.sides[kind] = float(words)
            self.brought.aspect = pasted.nearest_aspect(*self.sides.values()) if len(self.sides) == 2 else None
        elif kind == "ignored":
            if not pasted.sampler_of(words, self.brought):
                self.brought.ignored.append(words)
        elif words:
            slot = kind if kind in SLOTS or kind == "negative" else "free"
            plain = "-" not in words and _PLAIN.fullmatch(words)
            for line in [words] if plain else pasted.take_out(words, self.brought).split("\n"):
                value = _straightened(_single_spaced(line)).strip(EDGES)
                self._segment(slot, value, labels.Segment(slot, value, slot if slot != "negative" else "avoid"))

    def _segment(self, slot: str, value: str, segment: labels.Segment) -> None:
        if not value:
            return
        found = None
        if not self.language and (slot in SLOTS or slot in {"free", ""}):
            found = units(value) if slot not in SLOTS else None
            rest = self._wanted(value, found)
            value, found = rest, found if rest == value else None
        if not value:
            return
        if slot in SLOTS and self.language and (pieces := span_slots.partly_denied(value, self.language)):
            self._take(pieces, slot)
        elif slot in SLOTS:
            self._add(slot, value, ",")
        elif slot == "negative":
            self.negative.append(self._denied(value, segment))
        elif not self._special(slot, value):
            stated = "" if slot in {"free", "text", "characters"} else f"{segment.label} "
            self._free(stated + value, None if stated else found)

    def _denied(self, value: str, segment: labels.Segment) -> str:
        """What a label says is not wanted."""
        if self.language:
            return span_slots.listed(value)
        return value if segment.label.startswith("negative") else negation.plainly(value)

    def _wanted(self, value: str, found: list[Unit] | None) -> str:
        """The value without what it says that there should not be, which is noted."""
        said = negation.take_out(value, found)
        self.negative += said.unwanted
        return said.rest.strip(EDGES) if said.unwanted else value

    def _special(self, slot: str, value: str) -> bool:
        """Whether the value is wholly what its label promises."""
        if slot == "text":
            self.text += quotations.quoted(value) or [value.replace('"', " ").strip()]
            return not quotations.quoted(value) or not quotations.without_quotations(value).strip(EDGES)
        if slot == "characters" and _HANDLES_ONLY.fullmatch(value):
            self.characters += _HANDLE.findall(value)
            return True
        if slot == "aspect" and pasted.aspect_in(value):
            self.brought.aspect = pasted.aspect_in(value)
            return True
        if slot == "seed" and pasted.seed_in(value) is not None:
            self.brought.seed = pasted.seed_in(value)
            return True
        return False

    def _free(self, value: str, found: list[Unit] | None) -> None:
        first = not any(self.slots.values())
        if self.language:
            self._take(span_slots.judge(value, self.language, first=first))
        else:
            self._take(judge(value, first=first, found=found))

    def _take(self, pieces: Iterable[SlotPiece], slot: str = "") -> None:
        """Put pieces where they belong, or all in one slot but what is not wanted."""
        language = self.language.name if self.language else ""
        for own, text, joint in pieces:
            if own == span_slots.NEGATIVE:
                self.negative.append(text)
            elif text:
                self._add(slot or own, text, joint)
                if not slot:
                    self.judged.append(new(Judged, (own, text, language)))

    def _add(self, slot: str, text: str, joint: str) -> None:
        """Put a text at the end of a slot; `joint` as in `SlotPiece`."""
        if joint:
            self.clause += 1
        said = self.slots[slot]
        if said:
            said.append(" " if self.last_clause[slot] == self.clause else _JOINTS.get(joint or ",", ", "))
        said.append(text)
        self.last_clause[slot] = self.clause
        if '"' in text:
            self.text += quotations.quoted(text)
        if "@" in text:
            self.characters += _HANDLE.findall(quotations.without_quotations(text))

    def prompt(self) -> PortraitPrompt:
        """The prompt as far as it was read."""
        slots: dict[str, Any] = {slot: "".join(said) for slot, said in self.slots.items()}
        return PortraitPrompt(
            **slots,
            negative=", ".join((*self.negative, *self._flag_negatives())),
            characters=unique(self.characters),
            aspect=self.brought.aspect,
            seed=self.brought.seed,
            text=tuple(dict.fromkeys(self.text)),
        )

    def _flag_negatives(self) -> list[str]:
        values = [_single_spaced(quotations.straighten(value)).strip(EDGES) for value in self.brought.negative]
        return [value for value in values if value]
