"""The rules of case work: pure, no input or output, no clock of their own."""
