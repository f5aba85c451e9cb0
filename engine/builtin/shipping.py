"""Writes the trained model as the checkpoint that ships: diffusers' folders, an IP-Adapter, `likeness.json`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from engine import face_adapter
from engine.builtin import autoencoder, crops, dataset, prior, reference
from engine.builtin.diffusion import SHIFT, build_transformer, networks
from engine.builtin.shown import Faces
from engine.builtin.train import Average, _restored
from engine.face_adapter import FaceScale

VERSION = "portraits-1"
STEPS, GUIDANCE = 4, 1.75
REFERENCE_SCALE, DRAWN_SCALE = 1.0, 1.6


def _newest(averaged: bool) -> dict[str, Any]:
    """The work folder's newest transformer (with its adapter) and reader, and the scale of its references."""
    modules: dict[str, Any] = dict(networks())
    state = _restored(dataset.work() / "transformer.pt")
    if state is None:
        raise RuntimeError("There is no trained state yet: run `python -m engine.builtin.train transformer` first.")
    for name, module in modules.items():
        module.load_state_dict(state[name])
    if averaged:
        average = Average(modules, 0.999)
        average.values = state["average"]
        average.put_into(modules)
    return {name: module.eval() for name, module in modules.items()} | {"scale": state["scale"]}


def build_scheduler() -> Any:
    """DPM-Solver++ (Lu et al. 2022) of second order, for a transformer that guesses the clean latents."""
    from diffusers import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(prediction_type="sample", use_flow_sigmas=True, flow_shift=SHIFT)


def _pipeline(trained: dict[str, Any]) -> Any:
    from diffusers import StableDiffusion3Pipeline

    transformer, reader, vae = build_transformer(), trained["reader"], autoencoder.load(dataset.work() / "vae")
    vae.decoder.load_state_dict(trained["decoder"].state_dict())
    transformer.load_state_dict(reference.base_state(trained["transformer"]))
    return StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        scheduler=build_scheduler(),
        vae=vae,
        text_encoder=reader.first,
        tokenizer=reader.tokenizer,
        text_encoder_2=reader.second,
        tokenizer_2=reader.tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )


def _without(path: Path, *keys: str) -> None:
    """Drops what the autoencoder works out by itself (read back, it would be called unknown), and where it was."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    for key in keys:
        settings.pop(key, None)
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def export(folder: Path, renders: Path, averaged: bool = True) -> None:
    """Writes the newest averaged weights as the checkpoint that ships, half precision where it is large.

    The prior is fitted to the people of `renders`.
    """
    trained = _newest(averaged)
    made = _pipeline(trained)
    made.transformer.half()
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    made.save_pretrained(partial, safe_serialization=True)
    _without(partial / "vae" / "config.json", "block_out_channels", "_name_or_path")
    scale = face_adapter.from_dict(trained["scale"])
    reference.save(partial / "ip_adapter", trained["transformer"], scale)
    found = dataset.pictures(renders)
    people = Faces(crops.read(renders), {picture.index: picture.scene for picture in found}, 0, scale)
    prior.fit(trained["reader"], found, people).write(partial / "ip_adapter")
    card = {
        "trained": True,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "size": [128, 192],
        "version": VERSION,
        "max_sequence_length": 0,
        "reference_scale": REFERENCE_SCALE,
        "drawn_scale": DRAWN_SCALE,
    }
    (partial / "likeness.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def load(folder: Path, modules: dict[str, Any]) -> FaceScale | None:
    """Reads a checkpoint's weights into networks to train: what a machine without a training state begins from.

    Returns by what scale it is told faces.
    """
    from diffusers import SD3Transformer2DModel
    from transformers import CLIPTextModelWithProjection

    base = SD3Transformer2DModel.from_pretrained(folder / "transformer", use_safetensors=True).float().state_dict()
    modules["transformer"].load_state_dict(modules["transformer"].state_dict() | base)
    for name, encoder in (("text_encoder", modules["reader"].first), ("text_encoder_2", modules["reader"].second)):
        read = CLIPTextModelWithProjection.from_pretrained(folder / name, use_safetensors=True)
        encoder.load_state_dict(read.float().state_dict())
    modules["decoder"].load_state_dict(autoencoder.load(folder / "vae").decoder.state_dict())
    reference.load(folder / "ip_adapter", modules["transformer"])
    return face_adapter.read(folder / "ip_adapter")
