"""The tree in the architecture page is the one that the imports make."""

import pytest

pytest.importorskip("grimp")

from tests.package_tree import BLOCK, PAGE, drawing


def test_the_architecture_page_draws_the_tree_as_it_is() -> None:
    drawn = BLOCK.findall(PAGE.read_text())

    assert drawn == [drawing()], "run: python -m tests.package_tree"
