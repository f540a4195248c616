"""pipeline.yml: its model, its errors by file, line and key, its JSON schema, and what a commit without one gets."""

import difflib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipelines.actions import Kind, kinds
from pipelines.actions.kind import MINUTES_MAX
from pipelines.builds import yaml_positions
from pipelines.builds.yaml_positions import Document, Loc, NotYaml, dotted
from pipelines.variables import references
from service.kernel.errors import Malformed

FILE = "pipeline.yml"
Mode = Literal["superseded", "queued", "parallel"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,63}$")]
ActionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
ArtifactName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
_WHY = {
    "missing": "this key is needed",
    "string_pattern_mismatch": "use letters, digits, _ - and . only",
    "model_type": "a mapping is needed",
    "list_type": "a list is needed",
}


class BadPipeline(Malformed):
    """The pipeline file cannot be used; `where` names file, line and key."""

    todo = "Correct {where}; the schema for editors is at /api/v1/schemas/pipeline.json."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Action(_Part):
    """One action. Actions of a stage with the same run_order run side by side, lower ones first."""

    name: ActionName
    kind: str
    run_order: int = Field(default=1, ge=1, le=999)
    inputs: list[ArtifactName] = Field(default_factory=list, max_length=20)
    outputs: list[ArtifactName] = Field(default_factory=list, max_length=20)
    configuration: dict[str, Any] = Field(default_factory=dict)
    timeout_minutes: int | None = Field(default=None, ge=1, le=MINUTES_MAX)


class Stage(_Part):
    """A stage: one execution at a time is inside it."""

    name: Name
    actions: list[Action] = Field(min_length=1, max_length=50)


class Trigger(_Part):
    """Which pushes start an execution: globs of branch names; `**` is not needed, `*` matches `/` too."""

    branches: list[str] = Field(min_length=1, max_length=50)


class Definition(_Part):
    """A whole pipeline.yml."""

    name: Name | None = None
    mode: Mode = "superseded"
    trigger: Trigger | None = None
    variables: dict[VariableName, str] = Field(default_factory=dict, max_length=50)
    stages: list[Stage] = Field(min_length=1, max_length=50)


DEFAULT = Definition(
    stages=[
        Stage(name="Review", actions=[Action(name="gate", kind="gate")]),
        Stage(name="Build", actions=[Action(name="build", kind="build", outputs=["build"])]),
        Stage(name="Publish", actions=[Action(name="publish", kind="publish", inputs=["build"])]),
    ]
)
"""What runs for a commit without a pipeline file: review, build with the standard front end, publish."""


def load(text: bytes, path: str = FILE) -> Definition:
    """Reads and checks a pipeline file. Raises BadPipeline with the place of the first thing that is wrong."""
    try:
        document = yaml_positions.read(text)
    except NotYaml as error:
        raise BadPipeline(where=_where(path, error.line, error.key), why=error.why) from None
    if not isinstance(document.data, dict):
        raise BadPipeline(where=_where(path, 1, ""), why="a pipeline is a mapping with `stages:` in it")
    try:
        definition = Definition.model_validate(document.data)
    except ValidationError as error:
        raise _first(error, document, path, ()) from None
    _check_kinds(definition, document, path)
    _check_names(definition, document, path)
    return definition


def ungated(definition: Definition) -> str | None:
    """The first action that releases something although no gate comes before it, or None."""
    is_open = False
    for stage in definition.stages:
        for action in sorted(stage.actions, key=lambda action: action.run_order):
            earlier = [one for one in stage.actions if one.run_order < action.run_order]
            is_open = is_open or any(one.kind == "gate" for one in earlier)
            if kinds()[action.kind].releases and not is_open:
                return action.name
        is_open = is_open or any(action.kind == "gate" for action in stage.actions)
    return None


def schema() -> dict[str, Any]:
    """The JSON schema of a pipeline file, with the configuration of each kind."""
    whole = Definition.model_json_schema()
    action = whole["$defs"]["Action"]
    action["properties"]["kind"]["enum"] = list(kinds())
    action["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": word}}},
            "then": {"properties": {"configuration": kind.Configuration.model_json_schema()}},
        }
        for word, kind in kinds().items()
    ]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _check_kinds(definition: Definition, document: Document, path: str) -> None:
    for at, action in _actions(definition):
        kind = kinds().get(action.kind)
        if kind is None:
            known = ", ".join(kinds())
            raise _bad(
                document,
                path,
                (*at, "kind"),
                f"there is no kind {action.kind!r}{_nearest(action.kind, kinds())}; there are {known}",
            )
        try:
            kind.Configuration.model_validate(action.configuration)
        except ValidationError as error:
            raise _first(error, document, path, (*at, "configuration"), kind) from None
        for key, (least, most), given in (
            ("inputs", kind.inputs, action.inputs),
            ("outputs", kind.outputs, action.outputs),
        ):
            if not least <= len(given) <= most:
                raise _bad(
                    document,
                    path,
                    (*at, key),
                    f"an action of kind {action.kind} has {_count(least, most)} {key}, not {len(given)}",
                )


