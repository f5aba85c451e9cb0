"""Pictures that people hand in: found in messages, fetched within bounds, cleaned, saved as characters.

It knows `bot.core` and `bot.messages`.
"""
