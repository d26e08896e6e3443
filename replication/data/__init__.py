"""Raw eyes, read only: the Warsaw layout, a manifest, or the drawn surrogate."""
