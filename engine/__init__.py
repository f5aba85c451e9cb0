"""Everything that knows portraits and models; nothing of Discord or SQL."""
