"""Weights on their way from a model hub to this machine's disk: which files, how far, resumed, and what went wrong.

Everything lies in the hub's own cache, so that its tools find it too. Nothing here imports torch.
"""
