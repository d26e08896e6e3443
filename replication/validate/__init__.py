"""Stage 02: check the preprocessed data against the expectation suites."""
