"""What other tools write into the pictures they make, read without believing a word of it.

`places` says where texts lie in a PNG, JPEG or WebP; each tool has a function that reads its own from them, listed in
`table.TOOLS`. Nothing here knows what a portrait is: what comes out is the words as they were written, and numbers.
"""

from engine.recipes.model import Found, Texts, Unreadable, sound
from engine.recipes.table import Told, read, read_pasted, told_in

__all__ = ["Found", "Texts", "Told", "Unreadable", "read", "read_pasted", "sound", "told_in"]
