"""Complete runs, read back: checked, compared, kept, exported."""
