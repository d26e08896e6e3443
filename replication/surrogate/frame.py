"""Draw one near-infrared frame of a surrogate eye from its identity and its shot.

Ours. Steps: eyeball (sclera, iris, pupil, signs), lids over it, lashes, highlights, then the camera
(light, focus, grain), the mirror for right eyes and the label strip. The size of the frame and the
strip are those of the Warsaw layout.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from replication.surrogate.face import (
    MAP_SCALE,
    MAP_SIZE,
    cover_with_lids,
    draw_lashes,
    paint_sclera,
    paint_skin,
)
from replication.surrogate.iris import ANGLES, RADII, paint_iris
from replication.surrogate.paint import FRAME_SIZE, SUBPIXEL_BITS, cover_rows, fix_point, soften
from replication.surrogate.patient import Disease, Eye, EyeIdentity, Shot, SignKind, describe_shot
from replication.surrogate.plan import PlannedEye, session_of
from replication.surrogate.signs import (
    LIMBUS_SOFTNESS_PX,
    PUPIL_SOFTNESS_PX,
    Circle,
    IrisView,
    draw_sign,
    view_iris,
)

STRIP_ROWS = 11
JPEG_QUALITY = 90
NOISE_STREAM = 3000
UNEVEN_LIGHT = 0.038  # of the light, standard deviation over the image
UNEVEN_GRID = (6, 8)
LIGHT_SIZE = (80, 60)  # width, height: light is smooth, so it is computed at an eighth


@dataclass(frozen=True)
class EyePainting:
    """One eye with the maps that last over its images."""

    identity: EyeIdentity
    iris: np.ndarray
    skin: np.ndarray
    sclera: np.ndarray


@dataclass(frozen=True)
class DrawnFrame:
    """A frame with what is true of it; circles in pixels of this frame."""

    pixels: np.ndarray
    iris: Circle
    pupil: Circle
    signs: tuple[tuple[SignKind, Circle], ...]


def paint_eye(identity: EyeIdentity) -> EyePainting:
    """Draw the lasting maps of one eye."""
    return EyePainting(identity, paint_iris(identity), paint_skin(identity), paint_sclera(identity))


def draw_frame(
    eye: EyePainting, shot: Shot, *, image: int, label: tuple[str, str], with_signs: bool = True
) -> DrawnFrame:
    """Draw one image of an eye.

    Args:
        eye, shot: the eye, and what this image changes.
        image: number of the image within the eye, for lashes and grain.
        label: text at the left and the right of the label strip.
        with_signs: False draws the twin, the same picture without its glaucoma signs.

    Returns:
        pixels (480, 640) uint8 and the places of iris, visible pupil and signs.
    """
    identity = eye.identity
    rng = identity.rng(NOISE_STREAM + image)
    to_frame = _place_eye(shot)
    ball_to_frame = _shift(to_frame, shot.gaze)
    view = view_iris(identity, shot, ball_to_frame[:, 2])
    ball = _warp(eye.sclera, ball_to_frame)
    window = _draw_iris(ball[view.window], eye, view)
    signs = []
    for sign in identity.signs if with_signs else ():
        window, circle = draw_sign(window, view, sign, shot.sign_strength)
        signs.append((sign.kind, circle))
    ball[view.window] = window
    scene = cover_with_lids(ball, _warp(eye.skin, to_frame), identity, shot, to_frame)
    scene = draw_lashes(scene, identity, shot, to_frame, rng)
    scene = _draw_highlights(scene, view, shot)
    pupil = next((c for kind, c in signs if kind is SignKind.DILATED), view.pupil)
    drawn = DrawnFrame(_expose(scene, shot, rng), view.iris, pupil, tuple(signs))
    if identity.eye is Eye.RIGHT:
        drawn = _mirror(drawn)
    return replace(drawn, pixels=_write_label(drawn.pixels, label))


def draw_planned(
    eye: EyePainting, planned: PlannedEye, image: int, *, with_signs: bool = True
) -> DrawnFrame:
    """Draw one numbered image of an eye."""
    shot = describe_shot(eye.identity, image, session_of(image))
    patient, side, camera, number = planned.name_file(image).removesuffix(".jpg").split("_")
    label = (f"{camera} {patient} {side} {number}", "AD100")
    return draw_frame(eye, shot, image=image, label=label, with_signs=with_signs)


def encode_jpeg(pixels: np.ndarray) -> np.ndarray:
    """Return the bytes of the JPEG file, (n,) uint8."""
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]


def _place_eye(shot: Shot) -> np.ndarray:
    """Return the (2, 3) affine map from iris radii about the eye's middle to frame pixels."""
    cosine, sine = np.cos(shot.roll) * shot.scale_px, np.sin(shot.roll) * shot.scale_px
    x, y = np.clip(shot.place_px, (-60, -40), (60, 40))
    middle = (FRAME_SIZE[0] / 2 + x, FRAME_SIZE[1] / 2 - 10 + y)
    return np.array([[cosine, -sine, middle[0]], [sine, cosine, middle[1]]])


def _shift(to_frame: np.ndarray, offset: tuple[float, float]) -> np.ndarray:
    """Return the map for something moved by an offset in iris radii."""
    moved = to_frame[:, :2] @ np.array(offset) + to_frame[:, 2]
    return np.concatenate([to_frame[:, :2], moved[:, None]], axis=1)


