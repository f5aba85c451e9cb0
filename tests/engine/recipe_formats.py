"""What tools write into pictures, as their makers describe it, and the places where it may stand."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

from PIL import Image

from engine.recipes.picture_text import with_texts
from tests.engine.pictures.test_provenance import png

WORDS: Final = "a weathered sailor, wool peacoat, on a pier, 85mm"
UNWANTED: Final = "cartoon, hat"
SEED: Final = 3_141_592_653
SIZE: Final = (832, 1216)
BLOCK: Final = (
    f"{WORDS}\nNegative prompt: {UNWANTED}\n"
    f"Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: {SEED}, Size: 832x1216, Model hash: abc, Model: x, "
    "Version: v1.10.1"
)
USER_COMMENT, DESCRIPTION, MAKER_NOTE, MAKE, MODEL = 0x9286, 0x010E, 0x927C, 0x010F, 0x0110


def of_jpeg(data: bytes = b"", *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with EXIF data and other segments."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 60)).save(buffer, "JPEG")
    parts = ((0xE1, b"Exif\0\0" + data), *segments) if data else segments
    added = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in parts)
    return b"\xff\xd8" + added + buffer.getvalue()[2:]


def of_webp(data: bytes = b"", xmp: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 60)).save(buffer, "WEBP", exif=data, xmp=xmp)
    return buffer.getvalue()


def exif(*entries: tuple[int, bytes], inner: tuple[tuple[int, bytes], ...] = (), order: str = "<") -> bytes:
    """EXIF data whose first directory, and its own, hold these texts as bytes."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    body, after = _directory(entries, 8, order, pointer=bool(inner))
    if inner:
        at = 8 + len(body) + len(after)
        body = body[:-16] + struct.pack(f"{order}HHII", 0x8769, 4, 1, at) + body[-4:]
        second, more = _directory(inner, at, order)
        after += second + more
    return head + body + after


def _directory(
    entries: tuple[tuple[int, bytes], ...], start: int, order: str, *, pointer: bool = False
) -> tuple[bytes, bytes]:
    count = len(entries) + pointer
    made, data = struct.pack(f"{order}H", count), b""
    for tag, value in entries:
        at = start + 6 + 12 * count + len(data)
        made += struct.pack(f"{order}HHII", tag, 7, len(value), at)
        data += value.ljust(8, b"\0") if len(value) < 8 else value
    return made + bytes(12 * pointer) + bytes(4), data


def unicode_comment(text: str, encoding: str = "utf-16-be") -> bytes:
    return b"UNICODE\0" + text.encode(encoding)


def in_comment(text: str) -> bytes:
    return exif(inner=((USER_COMMENT, unicode_comment(text)),))


def xmp(**properties: str) -> str:
    escaped = {name: text.replace("&", "&amp;").replace("<", "&lt;") for name, text in properties.items()}
    inner = "".join(
        f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></{name}>'
        for name, text in ((name.replace("_", ":"), text) for name, text in escaped.items())
    )
    return f"<x:xmpmeta><rdf:RDF><rdf:Description>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>"


def itxt(keyword: str, text: str, *, packed: bool = False) -> bytes:
    data = text.encode()
    body = (
        keyword.encode() + b"\0" + (b"\1" if packed else b"\0") + b"\0\0\0" + (zlib.compress(data) if packed else data)
    )
    return with_chunk(b"iTXt", body)


