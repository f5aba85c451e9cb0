"""What `python -m bot compare` makes: portraits by model, prompt and seed, and the folder that keeps them.

Beside each picture lies what is known of it as JSON. A later run with the same folder finds both by the portrait's key.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from data.core.files import private_folder, write_over
from engine.backends.hosted import JournalInMemory
from engine.jobs.job import Job, Lane, Reference
from engine.models.model import ON_THIS_MACHINE, Model
from engine.pictures.source_types import SourceType, xmp
from engine.prompt import PortraitPrompt, to_json
from engine.review.judged_parts import PortraitReview, from_data

PICTURES: Final = "pictures"
FACE: Final = "face"
"""Prompts that name @face are of one person."""
THUMB_WIDTH_PX: Final = 480
"""Of the copies on the page: a phone that shows a table of models loads dozens."""
_JOURNAL: Final = "requests.json"
_NO_NAME: Final = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedPortrait:
    """One model's portrait of one prompt with one seed; `number` is the prompt's place from 1, `size` is pixels.

    `face` is the file, within the comparison's folder, that shows who it is to be; "" where nobody is named.

    Each is itself alone: of models there is more to compare than can be hashed.
    """

    model: Model
    number: int
    text: str
    prompt: PortraitPrompt
    seed: int
    size: tuple[int, int]
    face: str = ""

    @property
    def key(self) -> str:
        """The same for what makes the same picture; it names the files."""
        made_from = (self.model.id, self.model.source, self.text, to_json(self.prompt), self.seed, self.size)
        told = json.dumps([*made_from, self.model.steps, self.model.guidance, *([self.face] if self.face else [])])
        name = _NO_NAME.sub("-", self.model.id.lower()).strip(".-")[:40]
        return f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def job(self, arrival: int, tried: int, references: tuple[Reference, ...] = ()) -> Job:
        """For the engine, with the picture of who it is. `tried` is how often it failed before: a request that ended is
        not asked after again."""
        return Job(
            id=f"{self.key}-{tried + 1}",
            user="comparison",
            lane=Lane.STANDARD,
            model=self.model.id,
            prompt=self.prompt,
            width=self.size[0],
            height=self.size[1],
            steps=self.model.steps,
            guidance=self.model.guidance,
            seed=self.seed,
            arrival=arrival,
            references=references,
            ip_adapter_scale=self.model.ip_adapter_scale,
            previews=False,
        )


def is_paid(model: Model) -> bool:
    """Whether somebody charges the operator for its pictures."""
    return model.provider not in ON_THIS_MACHINE and model.provider != "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitOutcome:
    """What became of a planned portrait. `seconds` is its share of its batch, `words` what the model was told,
    `failed` the sentence of why there is none, `tried` how often it failed, `cost_usd_micros` None where that is not
    known; `review` is as `engine.review.judged_parts.as_data` has it, None before it was looked at.
    """

    seconds: float = 0.0
    words: str = ""
    failed: str = ""
    tried: int = 0
    cost_usd_micros: int | None = None
    review: Mapping[str, Any] | None = None

    def reviewed(self) -> PortraitReview | None:
        """None where there is no review that can be read."""
        if self.review is None:
            return None
        try:
            return from_data(self.review)
        except (KeyError, TypeError, AttributeError):
            return None


def is_missing(outcome: PortraitOutcome | None) -> bool:
    """Whether the next run makes the portrait: nothing is known of it, or it failed."""
    return outcome is None or bool(outcome.failed)


class ComparisonFolder:
    """The folder of one comparison. Everything blocks."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def is_others(self) -> bool:
        """Whether something else than a comparison is in it. Raises OSError where it cannot be read."""
        return self.root.exists() and any(self.root.iterdir()) and not (self.root / PICTURES).is_dir()

    def open(self) -> None:
        """Make it. Raises OSError."""
        private_folder(self.root / PICTURES)

    def picture(self, planned: PlannedPortrait) -> Path:
        """The portrait's PNG."""
        return self.root / PICTURES / f"{planned.key}.png"

    def thumb(self, planned: PlannedPortrait) -> Path:
        """A small copy as JPEG."""
        return self.root / PICTURES / f"{planned.key}.jpg"

    def reference(self, planned: PlannedPortrait) -> tuple[Reference, ...]:
        """The picture of who the portrait is to show; none for nobody. Raises OSError where it is not there."""
        if not planned.face:
            return ()
        path = self.root / planned.face
        return (Reference(handle=FACE, path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest()),)

    def outcome(self, planned: PlannedPortrait) -> PortraitOutcome | None:
        """What is known of it; None where nothing is, or where its picture is gone."""
        try:
            told = json.loads(self._facts(planned).read_text(encoding="utf-8"))
            outcome = PortraitOutcome(**told)
            seconds, tried = float(outcome.seconds), int(outcome.tried)
        except (OSError, ValueError, TypeError):
            return None
        is_there = self.picture(planned).is_file() and self.thumb(planned).is_file()
        return outcome if seconds >= 0 and tried >= 0 and (outcome.failed or is_there) else None

    def keep(self, planned: PlannedPortrait, outcome: PortraitOutcome, png: bytes = b"") -> None:
        """Write down what became of it; the picture first. Raises OSError, NoSpace."""
        if png:
            write_over(self.picture(planned), png)
            write_over(self.thumb(planned), _small(png, algorithmic=planned.model.provider == "studio"))
        told = json.dumps(asdict(outcome), ensure_ascii=False, indent=1)
        write_over(self._facts(planned), told.encode())

    def write(self, name: str, text: str) -> None:
        """A file of the comparison itself. Raises OSError, NoSpace."""
        write_over(self.root / name, text.encode())

    def write_picture(self, name: str, png: bytes) -> None:
        """A picture that all portraits of it share. Raises OSError, NoSpace."""
        write_over(self.root / name, png)

    def _facts(self, planned: PlannedPortrait) -> Path:
        return self.root / PICTURES / f"{planned.key}.json"


