"""Commands that make what ships: the pack, pictures of the docs, the base image. Nothing imports them."""
