"""The built-in model's transformer and text encoders: trained together by flow matching on latents.

The shapes are those of `StableDiffusion3Pipeline`, so the trained parts are saved as one and run as one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine import face_adapter
from engine.builtin import autoencoder, coupling, dataset, reference, rollouts, text
from engine.builtin.batches import FACE_WEIGHT, Batch, Batches
from engine.builtin.coupling import PATCH
from engine.builtin.critic import CHANNELS, Critic
from engine.builtin.judging import Decode, Judge
from engine.builtin.mixed import mixed
from engine.builtin.muon import Muon, is_hidden
from engine.builtin.rollouts import Likely
from engine.builtin.together import Team
from engine.builtin.train import Average, _log, _restored, _run, _save
from engine.face_adapter import FaceScale

HEADS, HEAD_WIDTH, LAYERS = 4, 64, 5
MUON_RATE = 2.0
"""Muon's rate over AdamW's."""
JUDGED_EVERY = 4
"""Of how many guesses of noisy pictures one is decoded and judged; what the model paints itself is always."""
PLAIN = 3.0
"""How much the squared error of latents counts, over the whole picture."""
JUDGED = {
    "another": 1.0,
    "colours": 25.0,
    "around": 12.0,
    "pixels": 1.0,
    "features": 0.4,
    "coarse": 3.0,
    "sharp": 0.003,
    "whole": 1.0,
}
"""What judged guesses are wrong by, and how much each counts."""
COARSE = 4
"""The side of the squares of latents whose means what the model paints itself has from the pictures."""
WHOLE = 4
"""How many guesses of a batch are decoded whole, for the decoder alone: windows have no borders to learn."""
DECODER_SHARE = 0.3
"""The decoder's rate over the others': it was trained before, and learns to forgive what guesses get wrong."""
INVENTED = 0.5
"""The share of rows with references that are asked for a face between two people's, unless nearly all is seen."""
HALF_SEEN, HALF_WAY = 0.4, 0.5
"""From which time on, and how far towards somebody else in the middle of the noise levels."""
SHIFT = 3.0
"""Times are drawn and sampled towards noise: what is where is decided early, on noisy latents."""
EARLY, EARLY_WIDTH = 0.35, 0.15
"""The share of times drawn evenly from the first 15%: there the noise alone tells who it is to be."""
COMPILED = (48, 32)
"""Height and width of the latents that the compiled blocks are for; other shapes are rare, and run as they are."""
LEAST_TIME = 0.4
"""Errors of the clean latents count by the inverse square of the time, as a velocity's would, down to here: a face is
decided on noisy latents, and that takes long to learn."""


Begin = Callable[[dict[str, torch.nn.Module]], FaceScale | None]


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
class Run:
    """A training run: what is trained, by which optimisers, and how far it has come.

    Matrices inside blocks are Muon's, everything else AdamW's.
    """

    modules: dict[str, torch.nn.Module]
    team: Team
    rate: float

    def __post_init__(self) -> None:
        named = [(f"{name}.{key}", p) for name, module in self.modules.items() for key, p in module.named_parameters()]
        self.weights = [weight for _, weight in named]
        self.muon = Muon([weight for name, weight in named if is_hidden(name, weight)], self.team)
        decoder = [weight for name, weight in named if name.startswith("decoder.")]
        rest = [weight for name, weight in named if not is_hidden(name, weight) and not name.startswith("decoder.")]
        groups = [{"params": rest, "share": 1.0}, {"params": decoder, "share": DECODER_SHARE}]
        self.adam = torch.optim.AdamW(groups, lr=self.rate, betas=(0.9, 0.97), weight_decay=0.01, fused=True)
        self.average = Average(self.modules, 0.998)
        self.steps = 0

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a saved state."""
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
        self.adam.load_state_dict(state["adam"])
        for mine, saved in zip(self.muon.momentum, state["momentum"], strict=True):
            mine.copy_(saved)
        self.average.values, self.average.steps = state["average"], state["average_steps"]
        self.steps = state["steps"]

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {name: module.state_dict() for name, module in self.modules.items()} | {
            "adam": self.adam.state_dict(),
            "momentum": self.muon.momentum,
            "average": self.average.values,
            "average_steps": self.average.steps,
            "steps": self.steps,
        }

    def descend(self, loss: Tensor, left: float) -> float:
        """One step down the loss, averaged over the team. `left` is the share of time left; returns the team's."""
        self.adam.zero_grad(set_to_none=True)
        for weight in self.weights:
            weight.grad = None
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        left = self.team.average(self.weights, left)
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        rate = self.rate * min(1.0, (self.steps + 1) / 100) * (0.05 + 0.95 * min(1.0, left / 0.3))
        for group in self.adam.param_groups:
            group["lr"] = rate * group["share"]
        self.adam.step()
        self.muon.step(MUON_RATE * rate)
        if self.team.leads:
            self.average.update(self.modules)
        self.steps += 1
        return left


