"""Credentials that end up in logs."""

import re

import libcst as cst

from analyzers.literal import resolve
from analyzers.rule import Rule
from analyzers.syntax import children

_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|pwd|secret_key|secret_access_key|client_secret|api_key|apikey|private_key|access_token|auth_token|api_token|bearer_token|refresh_token|"
    r"aws_secret_access_key|session_token|secretaccesskey|secret)$", re.IGNORECASE)  # fmt: skip
_LEVELS = ("debug", "info", "warning", "warn", "error", "critical", "exception", "log")
_LOGGERS = re.compile(r"^(logging|logging\.getLogger\(\)|structlog\.get_logger\(\)|loguru\.logger|flask\.current_app\.logger)\.\w+$")
_LOG_NAME = re.compile(r"^_?(log|logger|LOG|LOGGER)$")
_FETCHED = frozenset({"SecretString", "SecretBinary", "SecretAccessKey", "SessionToken"})
_COVERS = frozenset({"len", "bool", "type", "mask", "redact", "hash", "isinstance", "id", "obfuscate", "sanitize", "mask_secret"})


class LoggedCredential(Rule):
    """A credential is written to the log, where many more people and programs read it.

    Logs are copied to other machines, kept for years and shown on dashboards.

    Fix: log who it was about, not the secret: a user name, a key id, or the last four characters.
    """

    severity = "high"
    confidence = "medium"
    cwe = 532
    prior = 0.75
    references = ("https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#data-to-exclude",)
    triggers = ("log", "LOG", "print")
    methods = _LEVELS
    calls = frozenset({"builtins.print"})
    invalid = (
        ("import boto3, logging\ndef f(c, name):\n    value = c.get_secret_value(SecretId=name)['SecretString']\n"
         "    logging.info('secret %s', value)"),
        "import boto3\ndef f(sts, arn):\n    creds = sts.assume_role(RoleArn=arn)['Credentials']\n    print(creds['SessionToken'])",
        "import logging\ndef f(password):\n    logging.info('login %s', password)",
        "import logging\nlogger = logging.getLogger(__name__)\ndef f(user):\n    logger.debug(f'user {user.name} {user.password}')",
        "import logging\nlog = logging.getLogger()\ndef f(api_key):\n    log.error('bad key ' + api_key)",
        "def f(client_secret):\n    print(client_secret)",
        "import logging\nclass A:\n    def f(self):\n        self.logger.warning('token {}'.format(self.access_token))",
        "from logging import getLogger as g\ndef f(conf):\n    g('a').info('%s', conf['aws_secret_access_key'])",
    )
    valid = (
        ("import boto3, logging\ndef f(name):\n    found = boto3.client('secretsmanager').get_secret_value(SecretId=name)\n"
        "    logging.info('version %s', found['VersionId'])"),
        "import logging\ndef f(password):\n    logging.info('password is wrong')",
        "import logging\ndef f(password):\n    logging.info('length %d', len(password))",
        "import logging\ndef f(password_file):\n    logging.info('read %s', password_file)",
        "def f(math, password):\n    return math.log(password)",
        "import logging\ndef f(user, password):\n    check(password)\n    logging.info('login of %s', user)",
        "import logging\ndef f(api_key):\n    logging.info('key %s', mask(api_key))",
        "import logging\ndef f(password):\n    logging.info('given: %s', password is not None)",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at what is logged or printed."""
        if self._logs(node.func) and any(self._shows(arg.value) for arg in node.args):
            self.report(node)

    def _logs(self, func: cst.BaseExpression) -> bool:
        if isinstance(func, cst.Name):
            return self.qualified_name(func) == "builtins.print"
        if not isinstance(func, cst.Attribute) or func.attr.value not in _LEVELS:
            return False
        owner = func.value.attr if isinstance(func.value, cst.Attribute) else func.value
        named = isinstance(owner, cst.Name) and bool(_LOG_NAME.match(owner.value))
        return named or bool(_LOGGERS.match(self.qualified_name(func) or ""))

    def _is_fetched(self, node: cst.CSTNode) -> bool:
        """Whether it is taken out of what a store of secrets or AWS's token service answers."""
        match node:
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))]):
                return str(key.evaluated_value) in _FETCHED
        return False

    def _shows(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Name) and self._is_fetched(resolve(node, self.scope)):
            return True
        match node:
            case cst.Name(value=str(name)) | cst.Attribute(attr=cst.Name(value=str(name))):
                return bool(_NAME.search(name))
            case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))]):
                return self._is_fetched(node) or bool(_NAME.search(str(key.evaluated_value)))
            case cst.Comparison() | cst.Lambda() | cst.IfExp() | cst.Subscript():
                return False
            case cst.Call(func=func):
                last = func.attr if isinstance(func, cst.Attribute) else func
                if isinstance(last, cst.Name) and last.value in _COVERS:
                    return False
                return any(self._shows(arg.value) for arg in node.args)
        return any(self._shows(one) for one in children(node))
