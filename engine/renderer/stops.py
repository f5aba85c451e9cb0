"""Why a picture is not taken to its end."""


class Cancelled(Exception):
    """The picture was given up before it was done."""
