"""The standard's module tables (PS3.3) as highdicom ships them, and dicom-validator run on them.

The validator fetches the standard on first use; no test goes to the net. The tables have no
conditions, so that types 1C and 2C count as optional.
"""

import json
import logging
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydicom import dcmread
from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.tag import Tag

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@cache
def read_tables() -> tuple[dict[str, list[dict]], list[dict]]:
    """Return the attributes of every module, and the modules of a secondary capture."""
    folder = files("highdicom") / "_standard"
    names = ("module_attribute_map", "iod_module_map", "sop_class_iod_map")
    modules, iods, classes = (json.loads((folder / f"{n}.json").read_text()) for n in names)
    return modules, iods[classes[SECONDARY_CAPTURE]]


@cache
def lay_out_for_validator() -> tuple[dict, dict, dict]:
    """Return dictionary, objects and modules in the form that dicom-validator keeps them in."""
    modules, used = read_tables()
    laid_out, dictionary = {}, {}
    for each in used:
        laid_out[each["key"]] = {}
        # Sequences stand before what is in them.
        for attribute in sorted(modules[each["key"]], key=lambda a: len(a["path"])):
            if tag_for_keyword(attribute["keyword"]) is None:  # an overlay's: a tag for each one
                continue
            place = laid_out[each["key"]]
            for sequence in attribute["path"]:
                place = place[_spell(sequence)].setdefault("items", {})
            tag, name = _spell(attribute["keyword"]), _describe(attribute["keyword"])
            place[tag] = {"name": name, "type": attribute["type"]}
            dictionary[tag] = {"name": name, "vr": "", "vm": "", "prop": ""}
    listed = {e["key"]: {"ref": e["key"], "use": e["usage"]} for e in used}
    iod = {"title": "Secondary Capture", "modules": listed, "group_macros": {}}
    return dictionary, {SECONDARY_CAPTURE: iod}, laid_out


def list_errors(file: Path) -> list[str]:
    """Return what dicom-validator finds wrong with a secondary capture."""
    from dicom_validator.validator.dicom_info import DicomInfo
    from dicom_validator.validator.iod_validator import IODValidator

    info = DicomInfo(*lay_out_for_validator())
    result = IODValidator(dcmread(file), info, log_level=logging.CRITICAL).validate()
    if result.errors and not result.module_errors:
        return [str(result.status)]
    return [
        f"{module} {tag}: {error.code}"
        for module, errors in result.module_errors.items()
        for tag, error in errors.items()
    ]


def _spell(keyword: str) -> str:
    tag = Tag(tag_for_keyword(keyword))
    return f"({tag.group:04X},{tag.element:04X})"


def _describe(keyword: str) -> str:
    return dictionary_description(tag_for_keyword(keyword))
