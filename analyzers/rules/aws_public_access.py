"""Storage and networks of AWS opened to everybody."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.literal import resolve
from analyzers.syntax import argument, descend, string_value

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")
_ACL = ("put_object", "create_bucket", "put_object_acl", "put_bucket_acl", "copy_object")
_PUBLIC = frozenset({"public-read", "public-read-write", "authenticated-read"})


class AwsPublicAccess(CallRule):
    """A bucket, object or port of AWS is opened to the whole internet.

    Scanners find open buckets and ports within minutes.

    Fix: keep the default, private, and give access with a policy or a signed URL; name the networks that may reach a port.
    """

    severity = "high"
    confidence = "medium"
    cwe = 732
    prior = 0.7
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.{name}" for client in _CLIENTS for name in (*_ACL, "authorize_security_group_ingress"))
    invalid = (
        "import boto3\ns3 = boto3.client('s3')\ns3.put_object(Bucket='b', Key='k', ACL='public-read')",
        "import boto3\ndef f():\n    boto3.client('s3').create_bucket(Bucket='b', ACL='public-read-write')",
        "import boto3 as b\nACL = 'authenticated-read'\nb.client('s3').put_bucket_acl(Bucket='b', ACL=ACL)",
        ("import boto3\nec2 = boto3.client('ec2')\n"
         "ec2.authorize_security_group_ingress(GroupId='g', IpProtocol='tcp', FromPort=22, ToPort=22, CidrIp='0.0.0.0/0')"),
        ("import boto3\nec2 = boto3.client('ec2')\n"
         "ec2.authorize_security_group_ingress(GroupId='g', IpPermissions=[{'FromPort': 5432, 'ToPort': 5432,\n"
         "    'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}])"),
        ("from boto3 import client\nclass A:\n    def f(self, k):\n"
         "        client('s3').put_object_acl(Bucket='b', Key=k, ACL='public-read')"),
    )
    valid = (
        "import boto3\nboto3.client('s3').put_object(Bucket='b', Key='k', ACL='private')",
        "import boto3\nboto3.client('s3').put_object(Bucket='b', Key='k')",
        ("import boto3\nec2 = boto3.client('ec2')\n"
         "ec2.authorize_security_group_ingress(GroupId='g', FromPort=443, ToPort=443, CidrIp='0.0.0.0/0')"),
        ("import boto3\nec2 = boto3.client('ec2')\n"
         "ec2.authorize_security_group_ingress(GroupId='g', FromPort=22, ToPort=22, CidrIp='10.0.0.0/8')"),
        "def f(s3):\n    s3.put_object(ACL='public-read')",
        "import boto3\ndef f(acl):\n    boto3.client('s3').put_object(Bucket='b', ACL=acl)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at access lists and networks; web ports are made to be reached."""
        if not name.endswith("ingress"):
            if self.text(argument(node, "ACL")) in _PUBLIC:
                self.report(node)
            return
        parts = [one for arg in node.args for one in descend(resolve(arg.value, self.scope))]
        texts = {string_value(one) for one in parts if isinstance(one, cst.SimpleString)}
        numbers = {one.value for one in parts if isinstance(one, cst.Integer)}
        if texts & {"0.0.0.0/0", "::/0"} and not (numbers and numbers <= {"80", "443"}):
            self.report(node)