def _times(count: int) -> Tensor:
    """Logit-normal times, and a share of early ones, one from each equal part of their distribution, in any order."""
    early = round(EARLY * count)
    shares = (torch.randperm(count - early) + torch.rand(count - early)) / (count - early)
    usual = torch.sigmoid(torch.special.ndtri(shares.clamp(1e-4, 1 - 1e-4)) + math.log(SHIFT))
    spread = 1 - EARLY_WIDTH * (torch.randperm(early) + torch.rand(early)) / max(1, early)
    return torch.cat([usual, spread])[torch.randperm(count)]


def _unscaled(vae: Any, decoder: torch.nn.Module) -> Decode:
    """Decodes latents as the transformer knows them."""
    scaling, shift = vae.config.scaling_factor, vae.config.shift_factor

    def decode(latents: Tensor) -> Tensor:
        decoded: Tensor = decoder((latents / scaling + shift).contiguous(memory_format=torch.channels_last))
        return decoded

    return decode


def _compile(transformer: Any) -> None:
    torch._dynamo.config.recompile_limit = 64
    for block in transformer.transformer_blocks:
        block.compile(dynamic=False)


def _guess(
    modules: dict[str, torch.nn.Module], noisy: Tensor, t: Tensor, captions: list[str], references: Tensor
) -> Tensor:
    """The clean latents as the transformer guesses them from noisy ones at times `t` (B,)."""
    words, pooled = modules["reader"](captions)
    guess: Tensor = modules["transformer"](
        hidden_states=noisy,
        encoder_hidden_states=words,
        pooled_projections=pooled,
        timestep=t * 1000,
        joint_attention_kwargs={"ip_adapter_image_embeds": references[:, None]},
        return_dict=False,
    )[0].float()
    return guess


@dataclass(frozen=True)
class Tools:
    """What batches are judged by: nothing, where it is not known where their faces are.

    `likely` says of one picture's embeddings whose face they tell.
    """

    likely: Likely
    judge: Judge | None = None
    critic: Critic | None = None


def _loss(modules: dict[str, torch.nn.Module], drawn: Batch, tools: Tools) -> tuple[Tensor, dict[str, float]]:
    """What a batch costs, and its parts.

    The transformer guesses the clean latents, not a velocity: noise need not pass through its narrow width
    (Li and He 2025, "Back to basics: let denoising generative models denoise").
    """
    stance = "default" if drawn.latents.shape[-2:] == COMPILED else "force_eager"
    with mixed(), torch.compiler.set_stance(stance):
        return _costs(modules, drawn, tools)


