"""What checks find, and how it is told."""

import sys
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    where: str
    why: str
    hint: str = ""

    def __str__(self):
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.where}: {self.why}{hint}"


@dataclass
class Outcome:
    """What a check found; `facts` say what it looked at."""

    facts: str = ""
    findings: list[Finding] = field(default_factory=list)

    def find(self, where, why, hint=""):
        self.findings.append(Finding(str(where), str(why), hint))


class CheckError(Exception):
    """A check could not be made: where, why, and what to do."""

    def __init__(self, where, why, hint=""):
        super().__init__(why)
        self.finding = Finding(str(where), str(why), hint)


class Report:
    """Runs checks one after the other and prints a line, or findings, for each."""

    def __init__(self):
        self.failed = False
        self.start = time.monotonic()

    def run(self, name, check, *arguments):
        """Calls a function that returns an Outcome; true where nothing was found."""
        start = time.monotonic()
        try:
            outcome = check(*arguments)
        except CheckError as error:
            outcome = Outcome(findings=[error.finding])
        except OSError as error:
            outcome = Outcome(findings=[Finding(error.filename or name, error.strerror or str(error))])
        seconds = time.monotonic() - start
        if outcome.findings:
            self.failed = True
            for finding in outcome.findings:
                print(f"error: {name}: {finding}", file=sys.stderr, flush=True)
        else:
            print(f"ok  {name} ({outcome.facts}; {seconds:.1f} s)", flush=True)
        return not outcome.findings

    def end(self):
        """Prints the total; returns the exit status."""
        seconds = time.monotonic() - self.start
        print(f"{'failed' if self.failed else 'passed'} in {seconds:.1f} s", flush=True)
        return 1 if self.failed else 0
