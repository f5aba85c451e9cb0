"""Backups, what is deleted when it is old, and the bench of the books."""
