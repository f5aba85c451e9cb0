"""The model that ships with the bot, and how it is made."""
