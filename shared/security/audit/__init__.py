"""The audit's chains: how entries are numbered, linked, sealed and watched. Pure; the database's side is elsewhere.

`docs/audit-format.md` says the same for strangers, and `deploy/tools/verify_audit.py` checks it without this code: a
verifier that shared code with the writer would share its mistakes.
"""
