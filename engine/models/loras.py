"""Fine-tunes: LoRA files in a folder, each with a card that says what it is and which model it belongs to.

Reads cards and the headers of weights; nothing here loads a model or imports torch.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.jobs.job import Adapter
from engine.models.file_configs import configs_of
from engine.models.lora_kinds import (
    OF_PIPELINES,
    families_of_lora,
    is_lora,
    why_unread,
    width_of_denoiser,
    width_of_words,
)
from engine.models.single_files import is_single_file, kind_of
from engine.models.weights import BadWeights, Shapes, part_shapes, shapes
from engine.wording.dialects import RenderedPrompt

if TYPE_CHECKING:
    from engine.models.model import Model

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9_-]+")
SUFFIX: Final = ".safetensors"
STRONGEST: Final = 2.0
DENOISERS: Final = ("transformer", "unet")
_FOREIGN: Final = frozenset({".pt", ".pth", ".ckpt", ".bin"})
_KEYS: Final = frozenset({"title", "base", "triggers", "strength", "licence"})
_HALF: Final = re.compile(
    r"(?P<part>transformer|unet|text_encoder(?:_\d)?)\.(?P<module>.+)\."
    r"(?P<half>lora_A|lora_B|lora\.down|lora\.up)(?:\.default)?\.weight"
)
_NAMELESS: Final = "its name needs a letter or a digit"


class BadFineTune(ValueError):
    """A file that is not offered; str() is a sentence that names it and says why."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"The fine-tune {file.name} is not offered: {reason}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTune:
    """A LoRA file for the model `base` (its id). `triggers` are said to the model, `strength` is its default."""

    name: str
    title: str
    base: str
    path: Path
    triggers: tuple[str, ...] = ()
    strength: float = 1.0
    licence: str = ""

    def adapter(self, strength: float | None = None) -> Adapter:
        """The fine-tune at this strength, or at its own."""
        return Adapter(name=self.name, path=self.path, weight=self.strength if strength is None else strength)


def read_folder(folder: Path, models: Sequence[Model]) -> tuple[tuple[FineTune, ...], tuple[str, ...]]:
    """The fine-tunes that fit one of the models, by name, and a sentence for each file that is refused."""
    if not folder.is_dir():
        return (), (f"The folder of fine-tunes {folder} is not there; make it, or leave MODEL_FINE_TUNES empty.",)
    fitting: dict[str, FineTune] = {}
    refused: list[str] = []
    for file in sorted(folder.iterdir()):
        try:
            found = _read(file, models)
        except BadFineTune as error:
            refused.append(str(error))
            continue
        if found is not None and found.name in fitting:
            refused.append(str(BadFineTune(file, f"{fitting[found.name].path.name} has the same name")))
        elif found is not None:
            fitting[found.name] = found
    return tuple(fitting.values()), tuple(refused)


def read_loras(
    files: Sequence[Path], models: Sequence[Model], taken: Sequence[FineTune]
) -> tuple[tuple[FineTune, ...], tuple[str, ...]]:
    """LoRAs that have no card: each is offered for every model of its family, and refused where there is none."""
    names = {fine_tune.name for fine_tune in taken}
    found: list[FineTune] = []
    refused: list[str] = []
    for file in files:
        name = _NOT_IN_NAMES.sub("-", file.stem.lower()).strip("-")
        if not name or name in names:
            refused.append(str(BadFineTune(file, "another has the same name" if name else _NAMELESS)))
            continue
        try:
            bases = _bases(file, models)
        except BadFineTune as error:
            refused.append(str(error))
            continue
        names.add(name)
        found += [FineTune(name=name, title=file.stem, base=base.id, path=file.absolute()) for base in bases]
    return tuple(found), tuple(refused)


def _bases(file: Path, models: Sequence[Model]) -> list[Model]:
    """The models that a LoRA fits, by its names and sizes. Raises BadFineTune when there is none."""
    tensors = _tensors(file)
    families = families_of_lora(tensors)
    family = " or ".join(sorted(families))
    local = [model for model in models if model.provider == "local"]
    bases = [model for model in local if OF_PIPELINES.get(model.pipeline) in families]
    if len(families) > 1:  # their names are alike: the widths are not
        bases = [model for model in bases if _fits(tensors, model)]
    if not bases:
        kinds = sorted({OF_PIPELINES[model.pipeline] for model in local if model.pipeline in OF_PIPELINES})
        whose = family or "a kind of model that is not known here"
        raise BadFineTune(file, f"it is for {whose}, and the local models are {', '.join(kinds) or 'none'}")
    return bases


def _fits(tensors: Shapes, model: Model) -> bool:
    """Whether a LoRA is as wide as this model, as far as its files say."""
    words, denoiser = width_of_words(tensors), width_of_denoiser(tensors)
    base = _base_shapes(model)
    if words:
        return words == width_of_words(base)
    if is_single_file(model.source):
        config = configs_of(kind_of(base), base).get("transformer")
        return config is None or denoiser in (0, int(config["num_attention_heads"]) * int(config["attention_head_dim"]))
    return not base or not any(misfit(tensors, part, part_shapes(model.source, part)) for part in DENOISERS)


def _base_shapes(model: Model) -> Shapes:
    try:
        return shapes(Path(model.source)) if is_single_file(model.source) else part_shapes(model.source, "unet")
    except BadWeights:
        return {}


