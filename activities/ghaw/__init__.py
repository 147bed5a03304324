"""What a run of a compiled gh-aw workflow left behind, and what that means.

`artifacts` opens zips, `evidence` reads what is in them, `classifier` says what the run was worth.
"""
