"""A small Nigeria on one port: VTPass, a Stellar ledger behind Horizon, and the customers' phone.

It speaks the real wire formats and keeps the truth apart from what it says, so that a test can compare the two.
"""
