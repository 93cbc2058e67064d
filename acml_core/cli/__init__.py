"""The command line: parse, call, print. Errors become one line and an exit code."""

from __future__ import annotations

import errno
import gc
import os
import sys

INTERRUPTED = "interrupted; what was finished is kept ('acml train --resume DIR' goes on)."
TYPER_INTERRUPTED = 130
"""Exit code into which typer turns Ctrl-C, without a word."""

UNCOLLECTED = 50_000
"""Objects that may be made before Python looks for cycles among them: imports make hundreds of
thousands that stay, and at its usual 700 it looks through all of them again and again."""

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Entry point of ``acml``. Exits 0, 1 (failed) or 2 (bad usage or bad input)."""
    gc.set_threshold(UNCOLLECTED)
    from acml_core.cli.app import app
    from acml_core.errors import AcmlError

    try:
        app(standalone_mode=True)
    except AcmlError as error:
        _fail(str(error), error.exit_code)
    except SystemExit as stop:
        if stop.code != TYPER_INTERRUPTED:
            raise
        _fail(INTERRUPTED, 1)
    except KeyboardInterrupt:  # before or after typer had hold of it
        _fail(INTERRUPTED, 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        reason = error.strerror or str(error)
        full = error.errno in NO_SPACE
        remedy = " Free some space, or write to another disk." if full else ""
        _fail(f"{error.filename or 'a file'}: cannot be used ({reason}).{remedy}", 1)


def _fail(message: str, code: int) -> None:
    print(f"acml: {message}", file=sys.stderr)
    sys.exit(code)
