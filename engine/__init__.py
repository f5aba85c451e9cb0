"""Portraits and models: how prompts are read and said, the queue, the backends, faces, pictures, the photo studio."""
