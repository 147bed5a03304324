"""Generated files and models stay in step."""

from scripts.publish_contracts import MODELS, SCHEMAS, files


def test_schemas_and_page_are_those_of_the_models() -> None:
    written = {path: path.read_text(encoding="utf-8") for path in files()}

    assert written == files(), "run `make contracts`"


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(MODELS)
