"""Running a suggester over examples."""

from __future__ import annotations

from suggest.records import Code, CodeLine, Encounter, Note, RankedCode, RunStamp, Suggestion, System, TrainingExample
from training.evaluate import Prediction
from training.predict import predict, prediction_of


def suggestion(name, *pairs, proposed=()):
    ranked = tuple(RankedCode(Code(system, code), "", probability, ()) for system, code, probability in pairs)
    by_code = {code.code.code: code for code in ranked}
    return Suggestion(
        encounter_id=name,
        ranked=ranked,
        codes=tuple(CodeLine(by_code[code]) for code in proposed),
        suppressed=(),
        findings=(),
        queries=(),
        stamp=RunStamp("0", "m", (), "i", "p", "h"),
    )


class Stub:
    """Answers with a code that names the encounter."""

    def suggest(self, encounter):
        return suggestion(encounter.id, (System.ICD10CM, encounter.id, 0.5), proposed=(encounter.id,))


def test_systems_are_kept_apart_and_order_is_kept():
    pairs = ((System.ICD10CM, "I10", 0.9), (System.CPT, "99213", 0.8), (System.ICD10CM, "J00", 0.4))
    found = prediction_of(suggestion("e", *pairs, proposed=("99213", "I10")))
    assert found == {
        System.ICD10CM: Prediction((("I10", 0.9), ("J00", 0.4)), ("I10",)),
        System.CPT: Prediction((("99213", 0.8),), ("99213",)),
    }


def test_no_codes():
    assert prediction_of(suggestion("e")) == {}


def test_predictions_come_in_the_order_of_the_examples():
    examples = [TrainingExample(Encounter(code, (Note("n", "x"),)), ()) for code in ("I10", "J00", "M10.9")]
    shares = []
    run = predict(Stub(), examples, progress=lambda name, share: shares.append((name, round(share, 2))))
    assert [p[System.ICD10CM].proposed for p in run.predictions] == [("I10",), ("J00",), ("M10.9",)]
    assert shares == [("charts", 0.33), ("charts", 0.67), ("charts", 1.0)]
    assert len(run.milliseconds) == 3
    assert all(ms >= 0 for ms in run.milliseconds)
    assert predict(Stub(), []).predictions == ()


class Stages(Stub):
    """Has its stages called one by one."""

    def features(self, encounter):
        return f"candidates of {encounter.id}", f"table of {encounter.id}"

    def decide(self, encounter, candidates, table):
        assert (candidates, table) == self.features(encounter)
        return self.suggest(encounter)


def test_observers_see_what_each_stage_made_of_a_chart():
    examples = [TrainingExample(Encounter(code, (Note("n", "x"),)), ()) for code in ("I10", "J00")]
    seen = []
    run = predict(Stages(), examples, observers=[seen.append, lambda outcome: seen.append(outcome.example)])
    assert run.predictions == predict(Stub(), examples).predictions
    assert [outcome.table for outcome in seen[::2]] == ["table of I10", "table of J00"]
    assert seen[1::2] == examples
    assert seen[0].suggestion == Stub().suggest(examples[0].encounter)
