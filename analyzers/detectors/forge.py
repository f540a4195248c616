"""Tokens of code hosts and package indexes."""

import re

from analyzers.detector import Detector

_BODY = "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5"

DETECTORS = (
    Detector(
        name="gitlab-token",
        title="A GitLab token",
        pattern=re.compile(
            r"(?<![A-Za-z0-9])(?P<secret>gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[A-Za-z0-9_-]{20,64})(?![A-Za-z0-9_-])"
        ),
        words=("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-", "glimt-"),
        source="https://docs.gitlab.com/security/tokens/#token-prefixes",
        flagged=(f"glpat-{_BODY[:20]}",),
        near_misses=("glpat-" + "x" * 20, "glpat-short"),
    ),
    Detector(
        name="pypi-token",
        title="A PyPI upload token",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>pypi-AgE[A-Za-z0-9_-]{60,400})"),
        words=("pypi-age",),
        source="https://pypi.org/help/#apitoken",
        flagged=(f"password = pypi-AgEIcHlwaS5vcmc{_BODY}{_BODY}",),
        near_misses=("pypi-AgEIcHlwaS5vcmc...", "pypi-agency"),
    ),
    Detector(
        name="npmrc-auth",
        title="A registry credential",
        pattern=re.compile(
            r"_(?:authToken|auth|password)[ \t]*=[ \t]*[\"']?(?P<secret>[A-Za-z0-9+/=_-]{16,400})[\"']?[ \t]*$", re.MULTILINE
        ),
        words=("_auth", "_password"),
        source="https://docs.npmjs.com/cli/configuring-npm/npmrc#auth-related-configuration",
        flagged=(f"//registry.test/:_authToken={_BODY}", "_auth=YW5uOnR1bGlwLTQ0LXJhaW4="),
        near_misses=("//registry.test/:_authToken=${NPM_TOKEN}", "always-auth=true"),
        files=(".npmrc",),
    ),
)
