"""What is known of published models that run with diffusers: how they are called, what they take, whose terms hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

GRID_PX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`pattern` is found in the source, in lower case. `memory_gib` is the weights in bfloat16 and one picture.

    `references` counts pictures that go into the pipeline as its `image`. `guidance` is what the pipeline calls
    guidance, or for Qwen's models the true CFG scale.
    """

    pattern: str
    title: str = ""
    family: str = "plain"
    pipeline: str = ""
    steps: int = 28
    guidance: float = 5.0
    memory_gib: float = 0.0
    licence: str = ""
    best_for: str = "portraits on your own GPU"
    catch: str = "needs a GPU"
    negative: bool = True
    references: int = 0
    edits: bool = False
    needs_picture: bool = False
    writes_text: bool = False
    side_px: int = 1024


_STABILITY: Final = "Stability AI Community License (free below $1M yearly revenue)"
_FLUX_PERSONAL: Final = "FLUX Non-Commercial License"
_APACHE: Final = "Apache-2.0"

PUBLISHED: Final = (
    Published(
        pattern="3.5-large-turbo",
        title="SD 3.5 Large Turbo",
        family="sd35",
        pipeline="StableDiffusion3Pipeline",
        steps=4,
        guidance=1.0,
        memory_gib=27.0,
        licence=_STABILITY,
        best_for="quick drafts in the manner of SD 3.5",
        catch="no negative prompt, plainer light",
        negative=False,
        edits=True,
    ),
    Published(
        pattern="3.5-large",
        title="SD 3.5 Large",
        family="sd35",
        pipeline="StableDiffusion3Pipeline",
        steps=28,
        guidance=3.5,
        memory_gib=27.0,
        licence=_STABILITY,
        best_for="a sitter in a real place, high contrast",
        catch="saved faces only with an IP-Adapter beside it, and weakly",
        edits=True,
    ),
    Published(
        pattern="3.5-medium",
        title="SD 3.5 Medium",
        family="sd35",
        pipeline="StableDiffusion3Pipeline",
        steps=40,
        guidance=4.5,
        memory_gib=16.0,
        licence=_STABILITY,
        best_for="SD 3.5 on a smaller GPU",
        catch="hands and small faces are weaker",
        edits=True,
    ),
    Published(
        pattern="flux.2-klein-base-4b",
        title="FLUX.2 klein Base 4B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=50,
        guidance=4.0,
        memory_gib=16.0,
        licence=_APACHE,
        best_for="a base for your own fine-tunes; saved faces",
        catch="slow beside the distilled klein",
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        pattern="flux.2-klein-4b",
        title="FLUX.2 klein 4B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=4,
        guidance=1.0,
        memory_gib=16.0,
        licence=_APACHE,
        best_for="saved faces and edits in four steps",
        catch="less varied; no negative prompt",
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        pattern="flux.2-klein-9b",
        title="FLUX.2 klein 9B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=4,
        guidance=1.0,
        memory_gib=35.0,
        licence=_FLUX_PERSONAL,
        best_for="saved faces and edits, finer than 4B",
        catch="not for commercial use; no negative prompt",
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        pattern="flux.1-kontext",
        title="FLUX.1 Kontext",
        family="flux",
        pipeline="FluxKontextPipeline",
        steps=28,
        guidance=2.5,
        memory_gib=34.0,
        licence=_FLUX_PERSONAL,
        best_for="one saved face, and edits that keep the person",
        catch="not for commercial use; no negative prompt",
        negative=False,
        references=1,
        edits=True,
        writes_text=True,
    ),
    Published(
        pattern="qwen-image-edit-25",
        title="Qwen-Image-Edit",
        family="qwen",
        pipeline="QwenImageEditPlusPipeline",
        steps=40,
        guidance=4.0,
        memory_gib=58.0,
        licence=_APACHE,
        best_for="edits of a photo, and up to three saved faces in one picture",
        catch="makes nothing without a picture; one at a time; needs torchvision",
        references=3,
        edits=True,
        needs_picture=True,
        writes_text=True,
    ),
    Published(
        pattern="qwen-image-edit",
        title="Qwen-Image-Edit",
        family="qwen",
        pipeline="QwenImageEditPipeline",
        steps=50,
        guidance=4.0,
        memory_gib=58.0,
        licence=_APACHE,
        best_for="edits of a photo",
        catch="makes nothing without a picture; needs torchvision",
        references=1,
        edits=True,
        needs_picture=True,
        writes_text=True,
    ),
    Published(
        pattern="qwen-image",
        title="Qwen-Image",
        family="qwen",
        pipeline="QwenImagePipeline",
        steps=50,
        guidance=4.0,
        memory_gib=58.0,
        licence=_APACHE,
        best_for="words in the picture, long descriptions",
        catch="large and slow; no saved faces",
        edits=True,
        writes_text=True,
    ),
    Published(
        pattern="stable-diffusion-xl",
        title="SDXL",
        family="plain",
        pipeline="StableDiffusionXLPipeline",
        steps=30,
        guidance=5.0,
        memory_gib=9.0,
        licence="CreativeML Open RAIL++-M",
        best_for="portraits on a small GPU",
        catch="reads 77 tokens of a prompt; no saved faces",
    ),
    Published(
        pattern="stable-diffusion-v1-5",
        title="SD 1.5",
        family="plain",
        pipeline="StableDiffusionPipeline",
        steps=30,
        guidance=7.0,
        memory_gib=4.0,
        licence="CreativeML Open RAIL-M",
        best_for="quick pictures on almost any GPU",
        catch="small, plain pictures; reads 77 tokens of a prompt",
        side_px=512,
    ),
    Published(
        pattern="z-image-turbo",
        title="Z-Image-Turbo",
        family="qwen",
        pipeline="ZImagePipeline",
        steps=8,
        guidance=0.0,
        memory_gib=21.0,
        licence=_APACHE,
        best_for="photographic portraits in eight steps",
        catch="no saved faces, no negative prompt",
        negative=False,
        edits=True,
        writes_text=True,
    ),
)
UNKNOWN: Final = Published(pattern="")

