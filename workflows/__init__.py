"""Decisions and waiting; no I/O. Activities are reached by name through `workflows.steps`."""
