-- Channel accounts, claimable balances, approvals and redirections of refunds.

-- A person's word on a refund: let it go, or send it elsewhere ---------------------------------------------------------

ALTER TABLE refunds ADD COLUMN memo TEXT;
ALTER TABLE refunds ADD COLUMN memo_type TEXT;
ALTER TABLE refunds ADD COLUMN redirected_by TEXT;
ALTER TABLE refunds ADD COLUMN redirected_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE refunds ADD COLUMN approved_by TEXT;
ALTER TABLE refunds ADD COLUMN approved_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE refunds ADD CONSTRAINT refunds_memo CHECK (
    num_nulls(memo, memo_type) IN (0, 2) AND coalesce(memo_type, 'text') IN ('text', 'id', 'hash')
);
ALTER TABLE refunds ADD CONSTRAINT refunds_redirected CHECK (num_nulls(redirected_by, redirected_at) IN (0, 2));
ALTER TABLE refunds ADD CONSTRAINT refunds_approved CHECK (num_nulls(approved_by, approved_at) IN (0, 2));

-- What was signed -----------------------------------------------------------------------------------------------------

ALTER TABLE refund_envelopes ADD COLUMN kind TEXT DEFAULT 'payment' NOT NULL;
ALTER TABLE refund_envelopes ADD CONSTRAINT refund_envelopes_kind CHECK (kind IN ('payment', 'claimable_balance'));
ALTER TABLE refund_envelopes ADD COLUMN balance_id TEXT;
ALTER TABLE refund_envelopes ADD COLUMN reclaimable_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE refund_envelopes ADD CONSTRAINT refund_envelopes_set_aside CHECK (
    num_nulls(balance_id, reclaimable_at) = CASE kind WHEN 'claimable_balance' THEN 0 ELSE 2 END
);
ALTER TABLE refund_envelopes ADD COLUMN applied_ledger BIGINT;
ALTER TABLE refund_envelopes ADD COLUMN applied_hash TEXT;
ALTER TABLE refund_envelopes ADD COLUMN result_codes TEXT;
CREATE INDEX refund_envelopes_by_signing ON refund_envelopes (signed_at);

CREATE TABLE refund_fee_bumps (
    transaction_hash TEXT NOT NULL,
    inner_hash TEXT NOT NULL,
    envelope_xdr TEXT NOT NULL,
    fee BIGINT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (transaction_hash),
    FOREIGN KEY(inner_hash) REFERENCES refund_envelopes (transaction_hash)
);

CREATE INDEX refund_fee_bumps_of_envelope ON refund_fee_bumps (inner_hash);

-- What the treasury signs for itself: channels made and filled, balances taken back.
CREATE TABLE treasury_envelopes (
    transaction_hash TEXT NOT NULL,
    errand TEXT NOT NULL,
    source_account TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    envelope_xdr TEXT NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    applied_ledger BIGINT,
    PRIMARY KEY (transaction_hash),
    CONSTRAINT treasury_envelopes_state CHECK (state IN ('in_flight', 'applied', 'failed', 'dead'))
);

CREATE UNIQUE INDEX treasury_envelopes_one_in_flight ON treasury_envelopes (source_account)
WHERE state = 'in_flight';

CREATE UNIQUE INDEX treasury_envelopes_one_of_a_sequence ON treasury_envelopes (source_account, sequence)
WHERE state IN ('applied', 'failed');

-- Whose sequence numbers are used, and by what; number 0 is the treasury's own account --------------------------------

CREATE TABLE refund_channels (
    address TEXT NOT NULL,
    number INTEGER NOT NULL,
    refund_id TEXT,
    errand TEXT,
    sequence BIGINT,
    claimed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (address),
    UNIQUE (number),
    UNIQUE (refund_id),
    UNIQUE (errand),
    FOREIGN KEY(refund_id) REFERENCES refunds (refund_id),
    CONSTRAINT refund_channels_number CHECK (number >= 0),
    CONSTRAINT refund_channels_owner CHECK (num_nonnulls(refund_id, errand) = num_nonnulls(claimed_at)),
    CONSTRAINT refund_channels_sequence CHECK (sequence IS NULL OR claimed_at IS NOT NULL)
);