def with_chunk(kind: bytes, body: bytes) -> bytes:
    raw = png()
    return raw[:33] + struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) + raw[33:]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def graph(**more: Any) -> dict[str, Any]:
    """ComfyUI's first example of a workflow, as it is run."""
    return {
        "3": node(
            "KSampler", seed=SEED, steps=20, cfg=8, sampler_name="euler", scheduler="normal", denoise=1,
            model=["4", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="x.safetensors"),
        "5": node("EmptyLatentImage", width=832, height=1216, batch_size=1),
        "6": node("CLIPTextEncode", text=WORDS, clip=["4", 1]),
        "7": node("CLIPTextEncode", text=UNWANTED, clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
        **more,
    }  # fmt: skip


DRAWN: Final = {
    "nodes": [
        {"id": 3, "type": "KSampler", "widgets_values": [SEED, "randomize", 20, 8, "euler", "normal", 1],
         "inputs": [{"name": "positive", "link": 4}, {"name": "negative", "link": 6},
                    {"name": "latent_image", "link": 2}]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [832, 1216, 1], "inputs": []},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": [WORDS], "inputs": []},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": [UNWANTED]},
    ],
    "links": [[2, 5, 0, 3, 3, "LATENT"], [4, 6, 0, 3, 1, "CONDITIONING"], [6, 7, 0, 3, 2, "CONDITIONING"]],
}  # fmt: skip
SWARM: Final = json.dumps(
    {
        "sui_image_params": {
            "prompt": WORDS, "negativeprompt": UNWANTED, "model": "x", "seed": SEED, "steps": 20, "cfgscale": 7.0,
            "aspectratio": "Custom", "width": 832, "height": 1216, "sampler": "euler", "swarm_version": "0.9.6.0",
        },
        "sui_extra_data": {"date": "2026-01-01", "original_prompt": "<random:a,b>"},
        "sui_models": [{"name": "x", "param": "model", "hash": "0x1"}],
    },
    indent=2,
)  # fmt: skip
INVOKE: Final = json.dumps(
    {
        "generation_mode": "sdxl_txt2img", "positive_prompt": WORDS, "negative_prompt": UNWANTED, "width": 832,
        "height": 1216, "seed": SEED, "steps": 30, "cfg_scale": 7.5, "scheduler": "euler", "app_version": "6.1.0",
        "model": {"key": "1", "hash": "blake3:1", "name": "x", "base": "sdxl", "type": "main"},
    }
)  # fmt: skip
INVOKE_2: Final = json.dumps(
    {
        "model": "stable diffusion", "model_weights": "x", "app_id": "invoke-ai/InvokeAI", "app_version": "2.3.5",
        "image": {
            "prompt": [{"prompt": f"{WORDS} [{UNWANTED}]", "weight": 1.0}], "steps": 20, "cfg_scale": 7.5,
            "height": 1216, "width": 832, "seed": SEED, "sampler": "k_lms", "type": "txt2img", "variations": [],
        },
    }
)  # fmt: skip
FOOOCUS: Final = json.dumps(
    {
        "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "x", "full_prompt": [WORDS, "cinematic still"],
        "full_negative_prompt": [UNWANTED, "anime"], "guidance_scale": 4, "metadata_scheme": "fooocus",
        "negative_prompt": UNWANTED, "performance": "Speed", "prompt": WORDS, "resolution": "(832, 1216)",
        "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "seed": str(SEED), "sharpness": 2, "steps": 30,
        "styles": "['Fooocus V2']", "version": "Fooocus v2.5.5",
    }
)  # fmt: skip
FOOOCUS_OLD: Final = json.dumps(
    {
        "prompt": WORDS, "negative_prompt": UNWANTED, "styles": ["cinematic"], "performance": "Speed",
        "resolution": [832, 1216], "width": 832, "height": 1216, "seed": SEED, "base_model": "x",
        "software": "Fooocus 2.0.78.5 MRE",
    }
)  # fmt: skip
RUINED: Final = json.dumps(
    {
        "Prompt": WORDS, "Negative": UNWANTED, "steps": 30, "cfg": 8, "width": 832, "height": 1216, "seed": SEED,
        "sampler_name": "dpmpp_2m", "scheduler": "karras", "base_model_name": "x", "software": "RuinedFooocus",
    }
)  # fmt: skip
NOVEL: Final = {
    "prompt": WORDS, "steps": 28, "height": 1216, "width": 832, "scale": 5.0, "uc": UNWANTED, "seed": SEED,
    "sampler": "k_euler_ancestral", "n_samples": 1, "noise_schedule": "karras", "request_type": "PromptGenerateRequest",
}  # fmt: skip
NOVEL_4: Final = {
    **NOVEL,
    "v4_prompt": {
        "caption": {
            "base_caption": "a weathered sailor, wool peacoat",
            "char_captions": [{"char_caption": "on a pier, 85mm"}],
        }
    },
    "v4_negative_prompt": {"caption": {"base_caption": UNWANTED, "char_captions": []}},
}
DRAW: Final = json.dumps(
    {
        "c": WORDS, "uc": UNWANTED, "model": "x.ckpt", "sampler": "DPM++ 2M Karras", "scale": 4.5, "seed": SEED,
        "size": "832x1216", "steps": 20, "strength": 1, "seed_mode": "Scale Alike", "lora": [], "v2": {"loras": []},
    }
)  # fmt: skip
EASY: Final = {
    "prompt": WORDS, "negative_prompt": UNWANTED, "seed": SEED, "width": 832, "height": 1216,
    "num_inference_steps": 25, "guidance_scale": 7.5, "sampler_name": "euler_a", "use_stable_diffusion_model": "x",
}  # fmt: skip
EASY_LABELLED: Final = {
    "Prompt": WORDS, "Negative Prompt": UNWANTED, "Seed": str(SEED), "Width": "832", "Height": "1216", "Steps": "25",
    "Guidance Scale": "7.5", "Sampler": "euler_a", "Stable Diffusion model": "x",
}  # fmt: skip
HORDE: Final = json.dumps(
    {
        "id": "c8", "worker": {"id": "12", "name": "somebody"}, "requestId": "e8", "prompt": WORDS, "seed": str(SEED),
        "negativePrompt": UNWANTED, "sampler": "k_dpm_fast", "cfgScale": 2, "height": 1216, "width": 832, "steps": 20,
        "model": "x", "generator": "HordeNG (https://horde-ng.org)",
    }
)  # fmt: skip
ARTBOT: Final = (
    f"{WORDS}\nNegative prompt: {UNWANTED}\n"
    f"Steps: 20, Sampler: k_euler, CFG scale: 5, Seed: {SEED}, Size: 832x1216, model: x"
)
CIVITAI: Final = json.dumps(
    {
        "resource-stack": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "urn:air:x"}},
        "6": {"class_type": "smZ CLIPTextEncode", "inputs": {"text": WORDS}},
        "extra": {"airs": ["urn:air:x"]},
        "extraMetadata": json.dumps(
            {
                "prompt": WORDS, "negativePrompt": UNWANTED, "steps": 25, "cfgScale": 7, "sampler": "DPM++ 2M Karras",
                "seed": SEED, "width": 832, "height": 1216, "workflowId": "txt2img", "resources": [],
            }
        ),
    }
)  # fmt: skip
CIVITAI_BLOCK: Final = (
    f"{WORDS}\nNegative prompt: {UNWANTED}\nSteps: 30, CFG scale: 7, Sampler: DPM++ 2M Karras, Seed: {SEED}, "
    'Size: 832x1216, Created Date: 2026-01-01T10:00:00.0Z, Civitai resources: [{"modelName":"a, b","type":"lora"}], '
    "Civitai metadata: {}"
)


