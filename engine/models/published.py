"""What is known of published models that run with diffusers: how they are called, what they take, whose terms hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine.sayings import worded

GRID_PX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`id` is the hub's, and `aliases` are others with the same files; upper and lower case count as the same.

    `memory_gib` is the weights in bfloat16 and one picture. `references` counts pictures that go into the pipeline as
    its `image`. `guidance` is what the pipeline calls guidance, or for Qwen's models the true CFG scale. `unfit` says
    why no portrait can come of it, as a clause; `skip_layers` are layers that its makers guide away from.
    """

    id: str = ""
    aliases: tuple[str, ...] = ()
    title: str = ""
    family: str = "plain"
    pipeline: str = ""
    steps: int = 28
    guidance: float = 5.0
    memory_gib: float = 0.0
    licence: str = ""
    best_for: str = worded("portraits on your own GPU")
    catch: str = worded("needs a GPU")
    negative: bool = True
    references: int = 0
    edits: bool = False
    needs_picture: bool = False
    writes_text: bool = False
    side_px: int = 1024
    unfit: str = ""
    skip_layers: tuple[int, ...] = ()


_STABILITY: Final = "Stability AI Community License (free below $1M yearly revenue)"
_FLUX_PERSONAL: Final = "FLUX Non-Commercial License"
_APACHE: Final = "Apache-2.0"
_LAYERS: Final = "it takes a picture apart into layers and makes none from words"

