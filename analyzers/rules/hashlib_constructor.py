"""Hashes asked for by name."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_NAMED = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512", "blake2b",
                    "blake2s", "shake_128", "shake_256"})  # fmt: skip


class HashlibConstructor(CallRule):
    """A hash is made by `hashlib.new` and a constant name, where its own constructor is faster.

    `new` looks the name up each time, and a wrong one is only noticed when the line runs.

    Fix: `hashlib.sha256(data)`.
    """

    severity = "info"
    cwe = None
    prior = 0.3
    references = ("https://docs.python.org/3/library/hashlib.html#hashlib.new",)
    triggers = ("hashlib",)
    calls = frozenset({"hashlib.new"})
    invalid = (
        "import hashlib\nh = hashlib.new('sha256')",
        "import hashlib\ndef f(data):\n    return hashlib.new('sha512', data).hexdigest()",
        "from hashlib import new\nh = new('blake2b', b'x')",
        "import hashlib as hl\nNAME = 'sha3_256'\nclass A:\n    def f(self):\n        return hl.new(NAME)",
        "import hashlib\nh = hashlib.new(name='sha1', usedforsecurity=False)",
        "import hashlib\nif (h := hashlib.new('SHA256')):\n    h.update(b'x')",
    )
    valid = (
        "import hashlib\nh = hashlib.sha256()",
        "import hashlib\ndef f(name, data):\n    return hashlib.new(name, data)",
        "import hashlib\nh = hashlib.new('ripemd160')",
        "import hashlib\nfor name in ('sha256', 'sha512'):\n    hashlib.new(name)",
        "from mine import hashlib\nhashlib.new('sha256')",
        "import hashlib\nh = hashlib.new(settings.HASH, b'x')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the name, and mends the call where the module is at hand."""
        chosen = (self.text(argument(node, "name", 0)) or "").lower()
        if chosen not in _NAMED:
            return
        mend = None
        if isinstance(node.func, cst.Attribute) and node.args[0].keyword is None:
            func = node.func.with_changes(attr=cst.Name(chosen))
            mend = (node, node.with_changes(func=func, args=node.args[1:]))
        self.report(node, replacement=mend)
