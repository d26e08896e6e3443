"""Is a run blessed: bands, drift, and the verdict made of them."""
