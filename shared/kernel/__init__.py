"""What everything else may import and what imports nothing of ours: ids, time, aggregates, the unit of work's face."""
