"""The languages that the bot speaks: its sentences by language, and in whose language something is said."""
