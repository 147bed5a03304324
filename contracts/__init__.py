"""What crosses a process boundary: specs, worker messages, run records, reports.

pydantic and the standard library only; nothing here does I/O.
"""
