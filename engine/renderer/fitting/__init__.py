"""Faces from elsewhere, a photograph or another model's portrait, as people whom the studio can photograph."""
