"""Lets tests import how they write claims."""

from __future__ import annotations

import sys
from pathlib import Path

# Tests are imported by file (importlib mode), so that their helpers need a place on the path.
sys.path.append(str(Path(__file__).parent))