PUBLISHED: Final = (
    Published(
        id="stabilityai/stable-diffusion-3.5-large-turbo",
        title="SD 3.5 Large Turbo",
        family="sd35",
        pipeline="StableDiffusion3Pipeline",
        steps=4,
        guidance=1.0,
        memory_gib=27.0,
        licence=_STABILITY,
        best_for=worded("quick drafts in the manner of SD 3.5"),
        catch=worded("no negative prompt, plainer light"),
        negative=False,
        edits=True,
    ),
    Published(
        id="stabilityai/stable-diffusion-3.5-large",
        title="SD 3.5 Large",
        family="sd35",
        pipeline="StableDiffusion3Pipeline",
        steps=28,
        guidance=3.5,
        memory_gib=27.0,
        licence=_STABILITY,
        best_for=worded("a sitter in a real place, high contrast"),
        catch=worded("saved faces only with an IP-Adapter beside it, and weakly"),
        edits=True,
    ),
    Published(
        id="stabilityai/stable-diffusion-3.5-medium",
        title="SD 3.5 Medium",
        family="sd35",
        pipeline="StableDiffusion3Pipeline",
        steps=40,
        guidance=4.5,
        skip_layers=(7, 8, 9),
        memory_gib=16.0,
        licence=_STABILITY,
        best_for=worded("SD 3.5 on a smaller GPU"),
        catch=worded("hands and small faces are weaker"),
        edits=True,
    ),
    Published(
        id="black-forest-labs/FLUX.2-klein-base-4B",
        title="FLUX.2 klein Base 4B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=50,
        guidance=4.0,
        memory_gib=16.0,
        licence=_APACHE,
        best_for=worded("a base for your own fine-tunes; saved faces"),
        catch=worded("slow beside the distilled klein"),
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.2-klein-4B",
        title="FLUX.2 klein 4B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=4,
        guidance=1.0,
        memory_gib=16.0,
        licence=_APACHE,
        best_for=worded("saved faces and edits in four steps"),
        catch=worded("less varied; no negative prompt"),
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.2-klein-9B",
        title="FLUX.2 klein 9B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=4,
        guidance=1.0,
        memory_gib=35.0,
        licence=_FLUX_PERSONAL,
        best_for=worded("saved faces and edits, finer than 4B"),
        catch=worded("not for commercial use; no negative prompt"),
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.2-klein-base-9B",
        title="FLUX.2 klein Base 9B",
        family="flux2",
        pipeline="Flux2KleinPipeline",
        steps=50,
        guidance=4.0,
        memory_gib=35.0,
        licence=_FLUX_PERSONAL,
        best_for=worded("a base for your own fine-tunes, finer than 4B"),
        catch=worded("not for commercial use; slow beside the distilled klein"),
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.2-klein-9b-kv",
        title="FLUX.2 klein 9B KV",
        family="flux2",
        pipeline="Flux2KleinKVPipeline",
        steps=4,
        guidance=1.0,
        memory_gib=35.0,
        licence=_FLUX_PERSONAL,
        best_for=worded("several saved faces, read once instead of at every step"),
        catch=worded("not for commercial use; no negative prompt"),
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.2-dev",
        title="FLUX.2 dev",
        family="flux2",
        pipeline="Flux2Pipeline",
        steps=50,
        guidance=4.0,
        memory_gib=108.0,
        licence=_FLUX_PERSONAL,
        best_for=worded("saved faces and edits, as fine as open weights get"),
        catch=worded("very large and slow; not for commercial use"),
        negative=False,
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.1-dev",
        title="FLUX.1 dev",
        family="flux",
        pipeline="FluxPipeline",
        steps=28,
        guidance=3.5,
        memory_gib=34.0,
        licence=_FLUX_PERSONAL,
        best_for=worded("whole sentences, and the most LoRAs beside SDXL"),
        catch=worded("no saved faces, no negative prompt; not for commercial use"),
        negative=False,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.1-schnell",
        title="FLUX.1 schnell",
        family="flux",
        pipeline="FluxPipeline",
        steps=4,
        guidance=0.0,
        memory_gib=34.0,
        licence=_APACHE,
        best_for=worded("whole sentences in four steps"),
        catch=worded("no saved faces, no negative prompt"),
        negative=False,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="black-forest-labs/FLUX.1-Kontext-dev",
        title="FLUX.1 Kontext",
        family="flux",
        pipeline="FluxKontextPipeline",
        steps=28,
        guidance=2.5,
        memory_gib=34.0,
        licence=_FLUX_PERSONAL,
        best_for=worded("one saved face, and edits that keep the person"),
        catch=worded("not for commercial use; no negative prompt"),
        negative=False,
        references=1,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="Qwen/Qwen-Image-Edit-2511",
        aliases=("Qwen/Qwen-Image-Edit-2509",),
        title="Qwen-Image-Edit",
        family="qwen",
        pipeline="QwenImageEditPlusPipeline",
        steps=40,
        guidance=4.0,
        memory_gib=58.0,
        licence=_APACHE,
        best_for=worded("edits of a photo, and up to three saved faces in one picture"),
        catch=worded("makes nothing without a picture; one at a time; needs torchvision"),
        references=3,
        edits=True,
        needs_picture=True,
        writes_text=True,
    ),
    Published(
        id="Qwen/Qwen-Image-Edit",
        title="Qwen-Image-Edit",
        family="qwen",
        pipeline="QwenImageEditPipeline",
        steps=50,
        guidance=4.0,
        memory_gib=58.0,
        licence=_APACHE,
        best_for=worded("edits of a photo"),
        catch=worded("makes nothing without a picture; needs torchvision"),
        references=1,
        edits=True,
        needs_picture=True,
        writes_text=True,
    ),
    Published(
        id="Qwen/Qwen-Image",
        aliases=("Qwen/Qwen-Image-2512",),
        title="Qwen-Image",
        family="qwen",
        pipeline="QwenImagePipeline",
        steps=50,
        guidance=4.0,
        memory_gib=58.0,
        licence=_APACHE,
        best_for=worded("words in the picture, long descriptions"),
        catch=worded("large and slow; no saved faces"),
        edits=True,
        writes_text=True,
    ),
    Published(
        id="Qwen/Qwen-Image-2.1",
        title="Qwen-Image 2.1",
        family="qwen",
        pipeline="QwenImage21Pipeline",
        steps=40,
        guidance=1.0,
        memory_gib=33.0,
        licence="Qwen Research License",
        best_for=worded("saved faces, edits and words in the picture"),
        catch=worded("not for commercial use; needs torchvision"),
        references=4,
        edits=True,
        writes_text=True,
    ),
    Published(
        id="Qwen/Qwen-Image-Layered",
        title="Qwen-Image-Layered",
        family="qwen",
        pipeline="QwenImageLayeredPipeline",
        licence=_APACHE,
        unfit=_LAYERS,
    ),
    Published(
        id="stabilityai/stable-diffusion-xl-base-1.0",
        title="SDXL",
        family="tags",
        pipeline="StableDiffusionXLPipeline",
        steps=30,
        guidance=5.0,
        memory_gib=9.0,
        licence="CreativeML Open RAIL++-M",
        best_for=worded("portraits on a small GPU, and thousands of fine-tunes"),
        catch=worded("saved faces only with an IP-Adapter beside it"),
        edits=True,
    ),
    Published(
        id="stable-diffusion-v1-5/stable-diffusion-v1-5",
        aliases=("runwayml/stable-diffusion-v1-5", "sd-legacy/stable-diffusion-v1-5"),
        title="SD 1.5",
        family="tags",
        pipeline="StableDiffusionPipeline",
        steps=30,
        guidance=7.0,
        memory_gib=4.0,
        licence="CreativeML Open RAIL-M",
        best_for=worded("quick pictures on almost any GPU"),
        catch=worded("small, plain pictures; saved faces only with an IP-Adapter beside it"),
        edits=True,
        side_px=512,
    ),
    Published(
        id="Tongyi-MAI/Z-Image",
        title="Z-Image",
        family="qwen",
        pipeline="ZImagePipeline",
        steps=50,
        guidance=4.0,
        memory_gib=21.0,
        licence=_APACHE,
        best_for=worded("photographic portraits, more varied than Turbo"),
        catch=worded("no saved faces; six times as slow as Turbo"),
        edits=True,
        writes_text=True,
    ),
    Published(
        id="Tongyi-MAI/Z-Image-Turbo",
        title="Z-Image-Turbo",
        family="qwen",
        pipeline="ZImagePipeline",
        steps=8,
        guidance=0.0,
        memory_gib=21.0,
        licence=_APACHE,
        best_for=worded("photographic portraits in eight steps"),
        catch=worded("no saved faces, no negative prompt"),
        negative=False,
        edits=True,
        writes_text=True,
    ),
)
UNKNOWN: Final = Published()

