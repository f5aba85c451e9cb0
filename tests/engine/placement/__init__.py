"""Where models live on a card, and what happens when that has no more room."""
