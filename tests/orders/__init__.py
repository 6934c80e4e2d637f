"""Upkeep by several processes, in every order of their transactions (STORE rule 3)."""