def _check_names(definition: Definition, document: Document, path: str) -> None:
    stages: set[str] = set()
    for number, stage in enumerate(definition.stages):
        if stage.name in stages:
            raise _bad(document, path, ("stages", number, "name"), f"there are two stages named {stage.name}")
        stages.add(stage.name)
    seen: set[str] = set()
    made: dict[str, tuple[int, int]] = {}
    for at, action in _actions(definition):
        if action.name in seen or action.name == "variables":
            raise _bad(
                document,
                path,
                (*at, "name"),
                f"the name {action.name} is taken; names of actions are unique in the pipeline",
            )
        seen.add(action.name)
        for number, output in enumerate(action.outputs):
            if output in made:
                raise _bad(document, path, (*at, "outputs", number), f"another action has the output {output} already")
            made[output] = (_number(at[1]), action.run_order)
    _check_inputs(definition, document, path, made)
    _check_variables(definition, document, path, seen)


def _check_inputs(definition: Definition, document: Document, path: str, made: dict[str, tuple[int, int]]) -> None:
    for at, action in _actions(definition):
        for number, wanted in enumerate(action.inputs):
            if wanted not in made:
                raise _bad(
                    document,
                    path,
                    (*at, "inputs", number),
                    f"no action has the output {wanted}{_nearest(wanted, made)}",
                )
            if made[wanted] >= (_number(at[1]), action.run_order):
                raise _bad(
                    document,
                    path,
                    (*at, "inputs", number),
                    f"{wanted} is made only later or at the same time; give a higher run_order",
                )


def _check_variables(definition: Definition, document: Document, path: str, actions: set[str]) -> None:
    for at, action in _actions(definition):
        for namespace, name in sorted(references(action.configuration)):
            if namespace == "variables" and name not in definition.variables:
                near = _nearest(name, definition.variables)
                why = f"#{{variables.{name}}} is not among the variables of this pipeline{near}"
                raise _bad(document, path, (*at, "configuration"), why)
            if namespace != "variables" and namespace not in actions:
                why = f"#{{{namespace}.{name}}}: there is no action {namespace}{_nearest(namespace, actions)}"
                raise _bad(document, path, (*at, "configuration"), why)


def _actions(definition: Definition) -> list[tuple[Loc, Action]]:
    return [(("stages", s, "actions", a), action) for s, stage in enumerate(definition.stages) for a, action in enumerate(stage.actions)]


def _first(error: ValidationError, document: Document, path: str, prefix: Loc, kind: Kind | None = None) -> BadPipeline:
    found = []
    for problem in error.errors(include_url=False):
        loc: Loc = (*prefix, *(part for part in problem["loc"] if part != "[key]"))
        # A mistyped key also makes the right one missing, and the typo is what the reader must see.
        rank = (problem["type"] != "extra_forbidden", document.line(loc))
        found.append((rank, loc, _why(problem["type"], problem["msg"], loc, kind)))
    (_, line), loc, why = min(found, key=lambda one: one[0])
    return BadPipeline(where=_where(path, line, dotted(loc)), why=why)


def _why(problem: str, message: str, loc: Loc, kind: Kind | None) -> str:
    if problem == "extra_forbidden":
        return f"there is no such key{_nearest(str(loc[-1]), _keys(loc, kind))}"
    return _WHY.get(problem, message[:1].lower() + message[1:])


def _keys(loc: Loc, kind: Kind | None) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    if kind is not None:
        return list(kind.Configuration.model_fields)
    models: dict[int, type[BaseModel]] = {1: Definition, 2: Trigger, 3: Stage, 5: Action}
    return list(models.get(len(loc), Definition).model_fields)


def _nearest(given: str, known: Any) -> str:
    close = difflib.get_close_matches(given, [str(one) for one in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _bad(document: Document, path: str, loc: Loc, why: str) -> BadPipeline:
    return BadPipeline(where=_where(path, document.line(loc), dotted(loc)), why=why)


def _where(path: str, line: int, key: str) -> str:
    return f"{path}, line {line}" + (f", key {key}" if key else "")


def _number(part: str | int) -> int:
    assert isinstance(part, int)
    return part


def _count(least: int, most: int) -> str:
    if most == 0:
        return "no"
    return f"exactly {least}" if least == most else f"{least} to {most}"
