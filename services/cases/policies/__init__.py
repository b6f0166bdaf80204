"""Who may do and see what, as Cedar policies that a lawyer can read: `*.cedar`."""
