"""A local GitHub whose Actions really run: for the demo, for tests and for dry runs.

It speaks the part of GitHub's REST API that Podium uses, keeps repositories, issues, runs
and artifacts in memory, and runs workflow files with `act` on this machine or, in timed
mode, lets runs complete by the clock. It imports nothing from Podium's other packages.

Start it with `python -m sandbox`, or from Python with `sandbox.launch.start_sandbox`.
"""
