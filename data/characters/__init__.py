"""Saved faces with their versions, and saved references (outfits, places, styles)."""