def _costs(modules: dict[str, torch.nn.Module], drawn: Batch, tools: Tools) -> tuple[Tensor, dict[str, float]]:
    latents, own_faces = drawn.latents, drawn.references
    noise, times = coupling.put(torch.randn_like(latents), drawn.poses), _times(len(latents))
    painted = rollouts.rows(drawn) if tools.judge else torch.zeros(0, dtype=torch.long)
    times[painted] = 0.0
    drawn = invented(drawn, times, tools.likely)
    noisy = latents.lerp(noise, times[:, None, None, None])
    rest = torch.ones(len(times), dtype=torch.bool).scatter(0, painted, value=False).nonzero()[:, 0]
    guess = torch.empty_like(latents)
    if len(painted):
        anybody = float(torch.rand(())) < rollouts.ANYBODY
        drawn = rollouts.asked(drawn, painted, tools.likely) if anybody else drawn
        reference.hold(modules["transformer"], rollouts.FARTHER if anybody else 1.0)
        told = [drawn.captions[row] for row in painted.tolist()], drawn.references[painted]
        noisy[painted], times[painted] = rollouts.painted(partial(_guess, modules), noise[painted], *told)
        guess[painted] = _guess(modules, noisy[painted], times[painted], *told)
        reference.hold(modules["transformer"], 1.0)
        drawn.weights[painted] = 0.0
    said = [drawn.captions[row] for row in rest.tolist()]
    guess[rest] = _guess(modules, noisy[rest], times[rest], said, drawn.references[rest])
    squared = ((guess - latents) / times[:, None, None, None].clamp(min=LEAST_TIME)).pow(2)
    total = PLAIN * (squared * drawn.weights).mean()
    parts = {"plain": squared.mean()}
    if tools.judge is not None:
        own = (drawn.references == own_faces).all(1).float()
        parts |= _faults(guess, drawn, times, painted, own, tools)
        total = total + sum(weight * parts[name] for name, weight in JUDGED.items() if name in parts)
    parts["loss"] = total
    return total, {name: float(part.detach()) for name, part in parts.items()}


def _faults(
    guess: Tensor, drawn: Batch, times: Tensor, painted: Tensor, own: Tensor, tools: Tools
) -> dict[str, Tensor]:
    """What is wrong with guesses, decoded; `own` (B,) is 1 where the picture's own face is asked for.

    Those at `painted` are what the model painted itself, from noise alone.
    """
    assert tools.judge is not None  # noqa: S101  (asked for only where there is one)
    rows = torch.cat([painted, _judged(times, drawn.known, painted)])
    seen = tools.judge.look(guess[rows], drawn.pictures[rows], drawn.points[rows])
    wrong = tools.judge(seen, drawn.faces[rows], drawn.known[rows], own[rows])
    off = functional.avg_pool2d((guess - drawn.latents)[painted], COARSE)
    wrong["coarse"] = off.pow(2).mean()
    if tools.critic is not None:
        levels = list(zip(seen.made.levels, seen.wanted.levels, strict=True))[: len(CHANNELS)]
        usual = [other.float().std() for _, other in levels]
        made, rendered = (
            [pair[side][: len(painted)] / by for pair, by in zip(levels, usual, strict=True)] for side in (0, 1)
        )
        wrong["sharp"] = tools.critic.wrong(made)
        wrong["critic"] = torch.tensor(tools.critic.learn(made, rendered))
    nearly = times.scatter(0, painted, 1.0).argsort()[:WHOLE]
    wrong["whole"] = tools.judge.whole(guess[nearly].detach(), drawn.pictures[nearly])
    return wrong


