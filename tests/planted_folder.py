"""Folders of originals and privatized images with their manifests, of planted patients."""

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from fake_eyes import plant_eyes

from replication.records import to_bytes

Method = Callable[[np.ndarray], np.ndarray]
NAMES = ("originals", "privatized")


def plant_folder(
    folder: Path, privatize: Method, *, patients: int = 12, each: int = 8, suffix: str = ".png"
) -> tuple[Path, Path]:
    """Write images of planted patients, named anna-0 and so on, and return both manifests.

    Args:
        folder: to write into.
        privatize: (N, H, W, C) bytes to as many images of any size.
        patients, each: how many, and images of each.
        suffix: of the images' files.
    """
    eyes = plant_eyes(patients, each)
    levels = to_bytes(eyes.images)
    manifests = []
    for name, images in zip(NAMES, (levels, privatize(levels)), strict=True):
        (folder / name).mkdir(parents=True)
        rows = []
        for number, image in enumerate(images):
            path = f"{name}/{number}{suffix}"
            cv2.imwrite(str(folder / path), image)
            person, disease = f"anna-{eyes.identity[number]}", int(eyes.glaucoma[number])
            rows.append([path, person, disease, f"originals/{number}{suffix}"])
        manifests.append(
            write_manifest(
                folder / f"{name}.csv", ["path", "patient_id", "disease", "source"], rows
            )
        )
    return manifests[0], manifests[1]


def write_manifest(file: Path, header: list[str], rows: list[list]) -> Path:
    """Write a CSV and return its path."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return file


def read_manifest_rows(file: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a CSV."""
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows
