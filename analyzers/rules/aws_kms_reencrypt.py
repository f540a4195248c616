"""Data that is decrypted only to be encrypted again."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.calls import CallRule
from analyzers.syntax import argument, descend

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")

_HOPS_MAX = 20


class AwsKmsReencrypt(CallRule):
    """The text is decrypted and encrypted under another key here, so it passes through this program in the clear.

    KMS can change the key itself, and the text never leaves it.

    Fix: `kms.re_encrypt(CiphertextBlob=..., DestinationKeyId=...)`.
    """

    severity = "medium"
    cwe = 311
    prior = 0.7
    references = ("https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.encrypt" for client in _CLIENTS)
    invalid = (
        ("import boto3\nkms = boto3.client('kms')\ndef f(c, k):\n    p = kms.decrypt(CiphertextBlob=c)['Plaintext']\n"
         "    return kms.encrypt(KeyId=k, Plaintext=p)"),
        ("import boto3\nkms = boto3.client('kms')\ndef f(c, k):\n"
         "    return kms.encrypt(KeyId=k, Plaintext=kms.decrypt(CiphertextBlob=c)['Plaintext'])"),
        ("import boto3 as b\ndef f(c, k):\n    kms = b.client('kms')\n    r = kms.decrypt(CiphertextBlob=c)\n"
         "    return kms.encrypt(KeyId=k, Plaintext=r['Plaintext'])"),
        ("from boto3 import client\nclass A:\n    def f(self, c):\n        k = client('kms')\n"
         "        p = k.decrypt(CiphertextBlob=c)['Plaintext']\n        e = k.encrypt(KeyId=self.k, Plaintext=p)\n        return e"),
        ("import boto3\nkms = boto3.Session().client('kms')\nold = kms.decrypt(CiphertextBlob=c)\n"
         "new = kms.encrypt(KeyId='k', Plaintext=old['Plaintext'])"),
        ("import boto3\nclass A:\n    def __init__(self):\n        self.kms = boto3.client('kms')\n    def f(self, c):\n"
         "        answer = self.kms.decrypt(CiphertextBlob=c)\n        text = answer['Plaintext']\n"
         "        return self.kms.encrypt(Plaintext=text, KeyId='k')"),
        ("import boto3\nkms = boto3.client('kms')\ndef f(c):\n    text = kms.decrypt(CiphertextBlob=c).get('Plaintext')\n"
         "    return kms.encrypt(Plaintext=text, KeyId='n')"),
    )
    valid = (
        "import boto3\nkms = boto3.client('kms')\ndef f(c, k):\n    return kms.re_encrypt(CiphertextBlob=c, DestinationKeyId=k)",
        "import boto3\nkms = boto3.client('kms')\ndef f(p):\n    return kms.encrypt(KeyId='k', Plaintext=p)",
        ("import boto3\nkms = boto3.client('kms')\ndef f(c, p):\n    x = kms.decrypt(CiphertextBlob=c)\n    use(x)\n"
         "    return kms.encrypt(KeyId='k', Plaintext=p)"),
        "def f(kms, c):\n    p = kms.decrypt(CiphertextBlob=c)\n    return kms.encrypt(Plaintext=p)  # boto3",
        ("import boto3\nkms = boto3.client('kms')\ndef f(c):\n    return kms.decrypt(CiphertextBlob=c)\ndef g(p):\n"
         "    return kms.encrypt(Plaintext=p, KeyId='k')"),
        "import boto3\nbox = Fernet(key)\ndef f(c):\n    p = box.decrypt(c)\n    return box.encrypt(p)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks where the text comes from: only one that was decrypted here and goes on unchanged counts."""
        text = argument(node, "Plaintext")
        if text is None:
            return
        sources = [text]
        for source in sources:  # grows while it is read: names stand for values that name others
            names = [one for one in descend(source) if isinstance(one, cst.Name)] if len(sources) < _HOPS_MAX else []
            found = [bound for one in names for bound in self.scope.reaching(one.value, one)]
            sources += [one.value for one in found if one.kind == "assign" and one.value is not None and one.value not in sources]
        if any(last_name(call.func) == "decrypt" for source in sources for call in calls_in(source)):
            self.report(node)
