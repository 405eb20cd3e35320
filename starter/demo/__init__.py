"""`demo`: eight payments on a stack of its own, live, and at the end the records against the truth.

`stories` says what happens, `board` where each payment stands, `screen` how it looks, `run` puts them together.
"""

from starter.demo.run import run_demo

__all__ = ["run_demo"]
