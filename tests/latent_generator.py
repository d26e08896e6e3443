"""A generator whose images can be computed in the head."""

import numpy as np

STEP = 1 / 127.5


class LatentGenerator:
    """Latent: an image's first 128 numbers. Decoded: a flat image, 5 gray levels per identity."""

    def __init__(self, spread=0.0):
        self.spread = spread
        self.encoded = 0
        self.latents = []
        self.painted = []

    def encode(self, images):
        self.encoded += 1
        mean = images.reshape(len(images), -1)[:, :128]
        return mean, np.full_like(mean, self.spread)

    def decode(self, latent, identity):
        self.latents.append(latent)
        self.painted.append(identity)
        level = (5 * identity * STEP - 1).astype(np.float32)
        return np.broadcast_to(level[:, None, None, None], (len(level), 4, 4, 3))
