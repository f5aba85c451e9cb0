"""What an order is for besides words: pictures to change or to go by, a fine-tune, a quality, the frames of a series.

It crosses a quote as JSON, so that a confirmed order is the one that was quoted.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from data.orders.jobs import NewEdit, NewFrames, NewPicture
from engine.jobs.job import PictureSpec
from engine.jobs.stored_spec import from_columns, to_columns
from engine.models.model import Quality
from engine.prompt import PortraitPrompt, from_json, to_json

Use = Literal["outfit", "place", "style"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest:
    """The stored picture that is to be changed and what to change; `strength` in 0…1 is for models that take one."""

    sha256: str
    words: str
    strength: float
    from_upload: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRequest:
    """A stored picture of an outfit, a place or a style; `handle` is "" when it was not saved under one."""

    handle: str
    sha256: str
    role: Use
    from_upload: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraRequest:
    """A fine-tune by its name; `strength` is None for its own."""

    name: str
    strength: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRequest:
    """One frame: its number from 1, what is different in it, and what is asked of which model."""

    number: int
    label: str
    prompt: PortraitPrompt
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRequest:
    """Frames that are ordered together. `series_id` is "" for a new series; `varies` a slot, or "model"."""

    series_id: str
    varies: str
    frames: tuple[FrameRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """`kept` names pictures that were handed in for this request alone (`HandedIn.keep`).

    `quality` is None for the model's usual one. `like` is what an earlier picture was made from: what is not asked for
    anew is as it was there, as long as the model is the same. `people` is what a recipe behind it said of people
    (`carried_people`), whatever is written over it. `right_to` are the real people that whoever orders has said to have
    the right to show. `best_of` says that the best of the pictures is wanted, and the others beside it.
    """

    edit: EditRequest | None = None
    pictures: tuple[ReferenceRequest, ...] = ()
    series: SeriesRequest | None = None
    kept: tuple[str, ...] = ()
    fine_tune: LoraRequest | None = None
    quality: Quality | None = None
    like: PictureSpec | None = None
    people: str = ""
    right_to: tuple[str, ...] = ()
    best_of: bool = False

    @property
    def lora(self) -> LoraRequest | None:
        """The fine-tune that is asked for, or that the earlier picture had."""
        if self.fine_tune is None and self.like is not None and self.like.fine_tune:
            return LoraRequest(name=self.like.fine_tune, strength=self.like.fine_tune_strength)
        return self.fine_tune

    @property
    def from_upload(self) -> bool:
        """Whether a person handed in one of the pictures, or what it was made from."""
        edited = self.edit is not None and self.edit.from_upload
        return edited or any(picture.from_upload for picture in self.pictures)

    def new_edit(self) -> NewEdit | None:
        edit = self.edit
        return None if edit is None else NewEdit(sha256=edit.sha256, words=edit.words, strength=edit.strength)

    def new_pictures(self) -> tuple[NewPicture, ...]:
        return tuple(NewPicture(handle=one.handle, sha256=one.sha256, role=one.role) for one in self.pictures)

    def new_frames(self, order_id: str) -> NewFrames | None:
        series = self.series
        if series is None:
            return None
        frames = tuple((frame.number, frame.label) for frame in series.frames)
        return NewFrames(series_id=series.series_id or order_id, varies=series.varies, frames=frames)


NOTHING_MORE = Extras()


def to_text(extras: Extras) -> str:
    """As JSON; "" when there is nothing more than words."""
    if extras == NOTHING_MORE:
        return ""
    said = asdict(replace(extras, like=None))
    if extras.like is not None:
        said["like"] = to_columns(extras.like)
    if extras.series is not None:
        for frame, request in zip(said["series"]["frames"], extras.series.frames, strict=True):
            frame["prompt"] = to_json(request.prompt)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Extras:
    """Read what `to_text` wrote."""
    if not text:
        return NOTHING_MORE
    said: dict[str, Any] = json.loads(text)
    return Extras(
        edit=EditRequest(**said["edit"]) if said["edit"] else None,
        pictures=tuple(ReferenceRequest(**one) for one in said["pictures"]),
        series=_series(said["series"]) if said["series"] else None,
        kept=tuple(said["kept"]),
        fine_tune=LoraRequest(**said["fine_tune"]) if said.get("fine_tune") else None,
        quality=said.get("quality"),
        like=from_columns(said["like"]) if said.get("like") else None,
        people=said.get("people", ""),
        right_to=tuple(said.get("right_to", ())),
        best_of=said.get("best_of", False),
    )


def _series(said: dict[str, Any]) -> SeriesRequest:
    frames = tuple(FrameRequest(**{**frame, "prompt": from_json(frame["prompt"])}) for frame in said["frames"])
    return SeriesRequest(series_id=said["series_id"], varies=said["varies"], frames=frames)
