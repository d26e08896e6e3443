"""Generators whose images can be computed in the head."""

import numpy as np

from replication.records import NOBODY

STEP = 1 / 127.5


class LatentGenerator:
    """Latent: an image's first 128 numbers. Decoded: a flat image, 5 gray levels per identity.

    Without identities it is as bright as the latent is on average.
    """

    def __init__(self, spread=0.0):
        self.spread = spread
        self.encoded = 0
        self.latents = []
        self.painted = []

    def encode(self, images):
        self.encoded += 1
        mean = images.reshape(len(images), -1)[:, :128]
        return mean, np.full_like(mean, self.spread)

    def decode(self, latent, identity=None):
        self.latents.append(latent)
        self.painted.append(identity)
        bright = latent.mean(axis=1) if identity is None else 5 * identity * STEP - 1
        level = np.clip(bright, -1, 1).astype(np.float32)
        return np.broadcast_to(level[:, None, None, None], (len(level), 4, 4, 3))

    def read_codes(self, images, identity, *, k):
        """Code: whether an image is bright on average."""
        return (images.mean(axis=(1, 2, 3)) > 0).astype(int)

    def list_behind(self, codes):
        """Twelve patients are behind code 1."""
        return np.where(codes[:, None] == 1, np.arange(12), NOBODY)

    def draw_images(self, codes, rng):
        """Drawn: the code's gray level, and noise."""
        noise = rng.uniform(-0.1, 0.1, (len(codes), 4 * 4 * 3))
        return self.show_codes(noise, codes), noise

    def show_codes(self, latent, codes):
        """Drawn: the code's gray level, and this noise."""
        noise = latent.reshape(len(codes), 4, 4, 3)
        return (codes[:, None, None, None] / 2 + noise).astype(np.float32)
