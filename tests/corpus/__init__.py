"""Prompts labelled by hand, and the commands that score the reader and the policy against them."""
