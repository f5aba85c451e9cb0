"""Pictures as files, the portraits among them, those that were handed in, and marks by which they are recognised."""
