"""Where the raw eyes come from: the Warsaw layout, a manifest, or the surrogate, drawn if missing.

The data's kind goes with it: only Warsaw itself is ever held against the paper's numbers, and the
surrogate is named so wherever its numbers are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication.config import SurrogateSettings
from replication.manifest import read_manifest
from replication.progress import Track
from replication.synthetic_eyes import synthesize
from replication.warsaw import read_warsaw

SURROGATE_SEED = 0


@dataclass(frozen=True)
class Source:
    """One data set on disk.

    Args:
        kind: "surrogate", "folder" (Warsaw layout) or "manifest".
        path: the folder, or the manifest's file.
    """

    kind: str
    path: Path

    @property
    def title(self) -> str:
        """What pages that show its numbers call it."""
        if self.kind == "surrogate":
            return "the embedded surrogate (synthetic eyes, not Warsaw)"
        return f"the data in `{self.path.name}` (read from a {self.kind})"

    def read(self) -> tuple[pd.DataFrame, Path]:
        """Return the manifest and the folder that its paths are relative to.

        Raises:
            DataError: when the data can't be used; the message says what to do.
        """
        if self.kind == "manifest":
            return read_manifest(self.path)
        return read_warsaw(self.path), self.path


def find_source(
    data_dir: Path | None, manifest: Path | None, settings: SurrogateSettings, artifacts: Path
) -> Source:
    """Return the source that was asked for; with neither folder nor manifest, the surrogate."""
    if data_dir:
        return Source("folder", data_dir)
    if manifest:
        return Source("manifest", manifest)
    name = f"{settings.patients}-patients-{settings.images}-images-seed-{SURROGATE_SEED}"
    return Source("surrogate", artifacts / "surrogate" / name)


def draw_surrogate(
    source: Source, settings: SurrogateSettings, *, workers: int, track: Track
) -> None:
    """Draw the surrogate where it isn't on disk yet."""
    if source.kind == "surrogate" and not source.path.exists():
        source.path.parent.mkdir(parents=True, exist_ok=True)
        with track("drawing the surrogate", settings.images) as advance:
            synthesize(
                source.path, settings, seed=SURROGATE_SEED, workers=workers, on_image=advance
            )
