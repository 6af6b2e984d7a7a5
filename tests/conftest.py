"""What every test stands on: properties without a deadline, and an environment that isn't CI's."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# How long an example takes says nothing: the machine has other things to do.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# In CI a run shows no progress, says more on GitHub, and writes into its summary. The tests of that say so.
for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(name, None)

# Where Python is told to write no bytecode, each process compiles all that it imports, which takes longer
# than most tests. Out of the way it may be written.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(__file__).parent.parent / ".cache" / "bytecode"))
