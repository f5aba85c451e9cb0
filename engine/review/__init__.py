"""What a portrait is like, measured from its pixels: skin, light, eyes, anatomy, the same face, what was asked for.

`portrait_review` is the way in. No measure knows who made the picture, and none downloads anything.
"""
