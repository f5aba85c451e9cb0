"""From a pipeline's pictures to plain arrays, and whether they are pictures at all."""

from __future__ import annotations

from typing import Any


def of(images: Any) -> list[Any]:
    """One a picture: (height, width, 3) in uint8 on the CPU, None for one that is none.

    `images` is a tensor (rows, 3, height, width) in 0…1, or a list of pictures as PIL has them, which stay as they are.
    Waits for the device. The arithmetic is that of diffusers, so that the picture is the same bit for bit.
    """
    import torch

    if not isinstance(images, torch.Tensor):
        return [picture if _is_sound_picture(picture) else None for picture in images]
    sound = [is_sound(image) for image in images]
    arrays = (images.permute(0, 2, 3, 1).float() * 255).round().to(torch.uint8).cpu().numpy()
    return [array if fine else None for array, fine in zip(arrays, sound, strict=True)]


def is_sound(tensor: Any) -> bool:
    """Whether all of it is finite, and it is not all one number: what overflows ends as one of these."""
    import torch

    return bool(torch.isfinite(tensor).all() and tensor.amin() != tensor.amax())


def _is_sound_picture(picture: Any) -> bool:
    lowest, highest = zip(*(band.getextrema() for band in picture.convert("RGB").split()), strict=True)
    return bool(min(lowest) != max(highest))
