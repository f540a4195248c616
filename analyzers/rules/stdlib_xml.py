"""XML from outside given to the standard library."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve

_READ = ("parse", "fromstring", "iterparse", "XML", "parseString", "fromstringlist")
_MODULES = ("xml.etree.ElementTree", "xml.etree.cElementTree", "xml.dom.minidom", "xml.dom.pulldom", "xml.sax", "xml.dom.expatbuilder")
_SOURCES = ("flask.request.", "urllib.request.urlopen(", "requests.", "httpx.", "sys.stdin", "builtins.input(")
_REQUEST = ("data", "body", "text", "content", "stream", "files", "form", "POST")


class StdlibXml(CallRule):
    """XML that came over the network goes to a parser of the standard library, which entities can make use up all memory.

    A kilobyte of entities that name each other grows to gigabytes ("billion laughs") with an expat older than 2.4.1; `pulldom`
    and `sax` can also be told to load other documents.

    Fix: use `defusedxml`, which refuses entities: `from defusedxml.ElementTree import fromstring`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 776
    prior = 0.55
    references = ("https://docs.python.org/3/library/xml.html#xml-security",)
    triggers = ("xml.",)
    calls = frozenset(f"{module}.{name}" for module in _MODULES for name in _READ)
    invalid = (
        "import xml.etree.ElementTree as ET\nfrom flask import request\ndef f():\n    return ET.fromstring(request.data)",
        "from xml.dom import minidom\nimport requests\ndef f(u):\n    return minidom.parseString(requests.get(u, timeout=3).content)",
        "from xml.dom.pulldom import parse\nimport urllib.request\ndef f(u):\n    return parse(urllib.request.urlopen(u))",
        "import xml.sax, sys\ndef f(h):\n    xml.sax.parse(sys.stdin, h)",
        "from xml.etree.ElementTree import XML\nimport httpx\ndef f(u):\n    r = httpx.get(u)\n    return XML(r.text)",
        "import xml.etree.ElementTree as ET\nclass A:\n    def post(self, request):\n        return ET.fromstring(request.body)",
        ("from xml.dom import expatbuilder\nfrom flask import request\ndef f():\n    body = request.get_data()\n"
         "    return expatbuilder.parseString(body)"),
    )
    valid = (
        "import xml.etree.ElementTree as ET\nt = ET.parse('settings.xml')",
        ("from defusedxml.ElementTree import fromstring\nfrom flask import request\ndef f():\n"
         "    return fromstring(request.data)  # not xml.etree"),
        "import xml.etree.ElementTree as ET\ndef f(text):\n    return ET.fromstring(text)",
        "import xml.etree.ElementTree as ET\nx = ET.fromstring('<a/>')",
        "import json\nfrom flask import request\ndef f():\n    return json.loads(request.data)  # xml.etree",
        "import xml.etree.ElementTree as ET\nfrom flask import request\ndef f():\n    return ET.tostring(request.data)",
        "import xml.sax\ndef f(path, h):\n    xml.sax.parse(path, h)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks where the document comes from."""
        if node.args and self._from_outside(resolve(node.args[0].value, self.scope)):
            self.report(node)

    def _from_outside(self, node: cst.BaseExpression) -> bool:
        name = self.qualified_name(node) or ""
        if name.startswith(_SOURCES):
            return True
        match node:
            case cst.Attribute(value=cst.Name(value="request"), attr=cst.Name(value=str(part))):
                return part in _REQUEST
        return False
