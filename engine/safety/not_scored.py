"""What every classifier raises where a picture could not be looked at."""


class NotScored(RuntimeError):
    """A picture could not be looked at; `str()` says why, for the operator. Nothing is then known of it."""