def _warp(painted: np.ndarray, to_frame: np.ndarray) -> np.ndarray:
    """Bring a map of the face into the frame, (480, 640) float32."""
    turn = to_frame[:, :2] / MAP_SCALE
    move = to_frame[:, 2] - turn @ (np.array(MAP_SIZE) / 2)
    matrix = np.concatenate([turn, move[:, None]], axis=1)
    return cv2.warpAffine(painted, matrix, FRAME_SIZE, borderMode=cv2.BORDER_REFLECT_101)


def _draw_iris(ball: np.ndarray, eye: EyePainting, view: IrisView) -> np.ndarray:
    """Return the window of the eyeball with iris and pupil drawn on it."""
    wrapped = np.concatenate([eye.iris, eye.iris[:, :1]], axis=1)
    columns = view.angle * np.float32(ANGLES / (2 * np.pi))
    rows = np.clip(view.rho, 0, 1) * np.float32(RADII - 1)
    iris = cv2.remap(wrapped, columns, rows.astype(np.float32), cv2.INTER_LINEAR)
    if Disease.ARCUS in eye.identity.diseases:
        iris = iris + 26 * np.exp(-(((view.rho - 0.93) / 0.07) ** 2))
    pupil = np.full_like(iris, eye.identity.traits["pupil_gray"])
    if Disease.CATARACT in eye.identity.diseases:
        core = np.exp(-((view.from_pupil_px / (0.8 * view.pupil.radius)) ** 2))
        pupil = pupil + core * (56 + 8 * np.cos(7 * view.angle))
    width = view.iris.radius - view.pupil.radius
    in_pupil = np.clip(0.5 - view.rho * width / PUPIL_SOFTNESS_PX, 0, 1)
    in_iris = np.clip((1 - view.rho) * width / LIMBUS_SOFTNESS_PX + 0.5, 0, 1)
    eyeball = ball + in_iris * (iris - ball)
    return (eyeball + in_pupil * (pupil - eyeball)).astype(np.float32)


def _draw_highlights(scene: np.ndarray, view: IrisView, shot: Shot) -> np.ndarray:
    """Return the scene with the reflections of the camera's two lamps."""
    mask = np.zeros(FRAME_SIZE[::-1], np.uint8)
    for side in (-1, 1):
        x = view.iris.x + view.iris.radius * (shot.highlight[0] + 0.13 * side)
        y = view.iris.y + view.iris.radius * (shot.highlight[1] + 0.08)
        spot = fix_point(np.array([[x, y]]))[0, 0]
        size = int(0.03 * view.iris.radius * 2**SUBPIXEL_BITS)
        cv2.circle(mask, spot.tolist(), size, 255, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    rows, soft = soften(mask, 1.0)
    return cover_rows(scene, rows, 0.5 * soft / 255, 255)


def _expose(scene: np.ndarray, shot: Shot, rng: np.random.Generator) -> np.ndarray:
    """Return what the camera makes of the scene, (480, 640) uint8."""
    lit = cv2.multiply(scene, _shine(shot, rng))
    grain = rng.standard_normal(FRAME_SIZE[::-1], dtype=np.float32)
    exposed = cv2.scaleAdd(grain, shot.noise_gray, cv2.GaussianBlur(lit, (0, 0), shot.focus_px))
    return np.clip(exposed + 0.5, 0, 255, out=exposed).astype(np.uint8)


def _shine(shot: Shot, rng: np.random.Generator) -> np.ndarray:
    """Return the light on the frame, (480, 640) float32 about 1: uneven, and dimmer at the border."""
    width, height = LIGHT_SIZE
    x = ((np.arange(width) + 0.5) / width * 2 - 1)[None]
    y = ((np.arange(height) + 0.5) / height * 2 - 1)[:, None]
    light = shot.gain * (1 + shot.light[0] * x + shot.light[1] * y - 0.1 * (x**2 + y**2))
    patches = rng.normal(0, UNEVEN_LIGHT, UNEVEN_GRID)
    light = light * (1 + cv2.resize(patches, LIGHT_SIZE, interpolation=cv2.INTER_CUBIC))
    return cv2.resize(light.astype(np.float32), FRAME_SIZE, interpolation=cv2.INTER_LINEAR)


def _mirror(drawn: DrawnFrame) -> DrawnFrame:
    """Return the frame and its circles as in a mirror."""

    def turn(circle: Circle) -> Circle:
        return replace(circle, x=FRAME_SIZE[0] - 1 - circle.x)

    pixels = np.ascontiguousarray(drawn.pixels[:, ::-1])
    signs = tuple((kind, turn(circle)) for kind, circle in drawn.signs)
    return DrawnFrame(pixels, turn(drawn.iris), turn(drawn.pupil), signs)


def _write_label(pixels: np.ndarray, label: tuple[str, str]) -> np.ndarray:
    """Return the frame with a black strip of text in its bottom rows."""
    strip = np.zeros((STRIP_ROWS, FRAME_SIZE[0]), np.uint8)
    for text, x in zip(label, (4, FRAME_SIZE[0] - 60), strict=True):
        cv2.putText(strip, text, (x, 9), cv2.FONT_HERSHEY_PLAIN, 0.75, 255, 1)
    return np.concatenate([pixels[:-STRIP_ROWS], strip])
