"""The readers of tiny checkpoints: text encoders with random weights, and tokenizers that spell letter by letter."""

from typing import Any, Final

WIDTH: Final = 16
HEADS: Final = 2
CLIP_TOKENS: Final = 77
CHAT: Final = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PICTURE_TOKENS: Final = {
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
}


def clip(*, projected: bool = True) -> Any:
    """CLIP's text encoder, with the projection that Stable Diffusion 3 wants or without."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    vocabulary = _letters()
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        max_position_embeddings=CLIP_TOKENS,
        bos_token_id=vocabulary["<|startoftext|>"],
        eos_token_id=vocabulary["<|endoftext|>"],
        pad_token_id=vocabulary["<|endoftext|>"],
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def clip_tokenizer() -> Any:
    """Spells every word letter by letter: enough for an encoder that was never taught to read."""
    from transformers import CLIPTokenizer

    return CLIPTokenizer(vocab=_letters(), merges=[], model_max_length=CLIP_TOKENS)


def _letters() -> dict[str, int]:
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {token: index for index, token in enumerate(tokens)}


def t5() -> Any:
    """T5's encoder."""
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=64,
        d_model=2 * WIDTH,
        d_kv=8,
        d_ff=WIDTH,
        num_layers=1,
        num_heads=HEADS,
        feed_forward_proj="gated-gelu",
    )
    return T5EncoderModel(config).eval()


def t5_tokenizer() -> Any:
    """Knows small letters alone."""
    from transformers import T5Tokenizer

    letters = [(letter, -1.0) for letter in "▁abcdefghijklmnopqrstuvwxyz,."]
    return T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *letters], extra_ids=0)


def qwen3(layers: int) -> Any:
    """Qwen 3 with so many layers."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=400,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=8,
        max_position_embeddings=1024,
    )
    return Qwen3ForCausalLM(config).eval()


def qwen_tokenizer() -> Any:
    """Spells every word letter by letter."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *PICTURE_TOKENS.values()]
    vocabulary = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], chat_template=CHAT)
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    return tokenizer
