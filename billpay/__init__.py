"""Bill payments in cNGN: the business, which knows nothing of Temporal."""
