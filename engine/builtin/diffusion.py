"""The built-in model's transformer and text encoders: trained together by flow matching on latents.

The shapes are those of `StableDiffusion3Pipeline`, so the trained parts are saved as one and run as one.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.builtin import autoencoder, crops, dataset, reference, text
from engine.builtin.scenes import PER_PERSON
from engine.builtin.together import Team
from engine.builtin.train import Average, _log, _restored, _run, _save

HEADS, HEAD_WIDTH, LAYERS, PATCH = 6, 32, 6, 4
DROP_CAPTION = 0.1
WITH_REFERENCE = 0.55
"""The share of batches that come with a reference picture of the person."""
ANONYMOUS = 0.6
"""The share of those captions that leave the person to the reference."""
TELLING = 0.1
"""Weight of telling the person's mean face embedding from the reference."""
VERSION = "portraits-1"
STEPS, GUIDANCE = 20, 3.0
SHIFT = 2.5
"""Times are drawn and sampled towards noise: what is where is decided early, on noisy latents."""


def build_transformer() -> Any:
    """An untrained transformer whose blocks begin as identities and whose first guess is zero."""
    from diffusers import SD3Transformer2DModel

    made = SD3Transformer2DModel(
        sample_size=48,
        patch_size=PATCH,
        in_channels=autoencoder.CHANNELS,
        out_channels=autoencoder.CHANNELS,
        num_layers=LAYERS,
        attention_head_dim=HEAD_WIDTH,
        num_attention_heads=HEADS,
        joint_attention_dim=2 * text.WIDTH,
        caption_projection_dim=HEADS * HEAD_WIDTH,
        pooled_projection_dim=2 * text.WIDTH,
        pos_embed_max_size=20,
        qk_norm="rms_norm",
    )
    for name, module in made.named_modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight)
            torch.nn.init.zeros_(module.bias)
            if name.endswith(("norm1.linear", "norm1_context.linear", "norm_out.linear", "proj_out")):
                torch.nn.init.zeros_(module.weight)
    return made


