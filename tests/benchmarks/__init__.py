"""Benchmarks: ratios of two sides measured in one run; `make bench` runs them.

Not tests: pytest collects nothing here. `tests/test_benchmarks.py` runs the quick form.
"""
