"""What a person starts: the local system, orders, operators' commands and the demo (`python -m starter`)."""
