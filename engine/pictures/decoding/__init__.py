"""Pictures from outside are decoded in a process apart, which may run out of memory or time without harm.

`pool.Decoder` is the way in. It writes to a `process.Apart`, which runs `worker`, which does one of the `jobs`.
Whatever is wrong with a picture is one sentence in the end.
"""
