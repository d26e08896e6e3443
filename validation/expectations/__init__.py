"""Expectation suites as data, and the one file that runs them by Great Expectations."""
