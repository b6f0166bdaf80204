"""A real MongoDB replica set and a real Apache Kafka as child processes, for development and tests only.

`Stack` starts them, `supervise` keeps them in the foreground or background, `state` lets other processes
find them. Nothing here is used in production.
"""
