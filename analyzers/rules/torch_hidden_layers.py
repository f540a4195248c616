"""Layers that PyTorch does not see."""

import libcst as cst

from analyzers.rule import Rule

_LAYERS = "torch.nn."


class TorchHiddenLayers(Rule):
    """Layers are kept in a plain list or dictionary, where `parameters()` does not find them: they are never trained nor saved.

    They do not move to the GPU with the module either.

    Fix: `nn.ModuleList([...])`, `nn.ModuleDict({...})` or `nn.Sequential(...)`.
    """

    severity = "high"
    cwe = None
    prior = 0.9
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html",)
    triggers = ("torch",)
    invalid = (
        ("import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n"
         "        self.layers = [nn.Linear(8, 8) for _ in range(n)]"),
        ("from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
         "        self.heads = {'a': nn.Linear(8, 1)}"),
    )
    valid = (
        ("import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n"
         "        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(n)])"),
        "import torch.nn as nn\nclass Plan:\n    def __init__(self):\n        self.layers = [nn.Linear(8, 8)]",
        "import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.sizes = [8, 8]",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at what a module keeps."""
        target = node.targets[0].target
        around = next((one for one in self.context.inside(cst.ClassDef) if isinstance(one, cst.ClassDef)), None)
        if not isinstance(target, cst.Attribute) or around is None:
            return
        match node.value:
            case cst.List(elements=elements) | cst.Dict(elements=elements):
                parts = [one.value for one in elements[:1]]
            case cst.ListComp(elt=elt):
                parts = [elt]
            case cst.DictComp(value=value):
                parts = [value]
            case _:
                return
        made = [self.qualified_name(one.func) or "" for one in parts if isinstance(one, cst.Call)]
        based = any((self.context.qualified_name(one.value) or "").startswith("torch.nn.") for one in around.bases)
        if based and any(name.startswith(_LAYERS) and name[len(_LAYERS):][:1].isupper() and "Parameter" not in name for name in made):
            self.report(node)
