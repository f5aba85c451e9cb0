"""Pictures from outside are decoded in a process apart, which may run out of memory or time without harm.

`decoder.Decoder` is the way in. It writes to a `process.Apart`, which runs `decoding_process`, which does the `tasks`.
Whatever is wrong with a picture is one sentence in the end.
"""
