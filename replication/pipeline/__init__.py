"""The order of the stages, and what each of them does in a run."""
