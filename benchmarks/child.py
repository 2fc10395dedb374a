"""Run a command and print what it cost, as JSON: python child.py COMMAND ...

A process of its own for each command, and a small one: the peak memory that the system reports for a
child is not below that of the process which started it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

begun = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False)
wall = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
cost = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss * unit / 1e6}
print(json.dumps(cost))
sys.exit(done.returncode)
