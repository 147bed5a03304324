"""YAML as GitHub and gh-aw read it: `on` is a key and `off` a word, not booleans."""

import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError

_BOOLEAN = "tag:yaml.org,2002:bool"


class Yaml12Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the booleans of YAML 1.2, where a key stands once."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Read an object; of two equal keys YAML would silently keep the last."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if first := lines.get((key.tag, key.value)):
                told = f"key {key.value!r} is there twice, first on line {first}"
                raise ConstructorError(None, None, told, key.start_mark)
            lines[key.tag, key.value] = key.start_mark.line + 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        """Make a value; one that cannot be made is told with its place."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # no such date, too many digits
            raise ConstructorError(None, None, str(error), node.start_mark) from error
        except (LookupError, AttributeError) as error:  # what PyYAML does with `!!bool x`
            told = f"this is no {node.tag.rpartition(':')[2]}"
            raise ConstructorError(None, None, told, node.start_mark) from error


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
        yaml.YAMLError: no YAML, or a key that is there twice; `problem_mark` says where.
    """
    try:
        return yaml.load(text, Loader=Yaml12Loader)  # noqa: S506 - a subclass of the safe loader
    except RecursionError as error:
        raise yaml.YAMLError(str(error)) from error


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
