"""State and rules of intake: pure."""
