"""The only place where Temporal meets the outside, one file per step."""
