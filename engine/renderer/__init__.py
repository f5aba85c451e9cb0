"""The virtual photo studio: people, hair, clothes, places, lamps, lenses and film, traced on a CPU; no GPU, no weights.

`engine.renderer.scene` says what a picture is of, `engine.renderer.photograph` takes it. Knows prompts and pictures.
"""
