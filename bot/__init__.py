"""The Discord bot: rooms from what knows no Discord (`core`) up to the client that ties them together."""
