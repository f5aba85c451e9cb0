"""An order's way to Discord: the progress message, payloads, and the messenger that brings them, once and only once.

It knows the rooms below it, `bot.components` among them.
"""
