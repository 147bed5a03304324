"""What of a served folder is in its snapshot: all that belongs to it, and nothing of the sandbox."""

from pathlib import Path

import pytest

from sandbox.launch import start_sandbox
from sandbox.trees import Tree, Trees
from tests.sandbox.conftest import Repo


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = (tmp_path / "served").resolve()
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text("# Widgets\n")
    (folder / "docs" / "a.md").write_text("a\n")
    return folder


def files(tree: Tree) -> list[str]:
    found = (path.relative_to(tree.folder) for path in tree.folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] != ".git")


def test_a_folder_that_contains_the_scratch_folder_is_served_without_it(served: Path) -> None:
    scratch = served / "docs" / "scratch"
    trees = Trees(scratch / "trees", own=(scratch,))

    first = trees.current(str(served), "main")
    trees.look_again(str(served))
    second = trees.current(str(served), "main")

    assert files(first) == ["README.md", "docs/a.md"]
    assert first == second, "its own snapshots are no change"


def test_the_scratch_folder_itself_is_not_served(served: Path) -> None:
    with pytest.raises(ValueError, match="is the sandbox's own scratch folder; serve another one"):
        Trees(served / "trees", own=(served,)).current(str(served), "main")


def test_a_link_to_what_holds_it_stays_a_link(served: Path) -> None:
    (served / "docs" / "up").symlink_to("..")
    trees = Trees(served.parent / "trees")

    tree = trees.current(str(served), "main")
    (served / "docs" / "more").symlink_to("..")
    trees.look_again(str(served))

    assert (tree.folder / "docs" / "up").is_symlink()
    assert tree.read("docs/up/README.md") == b"# Widgets\n"
    assert trees.current(str(served), "main").sha != tree.sha, "a new link is a change"


def test_a_sandbox_serves_the_folder_that_it_works_in(served: Path) -> None:
    """As `podium sandbox --repository octo-org/widgets=. --work-dir ./scratch` asks for."""
    with start_sandbox(
        mode="timed",
        repositories={"octo-org/widgets": served},
        work_dir=served / "scratch",
        state_file=served / "state" / "world.json",
    ) as started:
        listed = Repo(started, "octo-org/widgets").get("/contents/")

    assert "README.md" in [entry["name"] for entry in listed]
    assert "scratch" not in [entry["name"] for entry in listed]
