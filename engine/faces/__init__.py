"""Whose face it is, how like another, and what is told of a portrait's faces. It imports nothing of the engine."""
