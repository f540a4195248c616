"""Names of rules in a repository's settings that no rule has: what is misspelt there would silence or wake nothing."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from analyzers import duplicates
from analyzers.adapters import bandit, detect_secrets
from analyzers.brought import PREFIX
from analyzers.detector import all_detectors
from analyzers.finding import Diagnostic
from analyzers.flow.models import built_in
from analyzers.options import ALL_BUT_SECRETS, FILE, BrokenOptions, line_of, mapping
from analyzers.rule import Rule, name_of

_NEAR_MAX = 3


def misspelt(name: str, rules: Sequence[type[Rule]]) -> str:
    """What is said of a name that nothing is called, with the names nearest to it; "" of one that is known."""
    return "" if name.startswith(PREFIX) or name in _known(rules) else _told(name, _known(rules))


def unknown(content: bytes, rules: Sequence[type[Rule]]) -> Iterator[Diagnostic]:
    """A sentence for each name in `disable` and `enable` that nothing is called, with the names nearest to it."""
    try:
        document = mapping(FILE, content)
    except BrokenOptions:
        return  # told by whoever needs the settings
    section = document.get("review")
    if not isinstance(section, Mapping):
        return
    known = _known(rules)
    for key, more in (("disable", {ALL_BUT_SECRETS, bandit.TOOL, detect_secrets.TOOL}), ("enable", {"*"})):
        names = section.get(key)
        for number, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name not in known | more and not name.startswith(PREFIX):
                told = f"`review.{key}`: {_told(name, known | more)}"
                yield Diagnostic(FILE, line_of(document, ("review", key, number)), told)


def _told(name: str, known: frozenset[str]) -> str:
    near = get_close_matches(name.lower().replace("_", "-"), sorted(known), _NEAR_MAX)
    hint = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else "`/detectors` of a server lists the names"
    return f"no rule is called `{name}`; {hint}"


def _known(rules: Sequence[type[Rule]]) -> frozenset[str]:
    flow = {kind.rule for kind in built_in().kinds.values()}
    secrets = {f"secret-{one.name}" for one in all_detectors()} | detect_secrets.rule_names()
    return frozenset({*map(name_of, rules), *flow, *secrets, *bandit.OWN_RULES, duplicates.RULE})