OF_PIPELINES: Final[Mapping[str, Published]] = MappingProxyType(
    {
        "StableDiffusion3Pipeline": Published(pattern="", family="sd35", edits=True),
        "FluxPipeline": Published(pattern="", family="flux", negative=False, edits=True),
        "FluxKontextPipeline": Published(pattern="", family="flux", negative=False, references=1, edits=True),
        "Flux2KleinPipeline": Published(pattern="", family="flux2", negative=False, references=4, edits=True),
        "Flux2Pipeline": Published(pattern="", family="flux2", negative=False, references=4, edits=True),
        "QwenImagePipeline": Published(pattern="", family="qwen", edits=True),
        "QwenImageEditPipeline": Published(pattern="", family="qwen", references=1, edits=True, needs_picture=True),
        "QwenImageEditPlusPipeline": Published(pattern="", family="qwen", references=3, edits=True, needs_picture=True),
        "ZImagePipeline": Published(pattern="", family="qwen", edits=True),
    }
)
"""What follows from the pipeline alone, for a model that nothing else is known of."""


EDITORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "StableDiffusion3Pipeline": "StableDiffusion3Img2ImgPipeline",
        "FluxPipeline": "FluxImg2ImgPipeline",
        "QwenImagePipeline": "QwenImageImg2ImgPipeline",
        "ZImagePipeline": "ZImageImg2ImgPipeline",
    }
)
"""For pipelines that take no picture: the one that begins from a picture, with the same parts."""


def published(source: str) -> Published:
    """What is known of the model with this folder or hub id; `UNKNOWN` when nothing is."""
    wanted = source.lower().replace("_", "-")
    return next((known for known in PUBLISHED if known.pattern in wanted), UNKNOWN)
