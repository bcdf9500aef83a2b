"""Without CuPy the tests here are skipped by name; their helpers cannot be imported."""

collect_ignore = ["cupy_hooks.py", "proof.py", "report.py"]
