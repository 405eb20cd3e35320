-- Channel accounts, claimable balances, approvals and redirections of refunds.

ALTER TABLE refund_envelopes ADD COLUMN kind TEXT DEFAULT 'payment' NOT NULL;
ALTER TABLE refund_envelopes ADD CONSTRAINT refund_envelopes_kind CHECK (kind IN ('payment', 'claimable_balance'));
ALTER TABLE refund_envelopes ADD COLUMN balance_id TEXT;
ALTER TABLE refund_envelopes ADD COLUMN applied_ledger BIGINT;

CREATE TABLE claimable_balances (
    balance_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    claimant TEXT NOT NULL,
    amount NUMERIC(20, 7) NOT NULL,
    created_ledger BIGINT NOT NULL,
    reclaimable_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT DEFAULT 'open' NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_ledger BIGINT,
    PRIMARY KEY (balance_id),
    UNIQUE (refund_id),
    FOREIGN KEY(refund_id) REFERENCES refunds (refund_id),
    CONSTRAINT claimable_balances_state CHECK (state IN ('open', 'claimed', 'reclaimed'))
);
