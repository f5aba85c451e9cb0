"""Accounts, balances, the append-only ledger, tiers, and what hosted portraits cost."""
