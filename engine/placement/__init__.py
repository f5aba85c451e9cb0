"""Where the parts of a local model live on a card: how large they are, what a picture takes, and which placement fits.

Reckoned from sizes alone: nothing here imports torch or reads weights.
"""
