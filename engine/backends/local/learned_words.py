"""Words that were learned (textual inversions), laid beside the vocabulary of SD 1.5 and SDXL when a model is read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.backends.local.clip_words import token_of
from engine.models.model import Model
from engine.models.weights import BadWeights, shapes

log = logging.getLogger(__name__)

MOST: Final = 200
_LARGEST_BYTES: Final = 16 * 2**20
_OF_ENCODERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text_encoder": ("clip_l", "emb_params"),
    "text_encoder_2": ("clip_g",),
}
"""What a file calls the vectors for each encoder: SDXL's files have both, SD 1.5's the second name."""


def add_learned_words(pipe: Any, model: Model) -> None:
    """Lays those in the model's folder of them that fit its encoders beside its words, by the names of their files."""
    pipe._likeness_words = {}
    if not model.embeddings:
        return
    for file in sorted(Path(model.embeddings).glob("*.safetensors"))[:MOST]:
        try:
            vectors = _add(pipe, file)
        except BadWeights as error:
            log.warning("The learned word %s is not used: %s.", file.name, error)
            continue
        if vectors:
            pipe._likeness_words[file.stem] = vectors


def _add(pipe: Any, file: Path) -> int:
    """How many vectors it has, 0 where it is for another kind of model. Raises BadWeights."""
    from safetensors.torch import load_file

    if file.stat().st_size > _LARGEST_BYTES:
        raise BadWeights("it is too large to be one")
    told = shapes(file)
    encoders = [name for name in _OF_ENCODERS if getattr(pipe, name, None) is not None]
    names = {encoder: next((name for name in _OF_ENCODERS[encoder] if name in told), "") for encoder in encoders}
    if not all(names.values()) and len(told) == 1 and len(encoders) == 1:
        names = {encoders[0]: next(iter(told))}
    widths = {encoder: getattr(pipe, encoder).get_input_embeddings().weight.shape[1] for encoder in encoders}
    if not all(names[one] and told[names[one]][-1] == widths[one] for one in encoders):
        return 0
    vectors = load_file(file)
    for encoder in encoders:
        tokenizer = getattr(pipe, encoder.replace("text_encoder", "tokenizer"))
        pipe.load_textual_inversion(
            vectors[names[encoder]].reshape(-1, widths[encoder]),
            token=token_of(file.stem),
            tokenizer=tokenizer,
            text_encoder=getattr(pipe, encoder),
        )
    return vectors[names[encoders[0]]].reshape(-1, widths[encoders[0]]).shape[0]