class Reader(torch.nn.Module):
    """Both text encoders as the pipeline uses them."""

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = text.tokenizer()
        end = self.tokenizer.convert_tokens_to_ids(text.END)
        self.first = text.encoder(len(self.tokenizer), end)
        self.second = text.encoder(len(self.tokenizer), end)

    def forward(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Token embeddings (B, TOKENS, 2 × WIDTH) and pooled embeddings (B, 2 × WIDTH)."""
        tokens = self.tokenizer(
            captions, padding="max_length", max_length=text.TOKENS, truncation=True, return_tensors="pt"
        ).input_ids
        outs = [encoder(tokens, output_hidden_states=True) for encoder in (self.first, self.second)]
        return torch.cat([out.hidden_states[-2] for out in outs], -1), torch.cat([out[0] for out in outs], -1)


@dataclass
class Bucket:
    """Pictures of one size: their latents, as they are and mirrored, and where their faces are."""

    found: list[dataset.Picture]
    latents: list[Tensor]
    weights: list[Tensor]


def _weights(picture: dataset.Picture, shape: torch.Size) -> Tensor:
    """How much each latent pixel's error counts: faces two and a half times."""
    middle, half = dataset.FACE[picture.scene.framing]
    height, width = shape[-2:]
    y = (torch.arange(height) + 0.5) / height - middle
    x = ((torch.arange(width) + 0.5) / width - 0.5) * width / height
    squared = (y[:, None] / half) ** 2 + (x[None] / (0.85 * half)) ** 2
    return (1 + 1.5 * torch.exp(-(squared**2))).half()


@torch.no_grad()
def encode_all(vae: Any, found: list[dataset.Picture]) -> dict[tuple[int, int], Bucket]:
    """Scaled latents of every picture and its mirror image, by picture size."""
    buckets: dict[tuple[int, int], Bucket] = {}
    for picture in found:
        image = torch.from_numpy(dataset.pixels(picture).copy()).permute(2, 0, 1).float() / 127.5 - 1
        both = autoencoder.encode(vae, torch.stack([image, image.flip(-1)]))
        scaled = ((both - vae.config.shift_factor) * vae.config.scaling_factor).half()
        bucket = buckets.setdefault((image.shape[2], image.shape[1]), Bucket([], [], []))
        bucket.found.append(picture)
        bucket.latents.append(scaled)
        bucket.weights.append(_weights(picture, scaled.shape))
    return buckets


@dataclass(frozen=True)
class Shown:
    """A reference: its crop (3, side, side) in −1…1, the embedding it should tell, and whether these count (0 or 1).

    The embedding of a mirrored face is not known, so it does not count; where nothing is shown, neither does.
    """

    crop: Tensor
    embedding: Tensor
    tells: float
    counts: float

    @staticmethod
    def nothing() -> Shown:
        """A place in a batch without a reference."""
        return Shown(
            torch.zeros(3, crops.SIDE_PX, crops.SIDE_PX), torch.zeros(reference.EMBEDDING), tells=0.0, counts=0.0
        )


@dataclass(frozen=True)
class References:
    """`Shown`, stacked: (B, 3, side, side), (B, EMBEDDING), (B,), (B,)."""

    crops: Tensor
    embeddings: Tensor
    tells: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Batch:
    """Latents (B, C, h, w), loss weights (B, 1, h, w), captions, and references or None."""

    latents: Tensor
    weights: Tensor
    captions: list[str]
    references: References | None


def _stacked(shown: list[Shown]) -> References:
    return References(
        torch.stack([one.crop for one in shown]),
        torch.stack([one.embedding for one in shown]),
        torch.tensor([one.tells for one in shown]),
        torch.tensor([one.counts for one in shown]),
    )


def _varied(cut: npt.NDArray[np.uint8], flip: bool, rng: np.random.Generator) -> Tensor:
    """The crop, shifted, scaled and lit a little differently each time."""
    whole = cut.shape[0]
    side = int(rng.integers(crops.SIDE_PX - crops.MARGIN_PX, whole + 1))
    top, left = rng.integers(0, whole - side + 1, size=2)
    part = cut[top : top + side, left : left + side]
    if flip:
        part = part[:, ::-1]
    tensor = torch.from_numpy(np.ascontiguousarray(part)).permute(2, 0, 1)[None].float() / 127.5 - 1
    sized = torch.nn.functional.interpolate(
        tensor, (crops.SIDE_PX, crops.SIDE_PX), mode="bilinear", antialias=True, align_corners=False
    )[0]
    return (sized * rng.uniform(0.9, 1.1) + rng.uniform(-0.06, 0.06)).clamp(-1, 1)


class Batches:
    """Random batches of one size each."""

    def __init__(self, vae: Any, renders: Path, seed: int) -> None:
        self._vae, self._renders = vae, renders
        self._crops = crops.read(renders)
        people = {index // PER_PERSON for index in self._crops.pixels}
        self._means = {
            person: np.mean([self._crops.embeddings[index] for index in self._crops.of_person(person)], axis=0)
            for person in people
        }
        told = np.stack([*self._means.values(), np.zeros(reference.EMBEDDING, np.float32)])
        self._middle, self._spread = told[:-1].mean(0), told[:-1].std(0) + 1e-6
        self._random, self._numbers = random.Random(seed), np.random.default_rng(seed)
        self.buckets = encode_all(vae, dataset.pictures(renders))
        self._scenes = {p.index: p.scene for bucket in self.buckets.values() for p in bucket.found}

    def __len__(self) -> int:
        return len(self._scenes)

    def draw(self, size: int) -> Batch:
        """A batch of one size, with references or without."""
        from engine.builtin.captions import caption
        from engine.builtin.scenes import mirrored

        shapes = list(self.buckets)
        shape = self._random.choices(shapes, [len(self.buckets[s].found) for s in shapes])[0]
        bucket = self.buckets[shape]
        referred = self._random.random() < WITH_REFERENCE
        latents, weights, captions, shown = [], [], [], []
        for at in self._numbers.integers(len(bucket.found), size=size):
            flip = self._random.random() < 0.5
            what = self._scenes[bucket.found[at].index]
            latents.append(bucket.latents[at][int(flip)])
            weights.append(bucket.weights[at])
            face = self._reference(bucket.found[at].index, flip) if referred else None
            anonymous = face is not None and self._random.random() < ANONYMOUS
            said = caption(mirrored(what) if flip else what, self._random, anonymous=anonymous)
            dropped = self._random.random() < DROP_CAPTION
            captions.append("" if dropped else said)
            shown.append(Shown.nothing() if face is None or dropped else face)
        return Batch(
            torch.stack(latents).float(),
            torch.stack(weights)[:, None].float(),
            captions,
            _stacked(shown) if referred else None,
        )

    def _reference(self, index: int, flip: bool) -> Shown | None:
        """Another picture of the same person, mirrored as the picture is: a mirrored face is another face."""
        seed = index // PER_PERSON
        others = [other for other in self._crops.of_person(seed) if other != index]
        if not others:
            return None
        cut = self._crops.pixels[self._random.choice(others)]
        target = (self._means[seed] - self._middle) / self._spread
        return Shown(_varied(cut, flip, self._numbers), torch.from_numpy(target), 0.0 if flip else 1.0, 1.0)


def _attending(seer: reference.Seer, shown: References | None) -> tuple[dict[str, Tensor] | None, Tensor]:
    """What the transformer is told of the references, and how wrongly they were told apart."""
    if shown is None:
        return None, torch.zeros(())
    patches, told = seer(shown.crops)
    wrong = ((told - shown.embeddings).pow(2).mean(1) * shown.tells).mean()
    return {"ip_adapter_image_embeds": patches * shown.counts[:, None, None]}, wrong


def train(minutes: float, renders: Path, batch: int, rate: float) -> None:
    """Trains transformer and text encoders on the latents of the work folder's autoencoder."""
    state_path = dataset.work() / "transformer.pt"
    team = Team()
    torch.manual_seed(0)
    vae = autoencoder.load(dataset.work() / "vae")
    transformer, reader, seer = build_transformer(), Reader(), reference.Seer()
    reference.install(transformer)
    modules: dict[str, torch.nn.Module] = {"transformer": transformer, "reader": reader, "seer": seer}
    weights = [p for module in modules.values() for p in module.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.97), weight_decay=0.01, fused=True)
    average = Average(modules, 0.998)
    done = 0
    if state := _restored(state_path):
        for name, module in modules.items():
            module.load_state_dict(state[name])
        optimiser.load_state_dict(state["optimiser"])
        average.values, average.steps, done = state["average"], state["average_steps"], state["steps"]
    torch.manual_seed(1000 * done + team.rank)
    batches = Batches(vae, renders, 1000 * done + team.rank)
    count = sum(p.numel() for p in transformer.parameters())
    _log(f"transformer: {count} parameters, {len(batches)} pictures, step {done}")

    ends = time.monotonic() + minutes * 60

    def step(number: int) -> dict[str, float]:
        drawn = batches.draw(batch)
        latents = drawn.latents
        words, pooled = reader(drawn.captions)
        attending, telling = _attending(seer, drawn.references)
        noise = torch.randn_like(latents)
        t = torch.sigmoid(torch.randn(len(latents)) + math.log(SHIFT))
        mixed = t[:, None, None, None] * noise + (1 - t)[:, None, None, None] * latents
        guess = transformer(
            hidden_states=mixed,
            encoder_hidden_states=words,
            pooled_projections=pooled,
            timestep=t * 1000,
            joint_attention_kwargs=attending,
            return_dict=False,
        )[0]
        squared = (guess - (noise - latents)).pow(2)
        total = (squared * drawn.weights).mean() + TELLING * telling
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call,unused-ignore]
        left = team.average(weights, max(0.0, ends - time.monotonic()) / (minutes * 60))
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (number + 1) / 200) * (0.05 + 0.95 * min(1.0, left / 0.3))
        optimiser.step()
        if team.leads:
            average.update(modules)
        told = float(telling.detach()) / WITH_REFERENCE
        return {"left": left, "loss": float(total.detach()), "plain": float(squared.detach().mean()), "telling": told}

    def save(number: int) -> None:
        if not team.leads:
            return
        state: dict[str, Any] = {name: module.state_dict() for name, module in modules.items()}
        state |= {"optimiser": optimiser.state_dict(), "average": average.values, "average_steps": average.steps}
        _save(state | {"steps": number}, state_path)

    began = time.monotonic()
    done = _run(done, step, save, quiet=not team.leads)
    _log(f"step {done} after {(time.monotonic() - began) / 60:.1f} min")


