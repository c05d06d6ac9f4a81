"""Adds codes to an encounter one after the other, and prints the key of each that was acknowledged."""

import sys
from itertools import count

from store import decisions, encounters
from store.coding import Add
from store.database import open_database
from suggest.records import Code, System


def add(database, encounter_id, reviewer, key):
    """Adds the code that belongs to a key, whatever the version is."""
    version = encounters.get(database, encounter_id).item.version
    made = [Add(Code(System.ICD10PCS, key))]
    return decisions.record(
        database, encounter_id, made, reviewer=reviewer, expected_version=version, idempotency_key=key
    )


def main(url, encounter_id, reviewer, prefix):
    database = open_database(url)
    for number in count():
        key = f"{prefix}{number:05}"
        add(database, encounter_id, reviewer, key)
        print(key, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
