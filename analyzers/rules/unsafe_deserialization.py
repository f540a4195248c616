"""Loaders that run code found in the data."""

import re
from collections.abc import Iterator

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import argument, string_value

_RUNS_CODE = frozenset(
    f"{module}.{name}"
    for module in ("pickle", "_pickle", "cPickle", "marshal", "dill", "cloudpickle", "joblib")
    for name in ("load", "loads", "Unpickler")
) | {"shelve.open", "jsonpickle.decode", "pandas.read_pickle"}
_YAML = frozenset({"yaml.load", "yaml.load_all"})
_YAML_UNSAFE = frozenset({"yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all"})
_YAML_ANY = frozenset(f"yaml.{name}" for name in ("Loader", "CLoader", "UnsafeLoader", "CUnsafeLoader", "FullLoader", "CFullLoader"))
_YAML_SAFE = frozenset({"yaml.SafeLoader", "yaml.CSafeLoader", "yaml.BaseLoader", "yaml.CBaseLoader"})
_CACHE = re.compile(r"cache(?!r?y)", re.IGNORECASE)
_OWN_LOADER = "YAML is read with a loader of the program's own; make sure that it builds plain data only."
_FROM_CACHE = "A cache is read by a format that can run code: whoever can write to it runs code here."


class UnsafeDeserialization(Rule):
    """The data being loaded can run code.

    These formats can name any function to call while they are read, so data from a user, a cache or another service
    decides what the program does. Severity is critical where data flow sees a stranger's data arrive, high for YAML, which
    has a safe loader for the same text, low for a program's own cache, medium for the rest.

    Fix: use a format of plain data such as JSON or `yaml.safe_load`; if it must be pickle, load only what carries a
    signature that you check first.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 502
    prior = 0.6
    references = (
        "https://docs.python.org/3/library/pickle.html",
        "https://cheatsheetseries.owasp.org/cheatsheets/Deserialization_Cheat_Sheet.html",
    )
    triggers = ("pickle", "marshal", "dill", "joblib", "shelve", "yaml")
    invalid = (
        "import pickle\ndef f(data):\n    return pickle.loads(data)",
        "import pickle\ndef f(path):\n    with open(path, 'rb') as file:\n        return pickle.load(file)",
        "from marshal import loads\ndef f(data):\n    return loads(data)",
        "import yaml\ndef f(text):\n    return yaml.load(text)",
        "import yaml\ndef f(text):\n    return yaml.load(text, Loader=yaml.Loader)",
        "import yaml\nclass Free(yaml.Loader): pass\ndef f(text):\n    return yaml.load(text, Loader=Free)",
        "import yaml\nfrom shop.loaders import Free\ndef f(text):\n    return yaml.load(text, Free)",
        "import yaml\ndef f(text):\n    return yaml.unsafe_load(text)",
        "import pickle\nclass FileCache:\n    def get(self, file):\n        return pickle.load(file)",
        "import jsonpickle\ndef f(text):\n    return jsonpickle.decode(text)",
    )
    valid = (
        "import pickle\ndef f(value):\n    return pickle.dumps(value)",
        "import yaml\ndef f(text):\n    return yaml.safe_load(text)",
        "import yaml\ndef f(text):\n    return yaml.load(text, Loader=yaml.SafeLoader)",
        "import yaml\nfrom yaml import CSafeLoader\ndef f(text):\n    return yaml.load(text, CSafeLoader)",
        "import yaml\nclass Strict(yaml.SafeLoader): pass\ndef f(text):\n    return yaml.load(text, Loader=Strict)",
        "import json\ndef f(text):\n    return json.loads(text)",
        "def f(pickle, data):\n    return pickle.loads(data)",
        "import pickle\npickle.loads(b'N.')",
        "import pickle\ndef f(value):\n    return pickle.loads(pickle.dumps(value))",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at calls of loaders."""
        name = self.qualified_name(node.func)
        if name is None or not node.args:
            return
        if name in _RUNS_CODE and not self._literal(node.args[0].value) and not self._own(node.args[0].value):
            own = any(_CACHE.search(one) for one in self._places())
            self.report(node, _FROM_CACHE if own else "", severity="low" if own else None)
        elif name in _YAML and not self._safe_loader(loader := argument(node, "Loader", 1)):
            own = loader is not None and not self._is_yamls(loader)
            self.report(node, _OWN_LOADER if own else "", severity="low" if own else "high", confidence="medium" if own else "high")
        elif name == "ruamel.yaml.YAML" and string_value(argument(node, "typ")) == "unsafe":
            self.report(node, severity="high")
        elif name in _YAML_UNSAFE and not self.is_constant(node.args[0].value):
            self.report(node, severity="high", confidence="medium" if "full" in name else "high")

    def _places(self) -> Iterator[str]:
        """The names of file, classes and functions around."""
        yield self.context.path
        for one in self.context.inside((cst.ClassDef, cst.FunctionDef)):
            if isinstance(one, cst.ClassDef | cst.FunctionDef):
                yield one.name.value

    def _own(self, node: cst.BaseExpression) -> bool:
        """Whether it was written in the same breath: a deep copy."""
        return isinstance(node, cst.Call) and (self.qualified_name(node.func) or "").endswith(".dumps")

    def _literal(self, node: cst.BaseExpression) -> bool:
        return isinstance(node, cst.SimpleString | cst.ConcatenatedString) and node.evaluated_value is not None

    def _safe_loader(self, loader: cst.BaseExpression | None) -> bool:
        """Also a class of the file's own, which may restrict what it builds: nothing is said about those."""
        if loader is None:
            return False
        if self.qualified_name(loader) in _YAML_SAFE:
            return True
        if not isinstance(loader, cst.Name):
            return False
        found = self.scope.reaching(loader.value, loader)
        return any(isinstance(one.node, cst.ClassDef) and self._safe_base(one.node) for one in found)

    def _is_yamls(self, loader: cst.BaseExpression) -> bool:
        """Whether the loader is one of PyYAML's that build any object, or derives from one."""
        found = self.scope.reaching(loader.value, loader) if isinstance(loader, cst.Name) else []
        classes = [one.node for one in found if isinstance(one.node, cst.ClassDef)]
        names = [self.qualified_name(loader), *(self.qualified_name(base.value) for one in classes for base in one.bases)]
        return any(name in _YAML_ANY for name in names)

    def _safe_base(self, node: cst.ClassDef) -> bool:
        return any(self.qualified_name(base.value) in _YAML_SAFE for base in node.bases)
