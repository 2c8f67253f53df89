"""Files and functions that one can take in at a glance."""

import ast

from tests.project.tree import PACKAGES, ROOT, files

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
SOURCE = [
    path
    for path in files(*PACKAGES, "benchmarks", "scripts")
    if path.suffix == ".py" and "migrations" not in path.parts  # a migration is written once and read in order
]


def test_no_source_file_is_long():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCE}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_long():
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
