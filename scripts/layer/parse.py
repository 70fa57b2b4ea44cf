"""All layers: every machine parses, and every image of it can be planned."""

from layer import kas_shell
from layer.kas_files import MACHINES
from layer.report import Outcome


def run(tree, report, mirrors):
    rows = []
    session = kas_shell.Session(tree, "parse", mirrors)
    if not report.run("layers", session.prepare):
        return
    images = [f"bottlerocket-image-{variant}" for variant in tree.variants()]
    for machine in MACHINES:
        if report.run(f"parse {machine}", parse, session, machine, rows):
            report.run(f"plan {machine}", plan, session, machine, images, rows)
    print("\n| machine | recipes parsed | tasks of its images |\n|---|---|---|")
    for machine, recipes, tasks in rows:
        print(f"| {machine} | {recipes} | {tasks} |")


def shell(session, machine, command, log, outcome):
    text = session.shell([f"machine-{machine}", "feature-check"], command, log)
    for line in kas_shell.problems(session.tree, text):
        outcome.find(machine, line, f"less {session.tree.show(session.folder)}/log.{log}")
    return text


def parse(session, machine, rows):
    outcome = Outcome()
    text = shell(session, machine, "bitbake -p", f"{machine}.parse", outcome)
    counts = kas_shell.PARSED.search(text)
    if counts is None:
        outcome.find(machine, "BitBake told no number of parsed recipes")
    else:
        recipes, skipped, masked, _ = counts.groups()
        outcome.facts = f"{recipes} recipes, {skipped} skipped, {masked} masked"
        rows.append([machine, recipes, "-"])
    return outcome


def plan(session, machine, images, rows):
    outcome = Outcome()
    shell(session, machine, f"bitbake -g {' '.join(images)}", f"{machine}.graph", outcome)
    text = shell(session, machine, f"bitbake -n {' '.join(images)}", f"{machine}.plan", outcome)
    counts = kas_shell.SUMMARY.search(text)
    if counts is None:
        outcome.find(machine, f"BitBake planned no tasks for {' and '.join(images)}")
    else:
        outcome.facts = f"{counts[1]} tasks of {len(images)} images"
        rows[-1][2] = counts[1]
    return outcome
