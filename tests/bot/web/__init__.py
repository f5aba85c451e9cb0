"""The status page, its figures and its doors."""
