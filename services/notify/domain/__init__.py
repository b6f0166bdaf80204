"""What is told to whom, in which words, over which channel. Pure."""
