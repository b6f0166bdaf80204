"""Logs without identity, metrics with a reason each, and the trace that joins them."""
