"""The paper's claims as functions of its numbers, and their verdicts."""
