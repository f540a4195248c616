"""Models downloaded without saying which."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star

_AUTO = ("AutoModel", "AutoTokenizer", "AutoConfig", "AutoModelForCausalLM", "AutoModelForSequenceClassification", "AutoProcessor",
         "AutoModelForSeq2SeqLM", "AutoFeatureExtractor", "AutoImageProcessor", "AutoModelForTokenClassification")  # fmt: skip
_CALLS = {
    **{f"transformers.{name}.from_pretrained": 0 for name in _AUTO}, "huggingface_hub.hf_hub_download": 0,
    "huggingface_hub.snapshot_download": 0, "datasets.load_dataset": 0,
}  # fmt: skip


class UnpinnedModel(CallRule):
    """The model is downloaded without a fixed revision, or with leave to run its own code.

    Whoever owns the repository can put another model or program in its place tomorrow.

    Fix: pass `revision="<commit hash>"`, and leave `trust_remote_code` off.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 494
    prior = 0.55
    references = ("https://huggingface.co/docs/hub/security",)
    triggers = ("transformers", "huggingface_hub", "datasets")
    calls = frozenset(_CALLS) | {"transformers.pipeline"}
    invalid = (
        "from transformers import AutoModel\nm = AutoModel.from_pretrained('org/model')",
        "import transformers\nt = transformers.AutoTokenizer.from_pretrained('a/b', revision='main')",
        "from huggingface_hub import snapshot_download\np = snapshot_download('a/b')",
        "from datasets import load_dataset as l\nd = l('a/b', split='train')",
        ("import transformers as tr\nclass A:\n    NAME = 'a/b'\n    def f(self):\n"
         "        return tr.AutoModel.from_pretrained('a/b', trust_remote_code=True, revision=R)"),
        "from transformers import pipeline\np = pipeline('x', model='a/b', trust_remote_code=True)",
    )
    valid = (
        "from transformers import AutoModel\nm = AutoModel.from_pretrained('a/b', revision='5d0f2e8a7f1c4b3e9a6d')",
        "from transformers import AutoModel\nm = AutoModel.from_pretrained('./model')",
        "from transformers import AutoModel\ndef f(path):\n    return AutoModel.from_pretrained(path)",
        "from transformers import AutoModel\ndef f(rev):\n    return AutoModel.from_pretrained('a/b', revision=rev)",
        "from mine import AutoModel\nm = AutoModel.from_pretrained('a/b')  # transformers",
        "from datasets import load_dataset\nd = load_dataset('csv', data_files='a.csv')",
        "from transformers import pipeline\np = pipeline('x', model=m)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the revision of what is named in the source, and at code that comes along."""
        if self.is_true(argument(node, "trust_remote_code")):
            self.report(node, severity="high")
            return
        if name not in _CALLS or has_double_star(node) or not node.args:
            return
        source = self.text(node.args[0].value) or ""
        revision = argument(node, "revision")
        floating = revision is None or self.text(revision) in ("main", "master", "latest")
        if floating and "/" in source and not source.startswith((".", "/", "~")):
            self.report(node)
