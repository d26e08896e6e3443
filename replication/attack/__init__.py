"""Stage 07: attack privatized images, and fill Table 2 (docs/privacy.md)."""
