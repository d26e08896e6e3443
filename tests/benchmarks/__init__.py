"""Benchmarks: ratios of two sides measured in one run (`make bench`); pytest collects none of it."""
