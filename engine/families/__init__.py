"""How each family of models is spoken to. Callers import `engine.dialects`."""
