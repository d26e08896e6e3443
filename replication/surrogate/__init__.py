"""Synthetic eyes, drawn from a seed."""
