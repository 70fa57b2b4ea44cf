"""Syntax of the layer's files, as BitBake reads them, and of the shell and
Python in them. Nothing is evaluated, so no other layer is needed."""

import re
import subprocess
import textwrap

from layer import bitbake
from layer.report import Outcome


def check(tree):
    outcome = Outcome()
    functions = 0
    files = tree.metadata()
    for file in files:
        try:
            statements = conf(file) if file.suffix == ".conf" else recipe(file)
        except (bitbake.bb.parse.ParseError, bitbake.bb.BBHandledException) as error:
            outcome.find(tree.show(file), str(error))
            continue
        for name, body, python in bodies(statements):
            functions += 1
            why = python_error(as_module(body)) if python else shell_error(body)
            if why:
                outcome.find(tree.show(file), f"{name}: {why}")
    modules = sorted(tree.layer.rglob("*.py"))
    for file in modules:
        if why := python_error(file.read_text()):
            outcome.find(tree.show(file), why)
    outcome.facts = f"{len(files)} files, {functions} functions, {len(modules)} modules of Python"
    return outcome


def recipe(file):
    from bb.parse.parse_py import BBHandler

    return BBHandler.get_statements(file.name, str(file), file.stem)


def conf(file):
    from bb.parse import ast
    from bb.parse.parse_py import ConfHandler

    statements = ast.StatementGroup()
    pending = ""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        pending += line.rstrip()
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        if pending and not pending.startswith("#"):
            ConfHandler.feeder(number, pending, str(file), statements, baseconfig=True)
        pending = ""
    return statements


def bodies(statements):
    """(name, body, whether it is Python) of each function."""
    from bb.parse import ast

    for statement in statements:
        if isinstance(statement, ast.PythonMethodNode):
            yield statement.function, "\n".join(statement.body), True
        elif isinstance(statement, ast.MethodNode):
            name = "python" if statement.func_name == "__anonymous" else statement.func_name
            yield name, "\n".join(statement.body), bool(statement.python)


def as_module(body):
    """A task of Python as a function, as BitBake makes one of it."""
    return (
        body
        if body.startswith("def ")
        else f"def task(d):\n{textwrap.indent(textwrap.dedent(body), ' ')}\n pass"
    )


def python_error(source):
    try:
        compile(source, "source", "exec")
    except SyntaxError as error:
        return f"{error.msg}: {(error.text or '').strip()}"
    return None


def shell_error(body):
    # BitBake expands these before a shell sees them.
    body = re.sub(r"\$\{@.*?\}(?=[\s\"/;]|$)", "value", body, flags=re.MULTILINE)
    body = re.sub(r"\$\{[a-zA-Z0-9_:-]+\}", "value", body)
    ran = subprocess.run(["sh", "-n"], input=body, capture_output=True, text=True)
    return ran.stderr.strip() if ran.returncode else None
