"""Each recommendation by its own examples, and none from few samples."""

import pytest

from profiler import folded, recommend
from profiler.recommend import Recommendation

RULES = recommend.discover()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_recommendation_knows_its_examples(rule: Recommendation):
    assert rule.invalid
    assert rule.valid
    for text in rule.invalid:
        advice = recommend.judge(rule, folded.read(text), ["app"])
        assert advice is not None, text
        assert advice.caller is not None
        assert advice.caller.function.name.startswith("app.")
    for text in rule.valid:
        assert recommend.judge(rule, folded.read(text), ["app"]) is None, text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_few_samples_give_no_advice(rule: Recommendation):
    few = "\n".join(f"{line.rpartition(' ')[0]} 1" for line in rule.invalid[0].splitlines())
    assert recommend.judge(rule, folded.read(few), ["app"]) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_recommendation_says_what_to_do(rule: Recommendation):
    assert rule.title
    assert rule.says.endswith(".")
    assert len(rule.remedy) > 40
    assert 0 < rule.share_min < 1


def test_costliest_advice_comes_first():
    text = "app.serve;re.compile;re._compile 300\napp.serve;copy.deepcopy 100\napp.serve;app.work 600"
    assert [type(advice.rule).__name__ for advice in recommend.advise(folded.read(text), ["app"])] == [
        "RegexCompiledEachTime", "DeepCopies",
    ]


def test_lower_bound_is_wilsons():
    assert recommend.lower_bound(0.2, 200) == pytest.approx(0.1576, abs=1e-4)
    assert recommend.lower_bound(0.5, 0) == 0
