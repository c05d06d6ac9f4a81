"""Training and evaluation: corpora, phrases, the ranker, metrics."""
