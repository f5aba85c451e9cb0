"""What is asked of the engine, and what it tells while it works: jobs and events. It knows how prompts are worded."""
