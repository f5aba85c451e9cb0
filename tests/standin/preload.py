"""Imported once by the process from which warm bots are forked: what a first portrait would import."""

from diffusers import StableDiffusion3Pipeline

__all__ = ["StableDiffusion3Pipeline"]
