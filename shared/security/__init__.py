"""Who somebody is, what they may do, and the cryptography that needs no database."""
