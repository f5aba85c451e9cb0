"""Makes the untrained built-in checkpoint: every real Stable Diffusion 3 class, random weights, no download.

It stands in until a trained checkpoint is installed, and the tests render with its tiny variant. Imports
torch when used, never when imported.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.local_models import CARD, Card, read_card

VERSION = "untrained-1"
CLIP_TOKENS = 77


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the parts are. `size` is the (width, height) in pixels that the checkpoint is meant for."""

    size: tuple[int, int]
    steps: int
    layers: int
    heads: int
    head_width: int
    text_width: int
    autoencoder_widths: tuple[int, int, int, int]


NORMAL = Shape((128, 192), 24, 4, 6, 32, 64, (16, 32, 64, 64))
TINY = Shape((32, 48), 4, 1, 2, 16, 16, (8, 8, 8, 8))


def ensure(folder: Path, *, tiny: bool = False) -> Path:
    """The folder with the checkpoint in it, made now if it is missing or of another version; takes seconds.

    The folder appears whole or not at all. Raises OSError when it cannot be written.
    """
    shape = TINY if tiny else NORMAL
    if not _is_made(folder, shape):
        _make(folder, shape)
    return folder


def _is_made(folder: Path, shape: Shape) -> bool:
    card = read_card(folder)
    return card is not None and card.version == VERSION and card.size == shape.size


def _make(folder: Path, shape: Shape) -> None:
    folder.parent.mkdir(0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        made = Path(temporary) / "checkpoint"
        _pipeline(shape).save_pretrained(str(made), safe_serialization=True)
        card = Card(trained=False, steps=shape.steps, size=shape.size, version=VERSION)
        (made / CARD).write_text(json.dumps(asdict(card), indent=2), encoding="utf-8")
        for path in (made, *made.rglob("*")):  # it lies in the data folder, which is nobody else's
            path.chmod(0o700 if path.is_dir() else 0o600)
        if folder.exists():
            shutil.move(folder, Path(temporary) / "old")
        made.rename(folder)


def _pipeline(shape: Shape) -> Any:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, StableDiffusion3Pipeline

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        return StableDiffusion3Pipeline(
            transformer=_transformer(shape),
            scheduler=FlowMatchEulerDiscreteScheduler(),
            vae=_autoencoder(shape),
            text_encoder=_text_encoder(shape),
            tokenizer=_tokenizer(),
            text_encoder_2=_text_encoder(shape),
            tokenizer_2=_tokenizer(),
            text_encoder_3=None,
            tokenizer_3=None,
        )


def _transformer(shape: Shape) -> Any:
    from diffusers import SD3Transformer2DModel

    width = shape.heads * shape.head_width
    return SD3Transformer2DModel(
        sample_size=max(shape.size) // 8,
        patch_size=2,
        in_channels=16,
        num_layers=shape.layers,
        attention_head_dim=shape.head_width,
        num_attention_heads=shape.heads,
        joint_attention_dim=2 * shape.text_width,
        caption_projection_dim=width,
        pooled_projection_dim=2 * shape.text_width,
        out_channels=16,
        pos_embed_max_size=32,
    ).eval()


def _autoencoder(shape: Shape) -> Any:
    from diffusers import AutoencoderKL

    levels = len(shape.autoencoder_widths)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=shape.autoencoder_widths,
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=min(shape.autoencoder_widths),
        sample_size=max(shape.size),
        scaling_factor=1.0,
        shift_factor=0.0,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    ).eval()


def _text_encoder(shape: Shape) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    vocabulary = _vocabulary()
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=shape.text_width,
        intermediate_size=2 * shape.text_width,
        projection_dim=shape.text_width,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=CLIP_TOKENS,
        bos_token_id=vocabulary["<|startoftext|>"],
        eos_token_id=vocabulary["<|endoftext|>"],
        pad_token_id=vocabulary["<|endoftext|>"],
    )
    return CLIPTextModelWithProjection(config).eval()


def _tokenizer() -> Any:
    """Spells every word letter by letter: enough for an encoder that was never taught to read."""
    from transformers import CLIPTokenizer

    return CLIPTokenizer(vocab=_vocabulary(), merges=[], model_max_length=CLIP_TOKENS)


def _vocabulary() -> dict[str, int]:
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {token: index for index, token in enumerate(tokens)}
