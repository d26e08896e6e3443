"""Describe a surrogate in Croissant 1.0 with its responsible-AI fields, for tools that read data sets.

A file `croissant.json` in the surrogate's folder (https://docs.mlcommons.org/croissant): what the set is,
its files with their SHA-256, and one record per AD100 image, read from truth.csv. A patient's id is
text with its zeros: it is taken from the file's name, since truth.csv has it as a number, and readers
guess the type of a cell before they apply the declared one.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from replication.config import SurrogateSettings
from replication.store.files import hash_file

CROISSANT_FILE = "croissant.json"
VOCABULARY = "http://mlcommons.org/croissant/"
CONFORMS_TO = [f"{VOCABULARY}1.0", f"{VOCABULARY}RAI/1.0"]
PUBLISHED = "2026-12-01"  # of this way of drawing, not of the folder: the same seed, the same bytes
LICENSE = "https://spdx.org/licenses/MIT"
CITE_AS = "The surrogate of privacy-explanations 0.1.0, drawn by replication.surrogate"
RECORDS = "images"
# Terms of the standard's JSON-LD context; what is not named here is schema.org's.
OF_CROISSANT = (
    *["citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject"],
    *["fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5"],
    *["parentField", "path", "recordSet", "references", "regex", "repeated", "replace"],
    *["samplingRate", "separator", "source", "subField", "transform"],
)
# Name in the set: the column of truth.csv, the type, and what it means.
FIELDS = {
    "file": ("file", "sc:Text", "Name of the image's file, in images-NIR/<patient><eye>."),
    "patient": ("file", "sc:Text", "Who it is drawn of: four digits, zeros kept."),
    "eye": ("eye", "sc:Text", "left or right."),
    **{
        f"{part}_{axis}": (f"{part}_{axis}", "sc:Float", f"{whole}, px of the 640x480 frame.")
        for part in ("iris", "pupil")
        for axis, whole in (
            ("x", f"Column of the {part}'s centre"),
            ("y", f"Row of the {part}'s centre"),
            ("r", f"Radius of the {part}"),
        )
    },
    "signs": (
        "signs",
        "sc:Text",
        "Signs of glaucoma as kind:x:y:r, joined by a bar; none where the eye has no glaucoma.",
    ),
}
OF_A_NAME = {"patient": r"^(\d{4})_"}  # what of the column's text is the field's
RESPONSIBLE = {
    "dataCollection": (
        "Drawn by a program from one seed. No image, measurement or record of anybody went in; counts "
        "and file names follow a public database of irises."
    ),
    "dataCollectionType": ["Software Collection"],
    "dataAnnotationProtocol": [
        "No annotators: circles and signs are the numbers that an image was drawn with."
    ],
    "dataBiases": [
        (
            "All eyes have one anatomy, with parameters drawn independently; sex, age and origin are not "
            "modelled, so nothing can be learned about groups of people."
        ),
        (
            "Signs are stylised, four kinds in fixed shares, and can be seen: a classifier finds them "
            "more easily than disease."
        ),
    ],
    "dataLimitations": [
        "Nothing measured here is a finding about eyes, glaucoma or patients.",
        "Not for training what is used on people.",
    ],
    "dataUseCases": [
        "Running and testing the replication without patients' data.",
        "Measuring what an explanation or a privatizer owes to a sign whose place is known.",
    ],
    "dataSocialImpact": "It takes the place of patients' images in tests, so none has to be shared.",
    "personalSensitiveInformation": [
        "None: nobody is shown, and ids are numbers that were counted up."
    ],
    "dataReleaseMaintenancePlan": (
        "Drawn again where it is needed; the version is the way of drawing, in surrogate.json."
    ),
}


def describe_surrogate(
    root: Path, settings: SurrogateSettings, *, seed: int, drawing: int, tables: Mapping[str, str]
) -> str:
    """Return croissant.json of a surrogate, the same text for the same files.

    Args:
        root: folder with the tables.
        settings: how many patients, images and images with glaucoma.
        seed: what it was drawn from.
        drawing: which way of drawing.
        tables: by file name what is in it; the first one is truth.csv.
    """
    described = {
        "@context": _list_terms(),
        "@type": "sc:Dataset",
        "name": "surrogate-of-warsaw-biobase-disease-iris",
        "description": (
            f"{settings.images} synthetic near-infrared images of the eyes of {settings.patients} "
            f"patients who do not exist, {settings.glaucoma_images} with drawn signs of glaucoma, "
            f"seed {seed}. Not the Warsaw database, whose layout it has."
        ),
        "conformsTo": CONFORMS_TO,
        "license": LICENSE,
        "version": f"{drawing}.0.0",
        "datePublished": PUBLISHED,
        "citeAs": CITE_AS,
        "distribution": [
            *(_describe_file(root / name, what) for name, what in tables.items()),
            _describe_images(),
        ],
        "recordSet": [_describe_records(next(iter(tables)))],
    }
    described |= {f"rai:{name}": value for name, value in RESPONSIBLE.items()}
    return json.dumps(described, indent=1) + "\n"


def _list_terms() -> dict:
    """Return the JSON-LD context: which words are Croissant's."""
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": VOCABULARY,
        "rai": f"{VOCABULARY}RAI/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        **{term: f"cr:{term}" for term in OF_CROISSANT},
    }


def _describe_file(file: Path, what: str) -> dict:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "description": what,
        "contentUrl": file.name,
        "encodingFormat": "text/csv",
        "sha256": hash_file(file),
    }


def _describe_images() -> dict:
    return {
        "@type": "cr:FileSet",
        "@id": "frames",
        "name": "frames",
        "description": "The images of the camera AD100: 640x480 gray, a label strip in the last rows.",
        "encodingFormat": "image/jpeg",
        "includes": "images-NIR/*/*_IG_*.jpg",
    }


def _describe_records(table: str) -> dict:
    return {
        "@type": "cr:RecordSet",
        "@id": RECORDS,
        "name": RECORDS,
        "description": "One record per image of the camera AD100.",
        "key": {"@id": f"{RECORDS}/file"},
        "field": [_describe_field(name, table) for name in FIELDS],
    }


def _describe_field(name: str, table: str) -> dict:
    column, kind, what = FIELDS[name]
    source = {"fileObject": {"@id": table}, "extract": {"column": column}}
    if name in OF_A_NAME:
        source["transform"] = {"regex": OF_A_NAME[name]}
    return {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/{name}",
        "name": name,
        "description": what,
        "dataType": kind,
        "source": source,
    }
