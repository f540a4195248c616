"""Where builds run: one file for each kind, found by discovery; each keeps the contract in `executor`."""

import importlib
import pkgutil

from pipelines.builds.executors.executor import Executor, ExecutorUnusable


def names() -> list[str]:
    """The executors there are."""
    return sorted(executor.name for executor in _all())


def find(name: str) -> Executor:
    """The executor of that name. Raises ExecutorUnusable."""
    for executor in _all():
        if executor.name == name:
            return executor
    raise ExecutorUnusable(executor=name, why="there is no such executor", todo=f"Use one of {', '.join(names())}.")


def _all() -> list[Executor]:
    modules = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "executor"]
    return [importlib.import_module(f"{__name__}.{name}").EXECUTOR for name in modules]
