-- The numeric alias, policies and nets of deposits.

ALTER TABLE cases DROP CONSTRAINT cases_kind;
ALTER TABLE cases ADD CONSTRAINT cases_kind CHECK (kind IN (
    'sold_after_all', 'reversed', 'other_tokens', 'parked_credit', 'held_refund', 'provider_account',
    'late_token', 'unstarted_deposit', 'ledger_gap', 'ledger_silent', 'missed_credit', 'treasury', 'unclaimed_balance',
    'taken_back', 'stuck_payment', 'reconciliation'
));

ALTER TABLE deposits DROP CONSTRAINT deposits_disposition;
ALTER TABLE deposits ADD CONSTRAINT deposits_disposition CHECK (
    disposition IN ('pending', 'delivered', 'refunded', 'held', 'kept')
);
ALTER TABLE deposits ADD COLUMN alias NUMERIC(20, 0);

-- The number that names an order to payers who cannot send text: 63 bits of a digest of its id, and never zero.
-- billpay/domain/ids.py computes the same; a test compares the two.
CREATE FUNCTION bill_alias(transaction_id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT greatest(
        ('x' || encode(substr(sha256(uuid_send($1)), 1, 8), 'hex'))::bit(64)::bigint & 9223372036854775807, 1
    )
$$;

ALTER TABLE bill_payments ADD COLUMN alias BIGINT GENERATED ALWAYS AS (bill_alias(transaction_id)) STORED UNIQUE;

-- Dust that is kept -------------------------------------------------------------------------------------------------

-- It claims no order and has no workflow, so it never waits in the watcher's outbox.
ALTER TABLE deposits ADD CONSTRAINT deposits_kept CHECK (
    disposition <> 'kept' OR (coalesce(stray_reason, '') = 'dust' AND workflow_id IS NULL)
);
DROP INDEX deposits_unstarted;
CREATE INDEX deposits_unstarted ON deposits (recorded_at, ledger, operation_id)
WHERE workflow_id IS NULL AND disposition <> 'kept';

-- As before; what the ledger said has the alias in it now, and dust is kept from its first moment or never.
CREATE OR REPLACE FUNCTION guard_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.operation_id, NEW.transaction_hash, NEW.payer, NEW.amount, NEW.memo, NEW.alias, NEW.closed_at)
        IS DISTINCT FROM
        (OLD.operation_id, OLD.transaction_hash, OLD.payer, OLD.amount, OLD.memo, OLD.alias, OLD.closed_at) THEN
        PERFORM refuse(format('deposit %s stays as the ledger told it', OLD.operation_id));
    END IF;
    IF OLD.disposition IN ('delivered', 'refunded', 'kept') AND NEW.disposition <> OLD.disposition THEN
        PERFORM refuse(format('deposit %s is %s and stays so', OLD.operation_id, OLD.disposition));
    END IF;
    IF NEW.disposition = 'kept' AND OLD.disposition <> 'kept' THEN
        PERFORM refuse(format('deposit %s is %s: it is not kept any more', OLD.operation_id, OLD.disposition));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION guard_kept_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM deposits WHERE operation_id = NEW.operation_id AND disposition = 'kept') THEN
        PERFORM refuse(format('deposit %s is kept: it has no refund', NEW.operation_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_kept_deposit BEFORE INSERT ON refunds
FOR EACH ROW EXECUTE FUNCTION guard_kept_deposit();

-- The outbox --------------------------------------------------------------------------------------------------------

-- Whoever starts the workflow of a deposit that could not be started has ended its case, in the same commit.
CREATE FUNCTION case_of_started_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_case('unstarted_deposit', NEW.operation_id, 'its workflow was started', 'service', now());
    RETURN NULL;
END $$;

CREATE TRIGGER case_of_started_deposit AFTER UPDATE OF workflow_id ON deposits
FOR EACH ROW WHEN (OLD.workflow_id IS NULL AND NEW.workflow_id IS NOT NULL)
EXECUTE FUNCTION case_of_started_deposit();
