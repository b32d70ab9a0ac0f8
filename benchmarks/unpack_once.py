"""One run of `telespool unpack` for `benchmarks/unpack.py`: python -m benchmarks.unpack_once CONFIG ARCHIVE DIR

The command as it is; behind its own lines it prints what only the process itself knows.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def peak() -> int:
    """The peak of this process in KiB; getrusage() would count what its parent had before it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def main() -> int:
    """Run the command and print the peak of its memory and the time to the first file."""
    began = time.monotonic()
    from telespool.cli import main as cli  # noqa: PLC0415 - importing is part of what is measured

    config, archive, directory = sys.argv[1:]
    first = 0.0
    out = Path(directory)

    class Told:
        """Standard output, counting to one."""

        def write(self, text: str) -> int:
            """Take a line of the command's."""
            nonlocal first
            first = first or time.monotonic() - began
            return len(text)

        def flush(self) -> None:
            """Nothing is kept."""

    screen, sys.stdout = sys.stdout, Told()
    code = cli.main(["unpack", "--config", config, archive, str(out)])
    sys.stdout = screen
    print(json.dumps({"peak_MiB": round(peak() / 1024, 1), "first_file": round(first, 3)}))
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
