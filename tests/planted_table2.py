"""A planted Table 2: every method and every measure, with the widest cells that there are."""

from replication.attack.table2 import EVIDENCE, MEASURES, NOISE, PRIVACY, QUALITY, Requirement
from replication.privatize.methods import BASELINE, ROWS
from replication.store.files import write_json
from replication.store.run_folder import RunStore

SIGNS = ("sign_correlation", "sign_owed", "sign_kind_auc", "verdicts_lost", "verdicts_planted")


def plant_rows(*, signs: bool = True) -> list[dict]:
    """Return rows as `table2.json` has them; the replaced are none of originals and noise."""
    return [
        plant_row(method, name, step)
        for step, method in enumerate((BASELINE, NOISE, *(row.name for row in ROWS[1:])))
        for name, measure in MEASURES.items()
        if (signs or name not in SIGNS)
        and not (measure.requirement is Requirement.REPLACED and method in (BASELINE, NOISE))
        and not (name == "used_auc" and method.startswith("blur"))
    ]


def plant_row(method: str, measure: str, step: int) -> dict:
    """Return one number of a method, the lower the further down."""
    ratio = MEASURES[measure].requirement is Requirement.QUALITY
    value = 1 - step / (2 * len(ROWS))
    ends = {"low": value / 2, "high": 1.0} if step != 3 else {"low": None, "high": None}
    number = {"value": value, "chance": None if ratio else 0.1} | ends
    return {"method": method, "measure": measure, **number}


def plant_attack(planted: RunStore, heading: str, rows: list[dict], **more) -> None:
    """Write Table 2 into a run, of its summary and claims one number and one finding."""
    worst = {"measure": "identity_best", "share": 0.28}
    number = {"value": 0.725, "low": 0.6, "high": 0.8, "chance": 0.01}
    nothing = {"method": "blur-3", "measure": None, "share": None}
    attack = {
        "heading": heading,
        "rows": rows,
        **more,
        "summary": [
            {"method": "blur-3", "requirement": PRIVACY, **worst, **number},
            nothing | {"requirement": EVIDENCE},
            nothing | {"requirement": QUALITY},
        ],
        "claims": [
            {"name": "blur hides", "quotation": "-", "static": "holds", "retrained": "fails"}
        ],
    }
    with planted.writing("07_attacked", {}) as folder:
        write_json(folder / "table2.json", attack)
