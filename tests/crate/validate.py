"""Holds a crate against its profile, in an environment of `requirements.txt`, without a network.

    python validate.py FOLDER [REQUIRED | RECOMMENDED]

Prints a line for each issue. The context of RO-Crate 1.1, which the validator reads from the web,
is the one that ro-crate-py has in its package.
"""

import sys
from pathlib import Path
from unittest import mock

import requests
import rocrate
from rocrate_validator import models, services

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
PROFILE = "provenance-run-crate"


def answer(_adapter, request, **_settings):
    """The context in place of any answer from the web."""
    assert request.url == CONTEXT, request.url
    response = requests.Response()
    response.status_code, response.url, response.request = 200, request.url, request
    response.headers["Content-Type"] = "application/ld+json"
    context = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    response.raw = context.open("rb")
    return response


def main(folder, severity="REQUIRED"):
    settings = services.ValidationSettings(
        rocrate_uri=folder,
        profile_identifier=PROFILE,
        requirement_severity=models.Severity[severity],
        no_cache=True,
    )
    with mock.patch("requests.adapters.HTTPAdapter.send", answer):
        result = services.validate(settings)
    for issue in result.get_issues():
        print(issue.severity.name, issue.check.identifier, issue.message)
    print(f"{len(result.get_issues())} issues of {len(result.executed_checks)} checks")
    return not result.passed()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
