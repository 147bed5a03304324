"""Load a worker's scripts without leaving their short names to the scripts of other workers."""

import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def scripts(folder: Path) -> dict[str, ModuleType]:
    """Import every script of a folder, each once, as they import each other; by name."""
    names = sorted(path.stem for path in folder.glob("*.py"))
    others = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        return {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(others)
