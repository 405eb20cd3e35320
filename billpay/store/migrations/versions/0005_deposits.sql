-- The numeric alias, policies and nets of deposits.

ALTER TABLE cases DROP CONSTRAINT cases_kind;
ALTER TABLE cases ADD CONSTRAINT cases_kind CHECK (kind IN (
    'sold_after_all', 'reversed', 'other_tokens', 'parked_credit', 'held_refund', 'provider_account',
    'ledger_gap', 'ledger_silent', 'missed_credit', 'treasury', 'unclaimed_balance', 'reconciliation'
));

ALTER TABLE deposits DROP CONSTRAINT deposits_disposition;
ALTER TABLE deposits ADD CONSTRAINT deposits_disposition CHECK (
    disposition IN ('pending', 'delivered', 'refunded', 'held', 'kept')
);
ALTER TABLE deposits ADD COLUMN alias NUMERIC(20, 0);
