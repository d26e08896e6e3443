"""Expectation suites as data, the one file that runs them by Great Expectations, and its closed pages."""
