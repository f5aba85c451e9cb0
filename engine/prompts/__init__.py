"""How a portrait prompt is read and written. Callers import `engine.prompt`."""
