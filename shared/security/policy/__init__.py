"""Who may do and see what: Cedar policies that a lawyer can read, which also select in the database."""
