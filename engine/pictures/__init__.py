"""Pictures as files: taken in, decoded in a process apart, marked, signed, put on sheets; recipes that lie in them."""