def _judged(t: Tensor, known: Tensor, painted: Tensor) -> Tensor:
    """The other rows whose faces are judged: those known before others, and the middle twice as often as the rest.

    Early on the reference is all there is to go by; in the middle a face half seen outweighs it, and is lost.
    """
    middle = (t > 0.2) & (t < 1 - EARLY_WIDTH)
    urgency = known + torch.rand(len(t)) ** torch.where(middle, 0.5, 1.0)
    return urgency.scatter(0, painted, -1.0).argsort(descending=True)[: len(t) // JUDGED_EVERY]


def invented(drawn: Batch, t: Tensor, likely: Likely) -> Batch:
    """The batch with faces between two people's in a share of its rows, at times `t` (B,).

    Early on nothing of the picture is seen yet, so any face may be asked for: the picture's own does not count then,
    and the judge alone says whether it is the one that was asked for. Later a face half seen must give way to the one
    that is told, as it must when a portrait is painted from guesses. Both people are alike in what words may say, so
    that words stay true. `likely` says whose face is told.
    """
    own, theirs, early = drawn.references, drawn.others, (t > 1 - EARLY_WIDTH)[:, None]
    chosen = (t > HALF_SEEN) & (torch.rand(len(t)) < INVENTED) & (drawn.known > 0)
    is_new = chosen[:, None]
    share = torch.rand(len(t), 1) * torch.where(early, 1.0, HALF_WAY)
    between = own.lerp(theirs, share)
    # What is between two people is nearer to the mean of all: it is drawn out again, as far as they are.
    length = own.norm(dim=1, keepdim=True).lerp(theirs.norm(dim=1, keepdim=True), share)
    new = between * length / between.norm(dim=1, keepdim=True).clamp(min=1e-6)
    asked, faces = torch.where(is_new, new, own), torch.where(is_new, likely(new), drawn.faces)
    elsewhere = (FACE_WEIGHT - drawn.weights) / (FACE_WEIGHT - 1)
    lighter = torch.where(early[..., None, None], elsewhere, torch.ones_like(elsewhere))
    weights = torch.where(is_new[..., None, None], lighter, drawn.weights)
    return replace(drawn, references=asked, faces=faces, weights=weights)


def networks() -> dict[str, torch.nn.Module]:
    """What is trained, untrained: the transformer with its adapter, the text encoders, and the decoder."""
    transformer = build_transformer()
    reference.install(transformer)
    return {"transformer": transformer, "reader": Reader(), "decoder": autoencoder.build().decoder}


def train(
    minutes: float,
    renders: Path,
    batch: int,
    rate: float,
    begin: Begin | None = None,
    compiled: bool = False,
) -> None:
    """Trains transformer, text encoders and decoder on the latents of the work folder's autoencoder.

    Guessed faces are judged where the renders' faces have been measured (`chips`).

    Where there is no state to go on from, `begin` may put weights into the untrained networks, and says by what scale
    they are told faces. `compiled` takes two minutes at first, and a C++ compiler; steps then take two thirds of the
    time.
    """
    state_path = dataset.work() / "transformer.pt"
    team = Team()
    torch.manual_seed(0)
    vae = autoencoder.load(dataset.work() / "vae")
    run = Run(networks(), team, rate)
    run.modules["decoder"].load_state_dict(vae.decoder.state_dict())
    scale: FaceScale | None = None
    if state := _restored(state_path):
        run.restore(state)
        scale = face_adapter.from_dict(state["scale"])
    elif begin is not None:
        scale = begin(run.modules)
        run.average = Average(run.modules, run.average.decay)
    torch.manual_seed(1000 * run.steps + team.rank)
    batches = Batches(vae, renders, 1000 * run.steps, team.rank, scale)
    judge = Judge(_unscaled(vae, run.modules["decoder"]), batches.faces.scale) if batches.measured else None
    critic = Critic(team) if judge else None
    if critic and state and "critic" in state:
        critic.restore(state["critic"])
    tools = Tools(batches.faces.likely, judge, critic)
    if compiled:
        _compile(run.modules["transformer"])
    count = sum(p.numel() for p in run.modules["transformer"].parameters())
    _log(f"transformer: {count} parameters, {len(batches)} pictures, step {run.steps}")
    began = time.monotonic()

    def step(_: int) -> dict[str, float]:
        loss, parts = _loss(run.modules, batches.draw(batch), tools)
        left = max(0.0, 1 - (time.monotonic() - began) / (minutes * 60))
        return {"left": run.descend(loss, left)} | parts

    def save(_: int) -> None:
        if team.leads:
            more = {"critic": critic.state()} if critic else {}
            _save(run.state() | {"scale": batches.faces.scale.as_dict()} | more, state_path)

    done = _run(run.steps, step, save, quiet=not team.leads)
    _log(f"step {done} after {(time.monotonic() - began) / 60:.1f} min")
