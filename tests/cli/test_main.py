"""The command as a whole: help at once, errors as one line, and a clean end whatever happens."""

from __future__ import annotations

import subprocess
import sys

import pytest

import models.registry
from suggest.errors import ChartCoderError

HEAVY = ("numpy", "spacy", "sklearn", "fastapi", "pydantic", "uvicorn", "tqdm", "rich")


def test_help_needs_nothing_heavy():
    script = (
        "import sys\nfrom cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"
    assert "suggest" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["suggest"], ["serve"], ["setup"], ["train"], ["evaluate"], ["version"], ["codes"], ["models"],
        ["codes", "import"], ["codes", "import", "icd10cm"], ["codes", "search"], ["models", "promote"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_has_help(run, command):
    done = run(*command, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: chartcoder {' '.join(command)} ")


def test_version(run):
    done = run("version")
    assert done.code == 0
    assert done.out.startswith("chartcoder 0.1.0 (Python 3.")


@pytest.mark.parametrize("arguments", [["nonsense"], ["suggest"], ["suggest", "x", "--age", "old"], ["--nonsense"]])
def test_wrong_usage_is_told_with_exit_code_2(run, arguments):
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "Error:" in done.err
    assert "Traceback" not in done.err


def failing(error):
    def fail(_home):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ChartCoderError("it is missing; get it"), 2, "chartcoder: it is missing; get it\n"),
        (
            PermissionError(13, "Permission denied", "/data/models"),
            2,
            "chartcoder: /data/models: Permission denied; check path and permissions\n",
        ),
        (OSError(28, "No space left on device"), 2, "chartcoder: No space left on device; check path and"),
        (ModuleNotFoundError("No module", name="skops"), 2, "chartcoder: Python module skops is missing; install"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["known", "file", "device", "module", "interrupt"],
)
def test_an_error_is_one_line(run, monkeypatch, error, code, line):
    monkeypatch.setattr(models.registry, "list_bundles", failing(error))
    done = run("models", "list")
    assert done.code == code
    assert done.err.startswith(line)
    assert done.err.count("\n") == bool(line)


def test_a_fault_of_the_program_names_the_place_and_not_the_message(run, monkeypatch):
    monkeypatch.setattr(models.registry, "list_bundles", failing(ValueError("zebrafish")))
    done = run("models", "list")
    assert done.code == 1
    assert "internal error, please report it: builtins.ValueError at [" in done.err
    assert "zebrafish" not in done.err


def test_a_reader_that_goes_away_is_no_error(home, monkeypatch):
    monkeypatch.setenv("CHARTCODER_HOME", str(home))
    script = "from cli.main import main; main(['codes', 'search', 'fracture', '--limit', '1000'])"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert errors == b""


def test_a_character_that_the_terminal_lacks_is_escaped(tmp_path):
    script = "import sys; from cli.main import main; sys.stdout.reconfigure(encoding='ascii'); main(sys.argv[1:])"
    (tmp_path / "models" / "ours").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", script, "codes", "editions"],
        capture_output=True,
        check=False,
        env={"CHARTCODER_HOME": str(tmp_path), "PATH": ""},
    )
    assert done.returncode == 0
    assert b"FY2026" in done.stdout
