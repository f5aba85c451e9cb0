"""Pictures on their way into a pipeline. Blocking; runs on the worker thread."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from engine.jobs.job import ImageToImage, Reference


class PictureUnreadable(Exception):
    """A job's picture is gone or damaged; the other jobs of its batch have nothing to do with it."""


LEAST_PX = 64
"""Pipelines that read pictures refuse smaller ones."""


def edit_picture(edit: ImageToImage, size: tuple[int, int]) -> Image.Image:
    """The picture to change, filling (width, height) in pixels; what stands over at the sides is cut.

    Raises PictureUnreadable.
    """
    return ImageOps.fit(picture_at(edit.path), size, Image.Resampling.LANCZOS)


def reference_picture(reference: Reference) -> Image.Image:
    """A reference as it is, or larger where it is too small to be read. Raises PictureUnreadable."""
    return readable(picture_at(reference.path))


def readable(picture: Image.Image) -> Image.Image:
    """The picture, larger where it is too small to be read."""
    short = min(picture.size)
    if short >= LEAST_PX:
        return picture
    width, height = (round(side * LEAST_PX / short) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def picture_at(path: Path) -> Image.Image:
    """The picture in this file, upright, in RGB. Raises PictureUnreadable."""
    try:
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except OSError as error:
        raise PictureUnreadable(path.name) from error