-- What is in flight since before there were channels owns the account it was signed for.
INSERT INTO refund_channels (address, number, refund_id, sequence, claimed_at)
SELECT source_account, 0, refund_id, sequence, signed_at
FROM refund_envelopes WHERE state = 'in_flight' ORDER BY signed_at DESC LIMIT 1;

-- Money that waits on the ledger --------------------------------------------------------------------------------------

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

-- Guards --------------------------------------------------------------------------------------------------------------

-- Whether something that uses an account's sequence numbers may still be applied.
CREATE FUNCTION is_in_flight(account text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM refund_envelopes WHERE source_account = account AND state = 'in_flight')
        OR EXISTS (SELECT FROM treasury_envelopes WHERE source_account = account AND state = 'in_flight')
$$;

-- An account and its number stay with their owner for as long as anything signed for them may be applied (I9, I10).
CREATE FUNCTION guard_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.claimed_at IS NOT NULL THEN
            PERFORM refuse(format('the channel %s is in use', OLD.number));
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.address, NEW.number) IS DISTINCT FROM (OLD.address, OLD.number) THEN
        PERFORM refuse(format('the channel %s stays what it is', OLD.number));
    END IF;
    IF (NEW.refund_id, NEW.errand, NEW.sequence) IS DISTINCT FROM (OLD.refund_id, OLD.errand, OLD.sequence)
        AND is_in_flight(OLD.address) THEN
        PERFORM refuse(format('what is signed for the channel %s may still be applied', OLD.number));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_channel BEFORE UPDATE OR DELETE ON refund_channels
FOR EACH ROW EXECUTE FUNCTION guard_channel();

-- Nothing is signed but for the account and the number that its owner has reserved.
CREATE FUNCTION guard_new_envelope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM refund_channels
    WHERE address = NEW.source_account AND sequence = NEW.sequence AND refund_id = NEW.refund_id FOR SHARE;
    IF NOT FOUND THEN
        PERFORM refuse(format('%s does not own number %s of %s', NEW.refund_id, NEW.sequence, NEW.source_account));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_new_envelope BEFORE INSERT ON refund_envelopes
FOR EACH ROW EXECUTE FUNCTION guard_new_envelope();

CREATE FUNCTION guard_new_errand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM refund_channels
    WHERE address = NEW.source_account AND sequence = NEW.sequence AND errand = NEW.errand FOR SHARE;
    IF NOT FOUND THEN
        PERFORM refuse(format('%s does not own number %s of %s', NEW.errand, NEW.sequence, NEW.source_account));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_new_errand BEFORE INSERT ON treasury_envelopes
FOR EACH ROW EXECUTE FUNCTION guard_new_errand();

