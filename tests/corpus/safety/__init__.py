"""Prompts that policy has to refuse, and innocent ones that look like them, in every language that is read."""
