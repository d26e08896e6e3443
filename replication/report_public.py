"""What a report may tell where its data may be shown to nobody.

A public report holds no picture of an eye: not originals; not blurred images, which can be
recognised and partly undone; not averages of K-Same-Select, which consist of patients' images; not
what PPRL-VGAN makes, in which the replacement patient is recognised (Table 1 has how often, for
each); and no relevance map, which follows the lines of the eye that it explains. It names no
patient, image, file or folder, nor the run, whose folder is called after the data's. Of Table 2 it
has the numbers and their names, and not the heading or the picture, which name the data.
"""

from __future__ import annotations

from replication.sources import Kind


def is_public(kind: str) -> bool:
    """Tell whether a report must hold nothing of a patient unless asked to: all but drawn eyes."""
    return kind != Kind.SURROGATE
