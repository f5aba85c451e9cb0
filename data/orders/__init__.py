"""Orders and their jobs, attempts, series, quoted prices, and the styles and drafts that prompts are made from."""
