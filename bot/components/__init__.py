"""Buttons, menus and forms, all of one base (`base`), and the choices that are offered while somebody types.

It knows the rooms below it: `bot.core`, `bot.messages`, `bot.uploads`.
"""