-- A refund goes elsewhere on a person's word alone, and only while nothing is on its way or gone.
CREATE OR REPLACE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.operation_id, NEW.transaction_id, NEW.purpose, NEW.amount, NEW.deposit_hash)
        IS DISTINCT FROM (OLD.operation_id, OLD.transaction_id, OLD.purpose, OLD.amount, OLD.deposit_hash) THEN
        PERFORM refuse(format('%s stays what it is', OLD.refund_id));
    END IF;
    IF OLD.status = 'paid' AND NEW.status <> 'paid' THEN
        PERFORM refuse(format('%s is paid and stays so', OLD.refund_id));
    END IF;
    IF (NEW.destination, NEW.memo, NEW.memo_type) IS DISTINCT FROM (OLD.destination, OLD.memo, OLD.memo_type) THEN
        IF NEW.redirected_at IS NOT DISTINCT FROM OLD.redirected_at THEN
            PERFORM refuse(format('%s stays what it is: nobody has redirected it', OLD.refund_id));
        END IF;
        IF EXISTS (
            SELECT FROM refund_envelopes WHERE refund_id = OLD.refund_id AND state IN ('in_flight', 'applied')
        ) THEN
            PERFORM refuse(format('%s is on its way or paid: it goes nowhere else', OLD.refund_id));
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_envelope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (
        NEW.transaction_hash, NEW.refund_id, NEW.source_account, NEW.sequence, NEW.envelope_xdr, NEW.valid_until,
        NEW.kind, NEW.balance_id, NEW.reclaimable_at
    ) IS DISTINCT FROM (
        OLD.transaction_hash, OLD.refund_id, OLD.source_account, OLD.sequence, OLD.envelope_xdr, OLD.valid_until,
        OLD.kind, OLD.balance_id, OLD.reclaimable_at
    ) THEN
        PERFORM refuse(format('envelope %s stays as it was signed', OLD.transaction_hash));
    END IF;
    IF OLD.state <> 'in_flight' AND NEW.state <> OLD.state THEN
        PERFORM refuse(format('envelope %s is %s and stays so', OLD.transaction_hash, OLD.state));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION guard_treasury_envelope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.transaction_hash, NEW.errand, NEW.source_account, NEW.sequence, NEW.envelope_xdr, NEW.valid_until)
        IS DISTINCT FROM
        (OLD.transaction_hash, OLD.errand, OLD.source_account, OLD.sequence, OLD.envelope_xdr, OLD.valid_until)
        OR (OLD.state <> 'in_flight' AND NEW.state <> OLD.state) THEN
        PERFORM refuse(format('envelope %s stays as it was signed, and is %s', OLD.transaction_hash, OLD.state));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_treasury_envelope BEFORE UPDATE ON treasury_envelopes
FOR EACH ROW EXECUTE FUNCTION guard_treasury_envelope();

CREATE FUNCTION guard_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.balance_id, NEW.refund_id, NEW.claimant, NEW.amount, NEW.created_ledger, NEW.reclaimable_at)
        IS DISTINCT FROM
        (OLD.balance_id, OLD.refund_id, OLD.claimant, OLD.amount, OLD.created_ledger, OLD.reclaimable_at)
        OR (OLD.state <> 'open' AND NEW.state <> OLD.state) THEN
        PERFORM refuse(format('balance %s stays what it is, and is %s', OLD.balance_id, OLD.state));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_balance BEFORE UPDATE ON claimable_balances
FOR EACH ROW EXECUTE FUNCTION guard_balance();

-- The one way back from "refunded": the balance that the refund was set aside in was taken back. Then it is held again,
-- and nothing else of the deposit changes with it.
DROP TRIGGER guard_deposit ON deposits;

CREATE TRIGGER guard_deposit BEFORE UPDATE ON deposits
FOR EACH ROW WHEN (NOT (OLD.disposition = 'refunded' AND NEW.disposition = 'held')) EXECUTE FUNCTION guard_deposit();

CREATE FUNCTION guard_taken_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before deposits%ROWTYPE := OLD;
BEGIN
    before.disposition := NEW.disposition;
    IF before IS DISTINCT FROM NEW OR NOT EXISTS (
        SELECT FROM claimable_balances JOIN refunds USING (refund_id)
        WHERE operation_id = OLD.operation_id AND purpose = 'whole' AND state = 'reclaimed'
    ) THEN
        PERFORM refuse(format('deposit %s is refunded and stays so', OLD.operation_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_taken_back BEFORE UPDATE ON deposits
FOR EACH ROW WHEN (OLD.disposition = 'refunded' AND NEW.disposition = 'held') EXECUTE FUNCTION guard_taken_back();

-- History -------------------------------------------------------------------------------------------------------------

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_fee_bumps
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_deleting_treasury_envelopes BEFORE DELETE OR TRUNCATE ON treasury_envelopes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_deleting_balances BEFORE DELETE OR TRUNCATE ON claimable_balances
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();
