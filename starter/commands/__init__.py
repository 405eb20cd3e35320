"""The commands of `python -m starter`: reading what a person typed, doing it, telling what came of it."""
