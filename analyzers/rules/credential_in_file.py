"""Passwords written to files."""

import re

import libcst as cst

from analyzers.blocks import last_name
from analyzers.rule import Rule
from analyzers.syntax import string_value

_SECRET = re.compile(r"(^|_)(password|passwd|pwd|passphrase|credit_card|card_number|ssn|cvv)$", re.IGNORECASE)
_DUMPS = frozenset({"json.dump", "pickle.dump", "yaml.dump", "yaml.safe_dump", "toml.dump"})


class CredentialInFile(Rule):
    """A password or card number is written to a file as it is: whoever gets the file or a backup of it has it.

    What a program only has to check again needs no clear text.

    Fix: store a hash made by argon2 or scrypt; encrypt what must be read again, with a key kept elsewhere.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 312
    prior = 0.6
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html",)
    triggers = ("dump", "write", "writerow")
    methods = ("dump", "safe_dump", "write", "writerow", "write_text", "writelines")
    invalid = (
        ("import json\ndef f(user, password):\n    with open('u.json', 'a') as out:\n"
         "        json.dump({'user': user, 'password': password}, out)"),
        "def f(user, password):\n    with open('u.txt', 'a') as out:\n        out.write(f'{user}:{password}')",
        "import csv\ndef f(rows, user):\n    with open('a.csv', 'w') as out:\n        csv.writer(out).writerow([user.name, user.password])",
    )
    valid = (
        "import json\ndef f(user, password_hash):\n    with open('u.json', 'a') as out:\n        json.dump({'hash': password_hash}, out)",
        "def f(out, password):\n    out.write('password changed')",
        "def f(sock, password):\n    sock.write(password.encode())",
        "import json\ndef f(out, password):\n    json.dump({'password': hashed(password)}, out)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what is written in a block that opened a file."""
        word = last_name(node.func)
        if not node.args or not (word == "write_text" or self._opened()):
            return
        if (word not in ("dump", "safe_dump") or self.qualified_name(node.func) in _DUMPS) and self._shows(node.args[0].value):
            self.report(node)

    def _opened(self) -> bool:
        blocks = [one for one in self.context.inside(cst.With) if isinstance(one, cst.With)]
        return any(isinstance(item.item, cst.Call) and last_name(item.item.func) == "open" for one in blocks for item in one.items)

    def _shows(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Name(value=str(name)) | cst.Attribute(attr=cst.Name(value=str(name))):
                return bool(_SECRET.search(name))
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                return bool(_SECRET.search(string_value(key) or ""))
            case cst.Dict() | cst.List() | cst.Tuple():
                return any(self._shows(one.value) for one in node.elements)
            case cst.FormattedString():
                return any(self._shows(one.expression) for one in node.parts if isinstance(one, cst.FormattedStringExpression))
            case cst.BinaryOperation():
                return self._shows(node.left) or self._shows(node.right)
            case cst.Call(func=func) if last_name(func) in ("str", "dumps", "format"):
                return any(self._shows(arg.value) for arg in node.args)
        return False
