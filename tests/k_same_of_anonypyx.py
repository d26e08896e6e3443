"""Another project's output: the k-Same of anonypyx 0.2.11 (PyPI, MIT) on eyes in the Warsaw layout.

    python tests/k_same_of_anonypyx.py EYES FOLDER [--k 6]

Not among this project's requirements: `pip install --no-deps --target PLACE anonypyx==0.2.11`, and
PLACE in PYTHONPATH. Eyes are cut out around the pupil that `signs.csv` has, 300 px wide, and resized
to 64 px. k-Same (Newton, Sweeney and Malin 2005) is defined on one image of each person, so the n-th
images of all patients are one set each (a patient with fewer images is in fewer sets). Variant
"pixel", MDAV clusters.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

SIDE_PX, WIDTH_PX = 64, 300


def read_eyes(eyes: Path) -> pd.DataFrame:
    """Return patient, number among the patient's images, disease and (64, 64) levels of each."""
    facts = pd.read_csv(eyes / "signs.csv", dtype={"signs": str}).sort_values("file")
    files = {file.name: file for file in (eyes / "images-NIR").rglob("*.jpg")}
    cut = [_cut(files[row.file], row.pupil_x, row.pupil_y) for row in facts.itertuples(index=False)]
    return pd.DataFrame(
        {
            "patient": facts["patient"].to_numpy(),
            "number": facts.groupby("patient").cumcount().to_numpy(),
            "disease": facts["signs"].notna().astype(int).to_numpy(),
            "levels": cut,
        }
    )


def mix(eyes: pd.DataFrame, k: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Return the k-Same image of every eye, and the patients whose images went in."""
    from anonypyx.ksame import kSame

    images, used = [None] * len(eyes), [None] * len(eyes)
    number = eyes["number"].to_numpy()
    for one in np.unique(number):
        rows = np.flatnonzero(number == one)
        levels = np.stack(eyes["levels"].iloc[rows].to_list()).astype(float)
        mixer = kSame(
            levels, SIDE_PX, SIDE_PX, k=k, variant="pixel", clustering_implementation="MDAV-Generic"
        )
        averages, cluster_of = mixer.anonymize()
        patients = eyes["patient"].to_numpy()[rows]
        for place, row in enumerate(rows):
            own = cluster_of[place]
            inside = {patients[other] for other, where in cluster_of.items() if where == own}
            images[row] = np.clip(np.rint(averages[own]), 0, 255).astype(np.uint8)
            used[row] = sorted(inside)
    return images, used


def write_folder(eyes: Path, folder: Path, k: int) -> tuple[Path, Path]:
    """Write originals and k-Same images with their manifests, and return these."""
    table = read_eyes(eyes)
    mixed, used = mix(table, k)
    manifests = []
    for name, images in (("originals", table["levels"]), ("privatized", mixed)):
        (folder / name).mkdir(parents=True)
        manifests.append(folder / f"{name}.csv")
        with manifests[-1].open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["path", "patient_id", "disease", "source", "used"])
            for number, (image, row) in enumerate(zip(images, table.itertuples(), strict=True)):
                path = f"{name}/{number}.png"
                cv2.imwrite(str(folder / path), image)
                source = f"originals/{number}.png"
                others = ";".join(map(str, used[number])) if name == "privatized" else ""
                writer.writerow([path, row.patient, row.disease, source, others])
    return manifests[0], manifests[1]


def _cut(file: Path, x: float, y: float) -> np.ndarray:
    levels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    reach = WIDTH_PX // 2
    padded = cv2.copyMakeBorder(levels, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    top, left = round(y), round(x)
    square = padded[top : top + WIDTH_PX, left : left + WIDTH_PX]
    return cv2.resize(square, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("eyes", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--k", type=int, default=6)
    given = parser.parse_args()
    write_folder(given.eyes, given.folder, given.k)
