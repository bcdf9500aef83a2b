"""Names for types that NumPy, CuPy and the tape share."""

import os
from typing import Any

# A NumPy array, a CuPy array, a node of the tape or a SymPy symbol: a rule takes them all.
Array = Any

# An array, or a list, tuple or dict of such, nested to any depth.
Tree = Any

PathLike = str | os.PathLike[str]
