"""The only door to the database: client, unit of work, inbox, outbox, parking, timers, leases, audit.

Business code is written per input; what happens here happens once per batch.
"""