def block(settings: str, after: str = "") -> str:
    return f"{WORDS}\nNegative prompt: {UNWANTED}\n{settings}{after}"


def utf(text: str) -> bytes:
    return text.encode()


WRITTEN: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "A1111, PNG": ("A1111", lambda: with_texts(png(), {"parameters": BLOCK})),
    "A1111, zTXt": ("A1111", lambda: with_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(utf(BLOCK)))),
    "A1111, iTXt": ("A1111", lambda: itxt("parameters", BLOCK)),
    "A1111, packed iTXt": ("A1111", lambda: itxt("parameters", BLOCK, packed=True)),
    "A1111, EXIF of a PNG": ("A1111", lambda: with_chunk(b"eXIf", in_comment(BLOCK))),
    "A1111, JPEG": ("A1111", lambda: of_jpeg(in_comment(BLOCK))),
    "A1111, WebP": ("A1111", lambda: of_webp(in_comment(BLOCK))),
    "A1111, comment of a JPEG": ("A1111", lambda: of_jpeg(b"", (0xFE, utf(BLOCK)))),
    "A1111, ImageDescription": ("A1111", lambda: of_jpeg(exif((DESCRIPTION, utf(BLOCK))))),
    "A1111, UserComment in the first directory": ("A1111", lambda: of_jpeg(exif((USER_COMMENT, utf(BLOCK))))),
    "A1111, templates after the settings": (
        "A1111",
        lambda: with_texts(png(), {"parameters": f"{BLOCK}\nTemplate: a {{red|blue}} x,\nhat\nNegative Template: x"}),
    ),
    "Forge": (
        "Forge",
        lambda: with_texts(png(), {"parameters": block(
            f"Steps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: {SEED}, "
            'Size: 832x1216, Model: x, Lora hashes: "a: 1, b: 2", Version: f2.0.1v1.10.1-previous-665, Module 1: ae'
        )}),
    ),
    "SD.Next, which begins otherwise": (
        "SD.Next",
        lambda: of_webp(in_comment(block(
            f"Size: 832x1216, Seed: {SEED}, Steps: 20, Sampler: UniPC, CFG scale: 6, Model: x, App: SD.Next, "
            "Version: 9f6ab6d, Operations: txt2img"
        ))),
    ),
    "Civitai, settings": ("Civitai", lambda: of_jpeg(in_comment(CIVITAI_BLOCK))),
    "Civitai, its own generator": ("Civitai", lambda: of_jpeg(in_comment(CIVITAI))),
    "ComfyUI": ("ComfyUI", lambda: with_texts(png(), {"prompt": json.dumps(graph()), "workflow": json.dumps(DRAWN)})),
    "ComfyUI, as drawn": ("ComfyUI", lambda: with_texts(png(), {"workflow": json.dumps(DRAWN)})),
    "ComfyUI, WebP": (
        "ComfyUI",
        lambda: of_webp(exif((MAKE, b"workflow:{}"), (MODEL, utf(f"prompt:{json.dumps(graph())}")))),
    ),
    "ComfyUI, one comment for both": (
        "ComfyUI", lambda: of_jpeg(in_comment(json.dumps({"prompt": graph(), "workflow": DRAWN}))),
    ),
    "ComfyUI, settings by a node that saves": (
        "ComfyUI", lambda: with_texts(png(), {
            "parameters": block(f"Steps: 20, Sampler: euler, Seed: {SEED}, Size: 832x1216, Version: ComfyUI"),
            "prompt": json.dumps(graph()),
        }),
    ),
    "SwarmUI": ("SwarmUI", lambda: itxt("parameters", SWARM)),
    "SwarmUI, JPEG": ("SwarmUI", lambda: of_jpeg(in_comment(SWARM))),
    "SwarmUI, WebP": ("SwarmUI", lambda: of_webp(in_comment(SWARM))),
    "InvokeAI 3 to 6": ("InvokeAI", lambda: with_texts(png(), {"invokeai_metadata": INVOKE, "invokeai_graph": "{}"})),
    "InvokeAI 2": ("InvokeAI", lambda: with_texts(png(), {"sd-metadata": INVOKE_2, "Dream": "x"})),
    "InvokeAI 2, the command": (
        "InvokeAI",
        lambda: with_texts(png(), {"Dream": f'"{WORDS} [{UNWANTED}]" -s 50 -S {SEED} -W 832 -H 1216 -C 7.5 -A k_lms'}),
    ),
    "Fooocus": ("Fooocus", lambda: with_texts(png(), {"fooocus_scheme": "fooocus", "parameters": FOOOCUS})),
    "Fooocus, JPEG": (
        "Fooocus",
        lambda: of_jpeg(exif((0x0131, b"Fooocus v2.5.5"), (MAKER_NOTE, b"fooocus\0\0"), (USER_COMMENT, utf(FOOOCUS)))),
    ),
    "Fooocus, in A1111's form": ("Fooocus", lambda: with_texts(png(), {"fooocus_scheme": "a1111", "parameters": block(
        f"Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: {SEED}, Size: 832x1216, CFG scale: 4, Version: Fooocus v2.5.5"
    )})),
    "Fooocus, Comment": ("Fooocus", lambda: with_texts(png(), {"Comment": FOOOCUS_OLD})),
    "RuinedFooocus": ("RuinedFooocus", lambda: with_texts(png(), {"parameters": RUINED})),
    "NovelAI": (
        "NovelAI",
        lambda: with_texts(png(), {
            "Title": "NovelAI generated image", "Description": WORDS, "Software": "NovelAI",
            "Source": "NovelAI Diffusion V3 1", "Comment": json.dumps(NOVEL),
        }),
    ),
    "NovelAI 4": ("NovelAI", lambda: with_texts(png(), {"Software": "NovelAI", "Comment": json.dumps(NOVEL_4)})),
    "NovelAI, WebP": (
        "NovelAI",
        lambda: of_webp(in_comment(json.dumps({"Description": WORDS, "Comment": json.dumps(NOVEL)}))),
    ),
    "Draw Things": (
        "Draw Things", lambda: itxt("XML:com.adobe.xmp", xmp(xmp_CreatorTool="Draw Things", exif_UserComment=DRAW)),
    ),
    "Draw Things, JPEG": (
        "Draw Things",
        lambda: of_jpeg(b"", (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + utf(xmp(exif_UserComment=DRAW)))),
    ),
    "Draw Things, WebP": ("Draw Things", lambda: of_webp(xmp=utf(xmp(exif_UserComment=DRAW)))),
    "Draw Things, described": (
        "Draw Things",
        lambda: itxt("XML:com.adobe.xmp", xmp(xmp_CreatorTool="Draw Things", dc_description=(
            f"{WORDS}\n-{UNWANTED}\nSteps: 20, Sampler: Euler A, Guidance Scale: 4.0, Seed: {SEED}, Size: 832x1216"
        ))),
    ),
    "Easy Diffusion": ("Easy Diffusion", lambda: with_texts(png(), {name: str(value) for name, value in EASY.items()})),
    "Easy Diffusion, labelled": ("Easy Diffusion", lambda: with_texts(png(), EASY_LABELLED)),
    "Easy Diffusion, JPEG": ("Easy Diffusion", lambda: of_jpeg(in_comment(json.dumps(EASY)))),
    "Easy Diffusion, WebP": ("Easy Diffusion", lambda: of_webp(in_comment(json.dumps(EASY_LABELLED)))),
    "AI Horde, HordeNG": ("AI Horde (HordeNG)", lambda: of_jpeg(exif((DESCRIPTION, utf(HORDE))))),
    "AI Horde, ArtBot": ("AI Horde (ArtBot)", lambda: with_texts(png(), {"Comment": ARTBOT})),
    "AI Horde, ArtBot, JPEG": ("AI Horde (ArtBot)", lambda: of_jpeg(b"", (0xFE, utf(ARTBOT)))),
    "AI Horde, its interface": ("AI Horde", lambda: with_texts(png(), {"parameters": json.dumps(
        {"prompt": f"{WORDS} ### {UNWANTED}", "trusted_workers": False,
         "params": {"seed": str(SEED), "width": 832, "height": 1216, "steps": 20, "sampler_name": "k_euler"}}
    )})),
}  # fmt: skip
