"""Everything that knows Discord: commands, buttons, delivery, and the story of one order."""