def _small(png: bytes, *, algorithmic: bool) -> bytes:
    """The copy is marked as the picture is."""
    source = SourceType.ALGORITHMIC if algorithmic else SourceType.TRAINED
    with Image.open(io.BytesIO(png)) as opened:
        small = opened.convert("RGB")
    small.thumbnail((THUMB_WIDTH_PX, 4 * THUMB_WIDTH_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85, xmp=xmp(source).encode())
    return buffer.getvalue()


class ComparisonJournal(JournalInMemory):
    """What was asked of providers, kept in the folder: a run that goes on asks after what was bought, and buys nothing
    twice."""

    def __init__(self, folder: ComparisonFolder) -> None:
        super().__init__()
        self._folder = folder
        self._writing = asyncio.Lock()
        with contextlib.suppress(OSError, ValueError, AttributeError, KeyError, TypeError):
            kept = json.loads((folder.root / _JOURNAL).read_text(encoding="utf-8"))
            self.entries = {str(job): str(text) for job, text in kept["entries"].items()}
            self.charges = {str(job): int(micros) for job, micros in kept["charges"].items()}

    async def remember(self, job_id: str, text: str, charged_usd_micros: int | None = None) -> None:
        await super().remember(job_id, text, charged_usd_micros)
        await self._write()

    async def presume_charge(self, job_id: str, usd_micros: int) -> None:
        await super().presume_charge(job_id, usd_micros)
        await self._write()

    async def take_back_charge(self, job_id: str) -> None:
        await super().take_back_charge(job_id)
        await self._write()

    async def _write(self) -> None:
        async with self._writing:
            told = json.dumps({"entries": self.entries, "charges": self.charges}, indent=1)
            await asyncio.to_thread(self._folder.write, _JOURNAL, told)
