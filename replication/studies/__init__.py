"""Measured beside a run: what a departure costs, which claims depend on one, whether maps pass sanity checks, how real the surrogate is."""
