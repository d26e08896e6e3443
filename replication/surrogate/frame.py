"""Draw one near-infrared frame of a surrogate eye from its identity and its shot.

Ours. Steps: eyeball (sclera, iris, pupil, signs), lids over it, lashes, highlights, then what
`synthetic_camera` does.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from replication.surrogate.camera import (
    FRAME_SIZE,
    DrawnFrame,
    expose,
    mirror_frame,
    write_label,
)
from replication.surrogate.face import (
    MAP_SCALE,
    MAP_SIZE,
    SUBPIXEL_BITS,
    cover_rows,
    cover_with_lids,
    draw_lashes,
    fix_point,
    paint_sclera,
    paint_skin,
    soften,
)
from replication.surrogate.iris import ANGLES, RADII, paint_iris
from replication.surrogate.patient import (
    Disease,
    Eye,
    EyeIdentity,
    Shot,
    SignKind,
    describe_shot,
    make_rng,
)
from replication.surrogate.plan import PlannedEye, session_of
from replication.surrogate.signs import (
    LIMBUS_SOFTNESS_PX,
    PUPIL_SOFTNESS_PX,
    IrisView,
    draw_sign,
    view_iris,
)

NOISE_STREAM = 3000


@dataclass(frozen=True)
class EyePainting:
    """One eye with the maps that last over its images."""

    identity: EyeIdentity
    iris: np.ndarray
    skin: np.ndarray
    sclera: np.ndarray


def paint_eye(identity: EyeIdentity) -> EyePainting:
    """Draw the lasting maps of one eye."""
    return EyePainting(identity, paint_iris(identity), paint_skin(identity), paint_sclera(identity))


def draw_frame(
    eye: EyePainting, shot: Shot, *, image: int, label: tuple[str, str], with_signs: bool = True
) -> DrawnFrame:
    """Draw one image of an eye.

    Args:
        eye: the eye.
        shot: what this image changes.
        image: number of the image within the eye, for lashes and grain.
        label: text at the left and the right of the label strip.
        with_signs: False draws the twin, the same picture without its glaucoma signs.

    Returns:
        pixels (480, 640) uint8 and the places of iris, visible pupil and signs.
    """
    identity = eye.identity
    rng = make_rng(identity.seed, identity.patient, identity.eye.number, NOISE_STREAM + image)
    to_frame = _place_eye(shot)
    iris_xy = to_frame[:, :2] @ np.array(shot.gaze) + to_frame[:, 2]
    view = view_iris(identity, shot, iris_xy, FRAME_SIZE)
    ball = _warp(eye.sclera, _shift(to_frame, shot.gaze))
    window = _draw_iris(ball[view.window], eye, view)
    signs = []
    for sign in identity.signs if with_signs else ():
        window, circle = draw_sign(window, view, identity, sign, shot.sign_strength)
        signs.append((sign.kind, circle))
    ball[view.window] = window
    scene = cover_with_lids(ball, _warp(eye.skin, to_frame), identity, shot, to_frame)
    scene = draw_lashes(scene, identity, shot, to_frame, rng)
    scene = _draw_highlights(scene, view, shot)
    pixels = expose(scene, shot, rng)
    pupil = next((c for kind, c in signs if kind is SignKind.DILATED), view.pupil)
    drawn = DrawnFrame(pixels, view.iris, pupil, tuple(signs))
    if identity.eye is Eye.RIGHT:
        drawn = mirror_frame(drawn)
    return DrawnFrame(write_label(drawn.pixels, label), drawn.iris, drawn.pupil, drawn.signs)


def draw_planned(
    eye: EyePainting, planned: PlannedEye, image: int, *, with_signs: bool = True
) -> DrawnFrame:
    """Draw one numbered image of an eye."""
    shot = describe_shot(eye.identity, image, session_of(image))
    stem = planned.name_file(image).removesuffix(".jpg")
    patient, side, camera, number = stem.split("_")
    label = (f"{camera} {patient} {side} {number}", "AD100")
    return draw_frame(eye, shot, image=image, label=label, with_signs=with_signs)


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
    pupil = np.full_like(iris, eye.identity.traits["pupil_grey"])
    if Disease.CATARACT in eye.identity.diseases:
        core = np.exp(-((view.from_pupil_px / (0.8 * view.pupil.radius)) ** 2))
        pupil = pupil + core * (34 + 8 * np.cos(7 * view.angle))
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
        size = int(0.045 * view.iris.radius * 2**SUBPIXEL_BITS)
        cv2.circle(mask, spot.tolist(), size, 255, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    rows, soft = soften(mask, 1.0)
    return cover_rows(scene, rows, soft / 255, 255)
