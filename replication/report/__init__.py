"""Stage 09: one page about a run."""
