"""Eyes seen a little otherwise, so that a network can't know an image by its pixels.

Ours: shifts and turns by less than a camera's aim varies, gain and brightness by less than its lamps
do, and blur by less than its focus does; no image is mirrored, since eyes are brought to one side.
"""

import math

import tensorflow as tf

SHIFT_PX = 3.0
TURN_DEGREES = 12.0
GAIN = 0.2  # a factor of the light from 0.8 to 1.2
BRIGHTNESS = 0.1  # added, of a range of 2


def augment(images: tf.Tensor, seed: tf.Tensor, *, whole_pixels: bool = False) -> tf.Tensor:
    """Return each image shifted, turned, brightened and blurred, each by a draw of its own.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        seed: (2,) integers; the same seed draws the same.
        whole_pixels: whether images are shifted by whole pixels and neither turned nor blurred, so
            that no pixel is a mean of others.

    Returns:
        Images of the same shape and range; what comes in at an edge mirrors what is inside.
    """
    drawn = tf.unstack(tf.random.stateless_uniform((6, tf.shape(images)[0]), seed, -1.0, 1.0))
    turn, right, down, gain, brightness, blur = drawn
    right, down = right * SHIFT_PX, down * SHIFT_PX
    if whole_pixels:
        moved = _move(images, tf.zeros_like(turn), tf.round(right), tf.round(down))
    else:
        moved = _move(images, turn * math.radians(TURN_DEGREES), right, down)
        share = _per_image(0.5 * (1 + blur))
        # The mean over 3x3 pixels; at an edge, over those that there are.
        moved += share * (tf.nn.avg_pool2d(moved, 3, 1, "SAME") - moved)
    light = (moved + 1) * _per_image(1 + GAIN * gain) + _per_image(BRIGHTNESS * brightness)
    return tf.clip_by_value(light - 1, -1.0, 1.0)


def _move(images: tf.Tensor, turn: tf.Tensor, right: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Turn about the centre, by (N,) radians, and shift by (N,) pixels."""
    shape = tf.shape(images)
    middle_x, middle_y = ((tf.cast(shape[axis], tf.float32) - 1) / 2 for axis in (2, 1))
    cosine, sine, none = tf.cos(turn), tf.sin(turn), tf.zeros_like(turn)
    # Rows of the matrix that leads from a pixel of the result to its place in the image.
    x = [cosine, -sine, middle_x - cosine * middle_x + sine * middle_y - right]
    y = [sine, cosine, middle_y - sine * middle_x - cosine * middle_y - down]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([*x, *y, none, none], axis=1),
        output_shape=shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None]
