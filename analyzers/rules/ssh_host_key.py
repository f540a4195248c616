"""SSH servers that may be anybody."""

import libcst as cst

from analyzers.calls import CallRule

_OPEN = frozenset(f"{module}.{name}" for module in ("paramiko", "paramiko.client") for name in ("AutoAddPolicy", "WarningPolicy"))


class SshHostKey(CallRule):
    """An unknown SSH server is accepted, so somebody on the way can pose as it and take what is sent.

    The host key is all that tells one server from another; accepting any key at first sight gives that up.

    Fix: load the known keys with `client.load_host_keys(path)` and keep `paramiko.RejectPolicy()`.
    """

    severity = "high"
    cwe = 295
    prior = 0.8
    references = ("https://docs.paramiko.org/en/stable/api/client.html#paramiko.client.SSHClient.set_missing_host_key_policy",)
    triggers = ("paramiko", "asyncssh")
    calls = frozenset(
        {"paramiko.SSHClient().set_missing_host_key_policy", "paramiko.client.SSHClient().set_missing_host_key_policy", "asyncssh.connect"}
    )
    invalid = (
        "import paramiko\nc = paramiko.SSHClient()\nc.set_missing_host_key_policy(paramiko.AutoAddPolicy())",
        "from paramiko import SSHClient, WarningPolicy as W\nc = SSHClient()\nc.set_missing_host_key_policy(W())",
        "import paramiko\nc = paramiko.client.SSHClient()\nc.set_missing_host_key_policy(paramiko.client.AutoAddPolicy)",
        ("import paramiko\ndef f():\n    with paramiko.SSHClient() as c:\n"
         "        c.set_missing_host_key_policy(policy=paramiko.AutoAddPolicy)"),
        "import asyncssh\nasync def f(host):\n    return await asyncssh.connect(host, known_hosts=None)",
        ("import paramiko\nclass A:\n    def f(self):\n        c = paramiko.SSHClient()\n        p = paramiko.AutoAddPolicy()\n"
         "        c.set_missing_host_key_policy(p)"),
    )
    valid = (
        "import paramiko\nc = paramiko.SSHClient()\nc.set_missing_host_key_policy(paramiko.RejectPolicy())",
        "import paramiko\nc = paramiko.SSHClient()\nc.load_system_host_keys()",
        "import paramiko\nc = paramiko.SSHClient()\ndef f(policy):\n    c.set_missing_host_key_policy(policy)",
        "import asyncssh\nasync def f(host):\n    return await asyncssh.connect(host)",
        "import asyncssh\nasync def f(host):\n    return await asyncssh.connect(host, known_hosts='hosts')",
        "import paramiko\nclass Strict(paramiko.AutoAddPolicy):\n    pass",
        "def f(paramiko, c):\n    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at the policy."""
        if name == "asyncssh.connect":
            hosts = [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == "known_hosts"]
            if any(isinstance(one, cst.Name) and one.value == "None" for one in hosts):
                self.report(node)
        elif node.args and (self.qualified_name(node.args[0].value) or "").removesuffix("()") in _OPEN:
            self.report(node)
