"""What each family of models is told of a prompt, in its own words, and the presets that people choose from."""
