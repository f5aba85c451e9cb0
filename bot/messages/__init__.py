"""What people see: cards, charts, contact sheets, and the replies that carry them.

It knows `bot.core` and who may what (`bot.guard`), and no button.
"""
