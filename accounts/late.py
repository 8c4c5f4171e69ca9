"""Modules that are loaded once something of them is used."""

import importlib.util
import sys
import threading
from types import ModuleType
from typing import Any

_lock = threading.RLock()
_running: set[str] = set()


class LateModule(ModuleType):
    """Stands where a module will be, and becomes it when an attribute is asked for."""

    def __getattr__(self, name: str) -> Any:
        with _lock:
            if not name.startswith("__") and type(self) is LateModule:
                _run(self)
        if name in self.__dict__:
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def _run(module: ModuleType) -> None:
    """Have the module filled, unless this very thread is about to."""
    spec, name = module.__spec__, module.__name__
    if spec and spec.loader and name not in _running:
        _running.add(name)
        try:
            spec.loader.exec_module(module)
        finally:
            _running.remove(name)
        module.__class__ = ModuleType


def load_when_used(name: str) -> None:
    """From now on, importing that module by its package loads nothing. Raises: ImportError.

    Does nothing where it is loaded already.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(f"there is no module {name}", name=name)
    module = importlib.util.module_from_spec(spec)
    module.__class__ = LateModule
    sys.modules[name] = module
