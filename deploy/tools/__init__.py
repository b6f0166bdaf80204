"""Tools that stand alone: each file runs without the rest of the repository."""
