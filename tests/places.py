"""Where the project lies, and what is handed out beside it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SHARED = ROOT.parent / "shared"
REAL_EYES = SHARED / "real-eyes"
OTHER_CAMERA = SHARED / "real-eyes-2"
HARD_EYES = SHARED / "hard-eyes"
