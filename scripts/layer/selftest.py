"""The tests of these checks."""

import unittest

from layer.report import Outcome


def check():
    outcome = Outcome()
    suite = unittest.defaultTestLoader.discover("layer.tests", top_level_dir=None)
    result = unittest.TestResult()
    suite.run(result)
    for test, trace in result.failures + result.errors:
        outcome.find(test.id(), trace.strip())
    if not result.testsRun:
        outcome.find("scripts/layer/tests", "holds no test")
    outcome.facts = f"{result.testsRun} tests"
    return outcome
