"""What the event models promise, written out: schemas, the AsyncAPI document and the table of events."""
