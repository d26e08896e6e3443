"""The run folder on disk: what is complete, and how it is written and read."""
