"""Measured beside a run: what a departure costs, whether maps pass sanity checks, how real the surrogate is."""
