"""The surrogate's iris as it lies in one frame, and the glaucoma signs drawn into it.

Ours, after the textbook look of each sign. A sign changes pixels only within the circle that is
recorded for it, so the same eye without it is the same picture elsewhere.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from replication.surrogate.paint import FRAME_SIZE
from replication.surrogate.patient import Disease, EyeIdentity, Shot, Sign, SignKind

SIGN_STREAM = 2010
LIMBUS_SOFTNESS_PX = 7.0
PUPIL_SOFTNESS_PX = 2.0


@dataclass(frozen=True)
class Circle:
    """A circle in pixels of the frame."""

    x: float
    y: float
    radius: float


# The eyeball with a sign, and the circle outside which nothing changed.
DrawnSign = tuple[np.ndarray, Circle]


@dataclass(frozen=True)
class IrisView:
    """Where the iris lies in one frame.

    Args:
        window: rows and columns of the frame that the arrays cover.
        x, y: pixel coordinates, broadcastable to the window.
        angle: radians, clockwise from the right, without the eye's `turn` in the frame.
        from_pupil_px: distance to the pupil's centre.
        rho: 0 at the pupil's edge, 1 at the limbus.
    """

    window: tuple[slice, slice]
    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    from_pupil_px: np.ndarray
    rho: np.ndarray
    iris: Circle
    pupil: Circle
    turn: float
    traits: dict[str, float]

    def place(self, angle: float, rho: float) -> tuple[float, float]:
        """Return the pixel x, y at an angle of the eye and a rho."""
        towards = np.array([np.cos(angle + self.turn), np.sin(angle + self.turn)])
        centre = np.array([self.pupil.x, self.pupil.y])
        offset = centre - (self.iris.x, self.iris.y)
        along = offset @ towards
        reach = -along + np.sqrt(along**2 - offset @ offset + self.iris.radius**2)
        x, y = centre + towards * (self.pupil.radius + rho * (reach - self.pupil.radius))
        return float(x), float(y)


def view_iris(identity: EyeIdentity, shot: Shot, iris_xy: np.ndarray) -> IrisView:
    """Lay the eye's polar coordinates over the part of a frame around its iris.

    Args:
        identity, shot: the eye, and what the image changes.
        iris_xy: (2,) centre of the iris in pixels.
    """
    traits, radius = identity.traits, shot.scale_px
    iris = Circle(float(iris_xy[0]), float(iris_xy[1]), radius)
    pupil = Circle(
        iris.x + traits["pupil_x"] * radius,
        iris.y + traits["pupil_y"] * radius,
        shot.pupil_ratio * radius,
    )
    reach = 1.3 * radius
    columns = slice(max(0, int(iris.x - reach)), min(FRAME_SIZE[0], int(iris.x + reach) + 1))
    rows = slice(max(0, int(iris.y - reach)), min(FRAME_SIZE[1], int(iris.y + reach) + 1))
    y, x = (axis.astype(np.float32) for axis in np.ogrid[rows, columns])
    dx, dy = np.meshgrid(x - pupil.x, y - pupil.y)
    distance, direction = cv2.cartToPolar(dx, dy)
    distance = np.maximum(distance, 1e-3)
    offset_x, offset_y = pupil.x - iris.x, pupil.y - iris.y
    along = (offset_x * dx + offset_y * dy) / distance
    limbus = np.sqrt(along**2 - offset_x**2 - offset_y**2 + radius**2) - along
    turn = shot.roll + shot.torsion
    angle = np.mod(direction - np.float32(turn), np.float32(2 * np.pi))
    edge = pupil.radius * _shape_pupil(identity, angle)
    rho = (distance - edge) / (limbus - edge)
    return IrisView((rows, columns), x, y, angle, distance, rho, iris, pupil, turn, traits)


def draw_sign(ball: np.ndarray, view: IrisView, sign: Sign, strength: float) -> DrawnSign:
    """Draw one glaucoma sign.

    Args:
        ball: (rows, columns) float32 gray levels of the eyeball in the view's window.
        view, sign: where the iris lies, and what to draw.
        strength: of the image, about 1.
    """
    draw = {
        SignKind.IRIDECTOMY: _draw_iridectomy,
        SignKind.HAZE: _draw_haze,
        SignKind.DILATED: _draw_dilated,
        SignKind.ATROPHY: _draw_atrophy,
    }[sign.kind]
    return draw(ball, view, sign, strength)


def _shape_pupil(identity: EyeIdentity, angle: np.ndarray) -> np.ndarray:
    """Return the pupil's outline as a factor near 1; synechiae pull notches into it."""
    rng = identity.rng(SIGN_STREAM)
    oval = np.float32(abs(rng.normal(0, 0.06)))
    outline = 1 + oval * np.cos(2 * angle + np.float32(rng.uniform(0, 6.28)))
    if Disease.SYNECHIAE in identity.diseases:
        for _ in range(int(rng.integers(1, 4))):
            apart = np.cos(angle - np.float32(rng.uniform(0, 6.28)))
            outline -= np.float32(rng.uniform(0.1, 0.22)) * np.exp((apart - 1) * 14)
    return outline.astype(np.float32)


