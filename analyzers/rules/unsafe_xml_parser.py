"""XML parsers set up to follow what a document says."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_FEATURES = frozenset({"xml.sax.handler.feature_external_ges", "xml.sax.handler.feature_external_pes"})
_HUGE = "The XML parser's limits on depth and size are off, so a small document can fill the memory."
_PULL = "xml.dom.pulldom"


class UnsafeXmlParser(CallRule):
    """The XML parser is told to load external entities or documents, which a document can point at files and servers.

    `<!ENTITY x SYSTEM "file:///etc/passwd">` then reads that file, or makes the server ask another one.

    Fix: `lxml.etree.XMLParser(resolve_entities=False, no_network=True)`, or `defusedxml`.
    """

    severity = "high"
    cwe = 611
    prior = 0.8
    references = ("https://lxml.de/FAQ.html#how-do-i-use-lxml-safely-as-a-web-service-endpoint",)
    triggers = ("lxml", "xml.sax", "setFeature", "pulldom")
    calls = frozenset({f"lxml.etree.{name}" for name in ("XMLParser", "ETCompatXMLParser", "iterparse", "XMLPullParser")})
    methods = ("setFeature",)
    invalid = (
        "from lxml import etree\np = etree.XMLParser(resolve_entities=True)",
        "from lxml import etree\np = etree.XMLParser(no_network=False)",
        "import lxml.etree as e\nclass A:\n    def f(self, s):\n        return e.iterparse(s, load_dtd=True)",
        "from lxml.etree import XMLParser\nON = True\np = XMLParser(huge_tree=ON)",
        ("import xml.sax\nfrom xml.sax.handler import feature_external_ges\np = xml.sax.make_parser()\n"
         "p.setFeature(feature_external_ges, True)"),
        "import xml.sax.handler\ndef f(p):\n    p.setFeature(xml.sax.handler.feature_external_pes, 1)",
    )
    valid = (
        "from lxml import etree\np = etree.XMLParser(resolve_entities=False)",
        "from lxml import etree\np = etree.XMLParser()",
        "import xml.sax.handler\ndef f(p):\n    p.setFeature(xml.sax.handler.feature_external_ges, False)",
        "from mine import XMLParser\np = XMLParser(resolve_entities=True)  # lxml",
        "from lxml import etree\ndef f(flag):\n    return etree.XMLParser(no_network=flag)",
        "def f(car):\n    car.setFeature('air', True)",
        "from lxml import etree\np = etree.HTMLParser(no_network=False)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at features that are switched on."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "setFeature" and len(node.args) == 2:
            on = self.is_true(node.args[1].value) or self.number(node.args[1].value) == 1
            if on and self.qualified_name(node.args[0].value) in _FEATURES:
                self.report(node)
            return
        super().visit_Call(node)

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the options of lxml."""
        on = any(self.is_true(argument(node, word)) for word in ("resolve_entities", "load_dtd"))
        if on or self.is_false(argument(node, "no_network")):
            self.report(node)
        elif self.is_true(argument(node, "huge_tree")):
            self.report(node, _HUGE, severity="medium")