OF_PIPELINES: Final[Mapping[str, Published]] = MappingProxyType(
    {
        "StableDiffusion3Pipeline": Published(family="sd35", edits=True),
        "StableDiffusionXLPipeline": Published(family="tags", steps=30, edits=True),
        "StableDiffusionPipeline": Published(family="tags", steps=30, guidance=7.0, edits=True, side_px=512),
        "FluxPipeline": Published(family="flux", negative=False, edits=True),
        "FluxKontextPipeline": Published(family="flux", negative=False, references=1, edits=True),
        "Flux2KleinPipeline": Published(family="flux2", negative=False, references=4, edits=True),
        "Flux2KleinKVPipeline": Published(
            family="flux2", steps=4, guidance=1.0, negative=False, references=4, edits=True
        ),
        "Flux2Pipeline": Published(family="flux2", negative=False, references=4, edits=True),
        "QwenImagePipeline": Published(family="qwen", edits=True),
        "QwenImageEditPipeline": Published(family="qwen", references=1, edits=True, needs_picture=True),
        "QwenImageEditPlusPipeline": Published(family="qwen", references=3, edits=True, needs_picture=True),
        "QwenImage21Pipeline": Published(family="qwen", steps=40, guidance=1.0, references=4, edits=True),
        "QwenImageLayeredPipeline": Published(family="qwen", unfit=_LAYERS),
        "ZImagePipeline": Published(family="qwen", edits=True),
    }
)
"""What follows from the pipeline alone, for a model that nothing else is known of."""


EDITORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "StableDiffusion3Pipeline": "StableDiffusion3Img2ImgPipeline",
        "StableDiffusionXLPipeline": "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionPipeline": "StableDiffusionImg2ImgPipeline",
        "FluxPipeline": "FluxImg2ImgPipeline",
        "QwenImagePipeline": "QwenImageImg2ImgPipeline",
        "ZImagePipeline": "ZImageImg2ImgPipeline",
    }
)
"""For pipelines that take no picture: the one that begins from a picture, with the same parts."""


_BY_ID: Final[Mapping[str, Published]] = MappingProxyType(
    {name.casefold(): known for known in PUBLISHED for name in (known.id, *known.aliases)}
)
_BY_FOLDER: Final[Mapping[str, Published]] = MappingProxyType(
    {name.rpartition("/")[2]: known for name, known in _BY_ID.items()}
)
_SNAPSHOT: Final = "models--"


def published(source: str) -> Published:
    """What is known of the model with this hub id, or in a folder called like it; `UNKNOWN` when nothing is.

    A name that is nearly one of them belongs to another model: a quantised one, a LoRA, somebody's fine-tune.
    """
    wanted = source.casefold()
    if wanted in _BY_ID:
        return _BY_ID[wanted]
    folder = Path(wanted)
    cached = next((part for part in folder.parts if part.startswith(_SNAPSHOT)), "")
    if cached:
        return _BY_ID.get(cached.removeprefix(_SNAPSHOT).replace("--", "/"), UNKNOWN)
    if not folder.is_absolute() and not Path(source).is_dir():
        return UNKNOWN
    return _BY_FOLDER.get(folder.name, UNKNOWN)