def _newest(averaged: bool) -> dict[str, Any]:
    """The work folder's newest transformer (with its adapter), reader and seer."""
    modules: dict[str, Any] = {"transformer": build_transformer(), "reader": Reader(), "seer": reference.Seer()}
    reference.install(modules["transformer"])
    state = _restored(dataset.work() / "transformer.pt")
    if state is None:
        raise RuntimeError("There is no trained state yet: run `python -m engine.builtin.train transformer` first.")
    for name, module in modules.items():
        module.load_state_dict(state[name])
    if averaged:
        average = Average(modules, 0.999)
        average.values = state["average"]
        average.put_into(modules)
    return {name: module.eval() for name, module in modules.items()}


def _pipeline(trained: dict[str, Any]) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, StableDiffusion3Pipeline

    transformer, reader = build_transformer(), trained["reader"]
    transformer.load_state_dict(reference.base_state(trained["transformer"]))
    return StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        vae=autoencoder.load(dataset.work() / "vae"),
        text_encoder=reader.first,
        tokenizer=reader.tokenizer,
        text_encoder_2=reader.second,
        tokenizer_2=reader.tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )


def _without(path: Path, key: str) -> None:
    """Drops what the autoencoder works out by itself: read back, it would be warned of as unknown."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings.pop(key, None)
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def export(folder: Path, averaged: bool = True) -> None:
    """Writes the newest averaged weights as the checkpoint that ships, half precision where it is large."""
    trained = _newest(averaged)
    made = _pipeline(trained)
    made.transformer.half()
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    made.save_pretrained(partial, safe_serialization=True)
    _without(partial / "vae" / "config.json", "block_out_channels")
    reference.save(partial / "ip_adapter", trained["transformer"], trained["seer"].encoder)
    card = {
        "trained": True,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "size": [128, 192],
        "version": VERSION,
        "max_sequence_length": 0,
    }
    (partial / "likeness.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
