"""Stage 06: measure identity and disease in privatized images, and fill Table 1."""
