"""Who has to close a thing: which names are closed in a function, and which are handed to somebody who may close them."""

import libcst as cst

from analyzers.names import qualified_name
from analyzers.scope import Scope
from analyzers.syntax import ScopeNode, bound_names, descend

BORROWERS = frozenset(
    {"json.load", "json.dump", "pickle.load", "pickle.dump", "marshal.load", "marshal.dump", "csv.reader",
     "csv.writer", "csv.DictReader", "csv.DictWriter", "yaml.load", "yaml.safe_load", "yaml.safe_load_all",
     "yaml.dump", "yaml.safe_dump", "tomllib.load", "plistlib.load", "plistlib.dump", "ast.parse", "copy.copy",
     "shutil.copyfileobj", "hashlib.file_digest", "configparser.ConfigParser().read_file", "struct.unpack",
     "xml.etree.ElementTree.parse", "tokenize.tokenize", "tokenize.generate_tokens", "itertools.islice",
     "pandas.read_csv", "numpy.load", "numpy.loadtxt", "traceback.print_exc", "select.select",
     "os.read", "os.write", "os.fstat", "os.lseek"}
) | {f"builtins.{name}" for name in ("print", "len", "list", "sorted", "enumerate", "iter", "next", "sum", "set",
     "tuple", "map", "filter", "zip", "max", "min", "any", "all", "isinstance", "hasattr", "getattr", "id", "repr",
     "str", "bool")}  # fmt: skip
"""What reads or writes a file it is given, and leaves the closing to the giver."""


def released(place: ScopeNode, scope: Scope) -> set[str]:
    """The names that are closed here, or given to somebody who may close them."""
    names: set[str] = set()
    for node in descend(place):
        names |= _closes(node, scope)
        if isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef) and node is not place:
            names |= {one.value for one in descend(node.body, into_scopes=True) if isinstance(one, cst.Name)}
    return names


def _closes(node: cst.CSTNode, scope: Scope) -> set[str]:
    match node:
        case cst.Call():
            closed = _closed_by(node.func)
            if qualified_name(node.func, scope) in BORROWERS:
                return closed
            return closed.union(*(_names_in(arg.value) for arg in node.args))
        case cst.WithItem():
            return _names_in(node.item)
        case cst.Return(value=value) | cst.Yield(value=value) if value is not None:
            return _names_in(value.item if isinstance(value, cst.From) else value)
        case cst.Assign() | cst.NamedExpr():
            return _names_in(node.value)
        case cst.Element() | cst.DictElement() | cst.StarredElement():
            return _names_in(node.value)
    return set()


def _closed_by(func: cst.BaseExpression) -> set[str]:
    if isinstance(func, cst.Attribute) and func.attr.value in ("close", "detach", "__exit__"):
        return _names_in(func.value)
    return set()


def _names_in(node: cst.CSTNode) -> set[str]:
    """The names whose own value `node` is, not those that it only reads from."""
    match node:
        case cst.Name() | cst.Tuple() | cst.List():
            return {one.value for one in bound_names(node)}
        case cst.IfExp():
            return _names_in(node.body) | _names_in(node.orelse)
        case cst.BooleanOperation():
            return _names_in(node.left) | _names_in(node.right)
        case cst.Await():
            return _names_in(node.expression)
    return set()
