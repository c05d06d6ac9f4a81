"""Corpora of charts with gold codes, named by a specification on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suggest.errors import CorpusError
from suggest.records import TrainingExample
from training.corpora.charts import load_charts
from training.corpora.codiesp import load_codiesp, spanish_evidence
from training.corpora.projection import with_evidence

_WILDCARDS = frozenset("*?[")


def load(spec: str, splits: Sequence[str], *, evidence: bool = False) -> list[TrainingExample]:
    """Loads the examples of a corpus.

    Args:
        spec: ``codiesp:DIR``, or ``charts:FILE[,FILE...]`` where a FILE may hold the wildcards ``*``, ``**``,
            ``?`` and ``[...]``.
        splits: The published splits to load, one after the other; chart files have none and load whole.
        evidence: Whether to project the Spanish evidence of CodiEsp onto its translation, which takes some
            20 s for each 500 charts; charts of other corpora have theirs in any case.

    Raises:
        CorpusError: The specification fits no corpus, a file is missing or malformed, no split is named for
            a corpus that has them, or an encounter comes twice.
    """
    kind, _, rest = spec.partition(":")
    if kind == "codiesp" and rest:
        if not splits:
            raise CorpusError(f"corpus {spec!r} needs a split; name train, dev or test")
        examples = [example for split in splits for example in load_codiesp(Path(rest), split)]
        if evidence:
            examples = with_evidence(examples, [e for split in splits for e in spanish_evidence(Path(rest), split)])
    elif kind == "charts" and rest:
        examples = [example for path in _expand(rest.split(",")) for example in load_charts(path)]
    else:
        raise CorpusError(f"corpus {spec!r} is unknown; expected codiesp:DIR or charts:FILE[,FILE...]")
    if len({example.encounter.id for example in examples}) != len(examples):
        raise CorpusError(f"corpus {spec!r} holds an encounter twice; name each file and split once")
    return examples


def _expand(patterns: Sequence[str]) -> list[Path]:
    """Returns the files that the patterns name, each once, in the order of the patterns."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        parts = Path(pattern).parts
        fixed = next((i for i, part in enumerate(parts) if _WILDCARDS & set(part)), len(parts))
        base = Path(*parts[:fixed])
        matches = sorted(base.glob("/".join(parts[fixed:]))) if fixed < len(parts) else [base]
        files = [path for path in matches if path.is_file()]
        if not files:
            raise CorpusError(f"charts file {pattern!r} does not exist; check the path or pattern")
        found |= dict.fromkeys(files)
    return list(found)
