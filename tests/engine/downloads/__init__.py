"""Weights on their way from a hub."""
