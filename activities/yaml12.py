"""YAML as GitHub and gh-aw read it: `on` is a key and `off` a word, not booleans."""

import re
from typing import Any

import yaml

_BOOLEAN = "tag:yaml.org,2002:bool"


class Yaml12Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the booleans of YAML 1.2."""


Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12Loader.add_implicit_resolver(
    _BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def load(text: str) -> Any:
    """Read one document.

    Raises:
        yaml.YAMLError: no YAML; `problem_mark` says where.
    """
    return yaml.load(text, Loader=Yaml12Loader)  # noqa: S506 - a subclass of the safe loader


def line_of(text: str, path: str) -> int:
    """Find the line (from 1) of a dotted path, or of its nearest ancestor that is there."""
    node = yaml.compose(text, Loader=Yaml12Loader)
    line = 1
    for step in filter(None, path.split(".")):
        found = _child(node, step)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _child(node: Any, step: str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        return node.value[int(step)], node.value[int(step)]
    return None