def _tensors(file: Path) -> Shapes:
    """What is in a LoRA file. Raises BadFineTune."""
    try:
        tensors = shapes(file)
    except BadWeights as error:
        raise BadFineTune(file, str(error)) from error
    reason = why_unread(tensors)
    if reason:
        raise BadFineTune(file, reason)
    if not is_lora(tensors):
        raise BadFineTune(file, "it holds no LoRA")
    return tensors


def with_triggers(words: RenderedPrompt, triggers: Iterable[str]) -> RenderedPrompt:
    """The words with those trigger words in front that they do not say yet."""
    missing = [trigger for trigger in triggers if trigger.casefold() not in words.prompt.casefold()]
    if not missing:
        return words
    long_prompt = ", ".join((*missing, words.long_prompt)) if words.long_prompt else ""
    return replace(words, prompt=", ".join((*missing, words.prompt)), long_prompt=long_prompt)


def halves(tensors: Shapes) -> Mapping[tuple[str, str], tuple[int, int]]:
    """(part, module) → (what goes in, what comes out) of every whole LoRA pair named as diffusers names them."""
    down: dict[tuple[str, str], tuple[int, ...]] = {}
    up: dict[tuple[str, str], tuple[int, ...]] = {}
    for name, shape in tensors.items():
        match = _HALF.fullmatch(name)
        if match and len(shape) >= 2:
            side = down if match["half"] in {"lora_A", "lora.down"} else up
            side[match["part"], match["module"]] = shape
    return {at: (down[at][1], up[at][0]) for at in down.keys() & up.keys() if down[at][0] == up[at][1]}


def misfit(tensors: Shapes, part: str, base: Shapes) -> str:
    """What of a LoRA has no place in a part of its base, as a clause; "" when it fits. `base` has "module.weight"."""
    for (of, module), (into, out_of) in sorted(halves(tensors).items()):
        if of != part:
            continue
        weight = base.get(f"{module}.weight")
        if weight is None:
            return f"its base has no {part}.{module}"
        if (weight[1], weight[0]) != (into, out_of):
            return f"{part}.{module} is {weight[1]} → {weight[0]} in its base, and {into} → {out_of} in the file"
    return ""


def _read(file: Path, models: Sequence[Model]) -> FineTune | None:
    """None for what is not a fine-tune. Raises BadFineTune."""
    if file.suffix in _FOREIGN:
        raise BadFineTune(file, "only safetensors files are read, because the others may run code")
    if file.suffix == ".toml" and not file.with_suffix(SUFFIX).exists():
        raise BadFineTune(file, f"there is no {file.stem}{SUFFIX} beside the card")
    if file.suffix != SUFFIX:
        return None
    card = _card(file)
    base = next((model for model in models if model.id == card.base and model.provider == "local"), None)
    if base is None:
        offered = ", ".join(model.id for model in models if model.provider == "local") or "none"
        raise BadFineTune(file, f"its card says base = {card.base!r}, and the local models are: {offered}")
    _check_fit(file, base)
    return card


def _card(file: Path) -> FineTune:
    """The card beside the file. Raises BadFineTune."""
    card = file.with_suffix(".toml")
    try:
        said = tomllib.loads(card.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadFineTune(file, f'it has no card; write {card.name} with at least base = "a model\'s id"') from None
    except (OSError, ValueError) as error:
        raise BadFineTune(file, f"its card {card.name} cannot be read ({error})") from error
    unknown = said.keys() - _KEYS
    if unknown:
        known = ", ".join(sorted(_KEYS))
        raise BadFineTune(file, f"its card says {', '.join(sorted(unknown))}; a card may say {known}")
    triggers = said.get("triggers", [])
    strength = said.get("strength", 1.0)
    if not isinstance(strength, int | float) or isinstance(strength, bool) or not 0 < strength <= STRONGEST:
        raise BadFineTune(file, f"the strength on its card is a number above 0 and up to {STRONGEST:g}")
    if not isinstance(triggers, list) or not all(isinstance(one, str) and one.strip() for one in triggers):
        raise BadFineTune(file, 'the triggers on its card are a list of words, such as ["some word"]')
    name = _NOT_IN_NAMES.sub("-", file.stem.lower()).strip("-")
    if not name:
        raise BadFineTune(file, _NAMELESS)
    return FineTune(
        name=name,
        title=_text(file, said, "title") or file.stem,
        base=_text(file, said, "base"),
        path=file.absolute(),
        triggers=tuple(" ".join(one.split()) for one in triggers),
        strength=float(strength),
        licence=_text(file, said, "licence"),
    )


def _text(file: Path, said: Mapping[str, Any], key: str) -> str:
    value = said.get(key, "")
    if not isinstance(value, str) or len(value) > 200 or (key == "base" and not value.strip()):
        raise BadFineTune(file, f"its card must say {key} as a short text")
    return " ".join(value.split())


def _check_fit(file: Path, base: Model) -> None:
    """Raises BadFineTune. What cannot be told from names and headers is found out when the file is loaded."""
    tensors = _tensors(file)
    families, own = families_of_lora(tensors), OF_PIPELINES.get(base.pipeline, "")
    if families and own and own not in families:
        family = " or ".join(sorted(families))
        raise BadFineTune(file, f"it is for {family}, and its card names {base.title}, which is {own}")
    for part in DENOISERS:
        try:
            there = part_shapes(base.source, part)
        except BadWeights:
            there = {}  # the model's own trouble is told when it is loaded
        reason = misfit(tensors, part, there) if there else ""
        if reason:
            raise BadFineTune(file, f"it does not fit {base.title}: {reason}")
