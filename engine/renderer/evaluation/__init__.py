"""How well pictures show what was asked for: labelled prompts, their pictures, and probes that look at pixels alone."""
