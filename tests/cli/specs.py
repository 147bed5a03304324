"""The spec and the worker files that the tests of the command line use."""

REPOSITORY = "octo-org/widgets"

GOOD = """\
name: nightly
description: Look at things.
pattern: orchestrator-worker
on:
  workflow_dispatch:
    inputs:
      severity: {type: choice, options: [low, high], default: low}
      loud: {type: boolean, default: false}
      share: {type: number}
repository: octo-org/widgets
safe-outputs:
  create-issue: {max: 1}
for-each: {source: list, items: [alpha, beta]}
worker:
  workflow: look.yml
  inputs:
    thing: "${{ item.value }}"
    severity: "${{ inputs.severity }}"
  retry: {maximum-attempts: 1}
max-parallel: 2
"""

_JOBS = """\
jobs:
  work:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""

_FILES = {
    "look.yml": """\
name: look
run-name: "look ${{ inputs.thing }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      thing: {required: true}
      severity: {type: choice, options: [low, high]}
      dispatch_id: {required: false}
""",
    "pushed.yml": """\
name: pushed
on: [push]
""",
    "nameless.yml": """\
name: nameless
on:
  workflow_dispatch:
    inputs:
      thing: {required: true}
      severity: {}
""",
    "issue.yml": """\
name: issue
run-name: "issue ${{ inputs.number }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      number: {required: true}
      dispatch_id: {required: false}
""",
}
WORKER_FILES = {name: text + _JOBS for name, text in _FILES.items()}
