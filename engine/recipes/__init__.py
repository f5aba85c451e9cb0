"""What other tools write into the pictures they make, read without believing a word of it.

`embedded_recipe` reads a picture, and `places` says where texts lie in it. Each tool has a function that reads its own
from those, listed in `recipe_tools.TOOLS`. Nothing here knows what a portrait is: what comes out is the words as they
were written, and numbers.
"""

from engine.recipes.found_recipe import FoundRecipe, Texts, UnreadableRecipe, sound
from engine.recipes.recipe_tools import read, read_pasted

__all__ = ["FoundRecipe", "Texts", "UnreadableRecipe", "read", "read_pasted", "sound"]
