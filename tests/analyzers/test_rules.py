"""Every rule, by its own examples; found by being there."""

import libcst as cst
import pytest

from analyzers.adapters.bandit import OWN_RULES
from analyzers.finding import SEVERITIES
from analyzers.lint import lint
from analyzers.rule import all_rules, fix_of, message_of, name_of, references_of, why_of

RULES = all_rules()
STANDARD = [rule for rule in RULES if not rule.extended]


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_finds_its_sin_once(rule):
    for source in rule.invalid:
        found, failed = lint(cst.parse_module(source), source, "a.py", [rule])
        assert not failed, source
        assert [draft.rule for draft in found] == [name_of(rule)], source


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_leaves_near_misses_alone(rule):
    for source in rule.valid:
        assert lint(cst.parse_module(source), source, "a.py", [rule]) == ([], []), source


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_explains_itself(rule):
    assert message_of(rule).endswith((".", "it checks nothing."))
    assert why_of(rule)
    assert fix_of(rule)
    assert rule.severity in SEVERITIES
    assert 0 < rule.prior <= 1
    assert rule.invalid
    assert rule.valid


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_names_its_authorities(rule):
    assert rule.references
    assert all(one.startswith("https://") and " " not in one for one in references_of(rule))
    assert len(set(references_of(rule))) == len(references_of(rule))


def test_a_rule_about_habits_never_blocks():
    habits = [rule for rule in RULES if rule.extended]
    assert habits
    assert all(rule.severity in ("low", "info") for rule in habits)


def test_there_are_enough_rules():
    assert len(RULES) >= 110
    assert sum(len(rule.invalid) + len(rule.valid) for rule in RULES) >= 1500


def test_every_bandit_check_has_a_rule_of_ours():
    from bandit.core.extension_loader import MANAGER  # after the adapter, which quietens what bandit warns of

    checks = {plugin.plugin._test_id for plugin in MANAGER.plugins} | set(MANAGER.blacklist_by_id)
    assert checks == set(OWN_RULES)
    assert set(OWN_RULES.values()) <= {name_of(rule) for rule in RULES}


def test_a_failing_rule_is_told_and_others_go_on():
    class Broken(RULES[0].__mro__[1]):
        """Fails on every call."""

        def visit_Call(self, node):
            raise KeyError("no such thing")

    source = "def f(text):\n    return eval(text)\n"
    found, failed = lint(cst.parse_module(source), source, "a.py", [Broken, *STANDARD])
    assert [draft.rule for draft in found] == ["dynamic-code"]
    assert failed == ["the rule broken failed here: KeyError: 'no such thing'"]


def test_names_follow_imports_and_aliases():
    source = (
        "from subprocess import run as start\nimport os.path\ngo = start\n"
        "def f(name):\n    go('ls ' + name, shell=True)\n    os.system(name)\n"
    )
    found, _ = lint(cst.parse_module(source), source, "a.py", STANDARD)
    assert [draft.line for draft in found if draft.rule == "shell-injection"] == [5, 6]


def test_a_shadowed_import_is_not_the_module():
    source = "import os\ndef f(os, name):\n    os.system(name)\n"
    assert lint(cst.parse_module(source), source, "a.py", STANDARD) == ([], [])
