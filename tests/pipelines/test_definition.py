"""Pipeline files: what is read, what is refused, and where the error says it is."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipelines import definition
from pipelines.actions import kinds
from pipelines.definition import BadPipeline

TEMPLATE = Path(definition.__file__).parent / "templates" / "python-service" / "pipeline.yml"


def refused(text: str) -> str:
    with pytest.raises(BadPipeline) as caught:
        definition.load(text.encode())
    return caught.value.detail


def around(action: dict[str, Any], kind: str) -> bytes:
    """A pipeline with this action in its second stage and an earlier one that makes the artifact `build` and `bundle`."""
    whole = {"stages": [
        {"name": "First", "actions": [{"name": "first", "kind": "build", "outputs": ["build", "bundle"]}]},
        {"name": "Second", "actions": [{"name": "second", "kind": kind, **_own_outputs(action)}]},
    ]}
    return yaml.safe_dump(whole, sort_keys=False).encode()


def _own_outputs(action: dict[str, Any]) -> dict[str, Any]:
    return {**action, "outputs": [f"second-{name}" for name in action["outputs"]]} if "outputs" in action else action


def test_template_pipeline_is_valid():
    found = definition.load(TEMPLATE.read_bytes())
    assert [stage.name for stage in found.stages] == ["Review", "Build", "Publish", "Deploy"]
    assert found.mode == "superseded"


def test_default_pipeline_reviews_builds_publishes():
    words = [action.kind for stage in definition.DEFAULT.stages for action in stage.actions]
    assert words == ["gate", "build", "publish"]
    text = yaml.safe_dump(definition.DEFAULT.model_dump(mode="json", exclude_none=True))
    assert definition.load(text.encode()).stages == definition.DEFAULT.stages


@pytest.mark.parametrize("word", list(kinds()))
def test_examples_of_each_kind_hold(word):
    kind = kinds()[word]
    assert kind.__doc__
    assert kind.valid
    assert kind.invalid
    for example in kind.valid:
        definition.load(around(example, word))
    for example in kind.invalid:
        with pytest.raises(BadPipeline):
            definition.load(around(example, word))


def test_typo_names_file_line_and_key():
    text = "stages:\n  - name: Build\n    actions:\n      - name: build\n        knid: build\n"
    assert refused(text) == (
        "pipeline.yml, line 5, key stages[0].actions[0].knid: there is no such key; did you mean kind?"
    )


def test_unknown_key_suggests_the_nearest():
    text = "stages:\n  - name: Build\n    actions:\n      - name: build\n        kind: build\n        ouputs: [x]\n"
    assert refused(text) == (
        "pipeline.yml, line 6, key stages[0].actions[0].ouputs: there is no such key; did you mean outputs?"
    )


def test_unknown_kind_suggests_the_nearest():
    said = refused("stages:\n  - name: B\n    actions:\n      - name: b\n        kind: biuld\n")
    assert said.startswith("pipeline.yml, line 5, key stages[0].actions[0].kind: there is no kind 'biuld'; did you mean build?")


def test_unknown_configuration_key_is_refused():
    said = refused(
        "stages:\n  - name: B\n    actions:\n      - name: b\n        kind: build\n        configuration:\n          netwrok: none\n"
    )
    assert said == (
        "pipeline.yml, line 7, key stages[0].actions[0].configuration.netwrok: there is no such key; did you mean network?"
    )


def test_missing_input_is_refused():
    said = refused("stages: [{name: P, actions: [{name: p, kind: publish, inputs: [biuld]}]}]")
    assert "no action has the output biuld" in said


def test_input_of_a_parallel_action_is_refused():
    said = refused(
        "stages: [{name: B, actions: [{name: b, kind: build, outputs: [x]}, {name: p, kind: publish, inputs: [x]}]}]"
    )
    assert "give a higher run_order" in said
    definition.load(
        b"stages: [{name: B, actions: [{name: b, kind: build, outputs: [x]}, "
        b"{name: p, kind: publish, inputs: [x], run_order: 2}]}]"
    )


@pytest.mark.parametrize(("text", "said"), [
    ("", "the file is empty"),
    ("- a", "a pipeline is a mapping"),
    ("stages: [", "line 1"),
    ("stages: []", "at least 1 item"),
    ("stages:\n\t- name: x", "tab"),
    ("mode: fast\nstages: [{name: B, actions: [{name: b, kind: gate}]}]", "'superseded', 'queued' or 'parallel'"),
    ("stages: [{name: B, actions: [{name: b, kind: gate}]}, {name: B, actions: [{name: c, kind: gate}]}]", "two stages named B"),
    ("stages: [{name: B, actions: [{name: b, kind: gate}, {name: b, kind: gate}]}]", "unique in the pipeline"),
    ("stages: [{name: B, actions: [{name: b, kind: gate, timeout_minutes: 0}]}]", "greater than or equal to 1"),
    ("stages: [{name: B, actions: [{name: b, kind: build, outputs: [x]}, {name: c, kind: build, outputs: [x]}]}]",
     "another action has the output x"),
    ("stages: [{name: B, actions: [{name: b, kind: build, configuration: {environment: {A: '#{variables.X}'}}}]}]",
     "#{variables.X} is not among the variables"),
    ("stages: [{name: B, actions: [{name: b, kind: build, configuration: {environment: {A: '#{biuld.X}'}}}]}]",
     "there is no action biuld"),
])
def test_bad_pipeline_says_why(text, said):
    assert said in refused(text)


def test_schema_agrees_with_the_reader():
    schema = definition.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load(TEMPLATE.read_text()))
    wrong = {"stages": [{"name": "B", "actions": [{"name": "b", "kind": "build", "configuration": {"netwrok": "none"}}]}]}
    assert not validator.is_valid(wrong)
