"""A claim that holds for the static network and fails for an attacker that retrains."""

from planted_predictions import EVERY_CLAIM_HOLDS, plant_predictions

from replication.attack.outputs import judge_retrained


def judge(best):
    predictions = plant_predictions(EVERY_CLAIM_HOLDS)
    named = predictions[["method", "draw", "image_id"]].assign(best=best(predictions))
    return {
        static.claim.name: (static.finding.value, retrained.finding.value)
        for static, retrained in judge_retrained(predictions, named)
    }


def test_an_attacker_who_sees_through_blur_overturns_what_is_said_of_blur():
    def see_through_blur(rows):
        blurred = rows["method"].str.startswith("blur")
        return rows["predicted_identity"].mask(blurred, rows["identity"])

    judged = judge(see_through_blur)
    assert judged
    assert {static for static, _ in judged.values()} == {"holds"}
    overturned = [name for name, (_, retrained) in judged.items() if retrained == "fails"]
    assert any("blur" in name for name in overturned), judged


def test_an_attacker_who_does_no_better_changes_no_claim():
    judged = judge(lambda rows: rows["predicted_identity"])
    assert all(static == retrained for static, retrained in judged.values())
