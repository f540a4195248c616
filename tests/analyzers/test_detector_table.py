"""The table in docs/detectors.md that sets CodeGuru Reviewer's detectors beside ours."""

import re
from pathlib import Path

import pytest

from analyzers.flow.models import built_in
from analyzers.rule import all_rules, name_of

pytestmark = pytest.mark.anydb
TEXT = (Path(__file__).parents[2] / "docs/detectors.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| ([^|]+) \| (`[^|]+) \|$", TEXT, re.MULTILINE))
OURS = {name_of(rule) for rule in all_rules()} | {kind.rule for kind in built_in().kinds.values()}
CODEGURU = re.findall(
    r"\S+",
    """
sql-injection os-command-injection code-injection module-injection path-traversal cross-site-scripting ldap-injection xpath-injection
log-injection xml-external-entity untrusted-deserialization docker-arbitrary-container-run unrestricted-file-upload zip-bomb-attack
improper-input-validation improper-authentication ldap-authentication improper-privilege-management cross-site-request-forgery
insecure-cors-policy insecure-cookie detect-activated-debug-feature stack-trace-exposure sensitive-information-leak loose-file-permissions
weak-obfuscation-of-request hardcoded-ip-address hardcoded-credentials clear-text-credentials aws-logged-credentials insecure-cryptography
insecure-hashing hashlib-constructor improper-certificate-validation do-not-auto-add-or-warning-missing-hostkey-policy insecure-connection
insecure-temp-file aws-kms-reencryption aws-polling-instead-of-waiter aws-unchecked-batch-failures missing-pagination s3-verify-bucket-owner
lambda-client-reuse lambda-override-reserved sns-no-bind-subscribe-publish-rule sns-set-return-subscription-arn
sns-unauthenticated-unsubscribe untrusted-ami-images not-recommended-apis deprecated-method use-of-inefficient-api resource-leak
leaky-subprocess-timeout subprocess-correct-api incorrect-usage-of-process-terminate-api multiprocessing-deadlock-prevention
multiprocessing-garbage-collection-prevention semaphore-overflow-prevention socket-close-platform-compatibility socket-connection-timeout
mutually-exclusive-calls-found integer-overflow bad-exception-handling-practices catch-and-rethrow-exception swallow-exceptions
improper-error-handling missing-none-check dangerous-global-variables default-argument-mutable-objects dict-get-method equality-vs-identity
iterating-sequence-modification multidimension-list-using-replication multiple-values-in-return naive-datetime-time-zone-issues
object-dict-modification string-concatenation unnecessary-iteration code-readability pep8-recommendations
""",
)
"""https://docs.aws.amazon.com/codeguru/detector-library/python/"""


def test_every_detector_of_codeguru_has_a_counterpart():
    assert set(CODEGURU) <= TABLE.keys()


def test_the_table_names_rules_that_exist():
    assert TABLE
    for theirs, ours in TABLE.items():
        named = re.findall(r"`([^`]+)`", ours)
        assert named and set(named) <= OURS, theirs


def test_rules_off_by_default_are_listed():
    listed = TEXT.split("They are:")[1].split("##")[0]
    assert set(re.findall(r"`([^`]+)`", listed)) == {name_of(rule) for rule in all_rules() if rule.extended}
