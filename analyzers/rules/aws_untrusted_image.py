"""Machine images of anybody."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, descend, has_double_star

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")


class AwsUntrustedImage(CallRule):
    """Machine images are looked up by name from every account, so somebody else's image can be the newest.

    Anybody may publish an image under any name, and what starts from it runs their code.

    Fix: `describe_images(Owners=["self"], ...)`, or the account ids that you trust.
    """

    severity = "medium"
    cwe = 349
    prior = 0.75
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html",)
    triggers = ("describe_images", "images")
    calls = frozenset({f"{client}.describe_images" for client in _CLIENTS} | {"boto3.resource().images.filter"})
    invalid = (
        "import boto3\nec2 = boto3.client('ec2')\nec2.describe_images(Filters=[{'Name': 'name', 'Values': ['ubuntu*']}])",
        "import boto3\ndef f():\n    return boto3.client('ec2').describe_images()",
        "from boto3 import client as c\nclass A:\n    def f(self):\n        return c('ec2').describe_images(Filters=self.filters())",
        "import boto3\nec2 = boto3.resource('ec2')\nimages = ec2.images.filter(Filters=[{'Name': 'name', 'Values': ['a']}])",
        "import boto3 as b\nec2 = b.Session().client('ec2')\nec2.describe_images(ExecutableUsers=['all'])",
        ("import boto3\nF = [{'Name': 'architecture', 'Values': ['arm64']}]\ndef f():\n    ec2 = boto3.client('ec2')\n"
         "    return ec2.describe_images(Filters=F)"),
    )
    valid = (
        "import boto3\nec2 = boto3.client('ec2')\nec2.describe_images(Owners=['self'], Filters=[])",
        "import boto3\nboto3.client('ec2').describe_images(ImageIds=['ami-1'])",
        "import boto3\nboto3.client('ec2').describe_images(Filters=[{'Name': 'owner-alias', 'Values': ['amazon']}])",
        "import boto3\ndef f(**o):\n    boto3.client('ec2').describe_images(**o)",
        "def f(ecr):\n    return ecr.describe_images(repositoryName='r')",
        "import boto3\nboto3.client('ecr').describe_images(repositoryName='r')",
        "import boto3\nF = [{'Name': 'owner-id', 'Values': ['1']}]\nboto3.client('ec2').describe_images(Filters=F)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for owners or ids."""
        named = any(argument(node, word) is not None for word in ("Owners", "ImageIds", "repositoryName"))
        if not named and not has_double_star(node) and not self._filtered(argument(node, "Filters")):
            self.report(node)

    def _filtered(self, filters: cst.BaseExpression | None) -> bool:
        if filters is None:
            return False
        texts = (one for one in descend(resolve(filters, self.scope)) if isinstance(one, cst.SimpleString))
        return any(str(one.evaluated_value).startswith(("owner-", "image-id")) for one in texts)
