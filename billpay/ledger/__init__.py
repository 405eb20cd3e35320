"""The Stellar network: what came in, and what goes back."""