def _draw_iridectomy(ball: np.ndarray, view: IrisView, sign: Sign, strength: float) -> DrawnSign:
    """Draw a hole in the outer iris, as dark as the pupil, its edge sharp."""
    x, y = view.place(sign.angle, 0.42 + 0.36 * sign.rho)
    radius = view.iris.radius * (0.12 + 0.06 * sign.size)
    distance = np.hypot(view.x - x, view.y - y)
    mask = np.clip((radius - distance) / 3, 0, 1)
    gray = view.traits["pupil_gray"] + 8
    return ball + mask * np.clip(0.15 + 0.65 * strength, 0, 1) * (gray - ball), Circle(x, y, radius)


def _draw_haze(ball: np.ndarray, view: IrisView, sign: Sign, strength: float) -> DrawnSign:
    """Draw a cloudy patch of cornea that veils iris and pupil."""
    apart = 0.3 * sign.rho * view.iris.radius
    x = view.iris.x + apart * np.cos(sign.angle + view.turn)
    y = view.iris.y + apart * np.sin(sign.angle + view.turn)
    radius = view.iris.radius * (0.65 + 0.3 * sign.size)
    closeness = np.clip(1 - np.hypot(view.x - x, view.y - y) / radius, 0, 1)
    cloud = 0.85 + 0.15 * np.sin(5 * view.rho + 3 * np.cos(view.angle + 6 * sign.size))
    veil = np.clip(2.2 * closeness, 0, 1) * cloud * strength * (0.62 + 0.25 * sign.strength)
    veil = np.clip(veil, 0, 0.85)
    return ball + veil * (172 - ball), Circle(float(x), float(y), radius)


def _draw_dilated(ball: np.ndarray, view: IrisView, sign: Sign, strength: float) -> DrawnSign:
    """Draw a wide oval pupil over the iris."""
    wide = view.iris.radius * (0.52 + 0.12 * sign.size + 0.1 * strength)
    longer = max(wide, view.pupil.radius + 0.15 * view.iris.radius)
    shorter = longer * (0.9 - 0.12 * sign.strength)
    cosine, sine = np.cos(sign.angle + view.turn), np.sin(sign.angle + view.turn)
    dx, dy = view.x - view.pupil.x, view.y - view.pupil.y
    oval = np.hypot((dx * cosine + dy * sine) / longer, (dy * cosine - dx * sine) / shorter)
    mask = np.clip((1 - oval) * shorter / PUPIL_SOFTNESS_PX, 0, 1)
    drawn = ball + mask * np.minimum(view.traits["pupil_gray"] - ball, 0)
    return drawn, Circle(view.pupil.x, view.pupil.y, longer)


def _draw_atrophy(ball: np.ndarray, view: IrisView, sign: Sign, strength: float) -> DrawnSign:
    """Draw a pale sector of iris that has lost its texture."""
    half_angle = 0.45 + 0.25 * sign.size
    x, y = view.place(sign.angle, 0.55)
    side = np.abs(np.mod(view.angle - sign.angle + np.pi, 2 * np.pi) - np.pi)
    sector = np.clip((half_angle - side) / 0.12, 0, 1)
    inside = np.clip(view.rho / 0.08, 0, 1) * np.clip((0.97 - view.rho) / 0.08, 0, 1)
    radius = 0.75 * view.iris.radius * max(half_angle, 0.45)
    disc = np.clip((radius - np.hypot(view.x - x, view.y - y)) / 6, 0, 1)
    pale = view.traits["iris_gray"] + 50 + 25 * sign.strength
    mask = sector * inside * disc * np.clip(0.8 * strength, 0, 0.95)
    return ball + mask * (pale - ball), Circle(x, y, radius)
