"""Stage 05: the privacy-preserving methods that the paper compares."""
