"""Holds what scanners found against the exceptions that are stated.

    scan-findings.py EXCEPTIONS FINDINGS…

Findings are JSON of cfn-lint or checkov. Fails for a finding without an exception, and for an
exception without a finding.
"""

import json
import re
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse


def of_cfn_lint(report):
    """Check, resource and message of each finding; a resource is told by its place."""
    for finding in report:
        place = finding["Location"]["Path"] or []
        resource = str(place[1]) if place[:1] == ["Resources"] and len(place) > 1 else ""
        yield finding["Rule"]["Id"], resource, finding["Message"]


def of_checkov(report):
    """The same; checkov names a resource `Type.LogicalId`."""
    if "results" not in report or report["summary"]["parsing_errors"]:
        sys.exit("checkov could not read the template")
    if report["summary"]["resource_count"] == 0:
        sys.exit("checkov saw no resource")
    for finding in report["results"]["failed_checks"]:
        resource = finding["resource"].rsplit(".", 1)[-1]
        yield finding["check_id"], resource, finding["check_name"]


def findings(path):
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    return of_cfn_lint(report) if isinstance(report, list) else of_checkov(report)


def main(exceptions, paths):
    exceptions = yaml_parse(Path(exceptions).read_text(encoding="utf-8"))
    used, problems, count = set(), set(), 0
    for check, resource, message in (it for path in paths for it in findings(path)):
        count += 1
        matching = [
            number
            for number, it in enumerate(exceptions)
            if it["Check"] == check and re.fullmatch(it["Resources"], resource)
        ]
        used.update(matching)
        if not matching:
            problems.add(f"{check} {resource}: {message}")
    for number, it in enumerate(exceptions):
        if number not in used:
            problems.add(f"{it['Check']} {it['Resources']}: an exception that nothing needs")
    for it in exceptions:
        print(f"  {it['Check']:<12} {it['Because']}")
    print(f"{count} findings, {len(exceptions)} exceptions, {len(problems)} problems")
    if problems:
        sys.exit("\n".join(sorted(problems)))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: scan-findings.py EXCEPTIONS FINDINGS…")
    main(sys.argv[1], sys.argv[2:])
