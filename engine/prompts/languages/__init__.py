"""Languages beside English: one data file each, read when first met. Callers import `engine.prompts.languages.…`."""
