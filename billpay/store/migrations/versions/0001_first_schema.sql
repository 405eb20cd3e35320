-- The first schema. Written once: later changes are later revisions.

-- The memo that names an order: "BILL-" and the transaction id in 22 base58 characters, so that it fits the 28 bytes of a
-- Stellar text memo. billpay/domain/ids.py computes the same; a test compares the two.
CREATE FUNCTION bill_memo(transaction_id uuid) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    alphabet CONSTANT text := '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    bytes CONSTANT bytea := uuid_send(transaction_id);
    rest numeric := 0;
    code text := '';
BEGIN
    FOR position IN 0..15 LOOP
        rest := rest * 256 + get_byte(bytes, position);
    END LOOP;
    FOR digit IN 1..22 LOOP
        code := substr(alphabet, (rest % 58)::int + 1, 1) || code;
        rest := div(rest, 58);
    END LOOP;
    RETURN 'BILL-' || code;
END $$;

CREATE TABLE transactions (
    transaction_id UUID DEFAULT gen_random_uuid() NOT NULL,
    wallet_address TEXT NOT NULL,
    type TEXT NOT NULL,
    from_amount NUMERIC(20, 7) DEFAULT 0 NOT NULL,
    to_amount NUMERIC(20, 7) DEFAULT 0 NOT NULL,
    cngn_amount NUMERIC(20, 7) NOT NULL,
    status TEXT DEFAULT 'pending_payment' NOT NULL,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (transaction_id),
    CONSTRAINT transactions_type CHECK (type = 'bill_payment'),
    CONSTRAINT transactions_status CHECK (status IN (
        'pending_payment', 'cngn_received', 'verifying_account', 'account_invalid',
        'processing_bill', 'provider_processing', 'retry_scheduled', 'provider_failed',
        'completed', 'refund_initiated', 'refund_processing', 'refunded', 'needs_review', 'expired'
    )),
    CONSTRAINT transactions_amounts CHECK (
        cngn_amount > 0 AND from_amount >= 0 AND to_amount >= 0
    )
);

CREATE TABLE bill_payments (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    transaction_id UUID NOT NULL,
    provider_name TEXT NOT NULL,
    requested_provider_name TEXT,
    account_number TEXT NOT NULL,
    bill_type TEXT NOT NULL,
    status TEXT DEFAULT 'pending_payment' NOT NULL,
    memo TEXT GENERATED ALWAYS AS (bill_memo(transaction_id)) STORED,
    expires_at TIMESTAMP WITH TIME ZONE DEFAULT now() + '01:00:00'::interval NOT NULL,
    claimed_by TEXT,
    provider_reference TEXT,
    refund_tx_hash TEXT,
    verification_data JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT bill_payments_status CHECK (status IN (
        'pending_payment', 'cngn_received', 'verifying_account', 'account_invalid',
        'processing_bill', 'provider_processing', 'retry_scheduled', 'provider_failed',
        'completed', 'refund_initiated', 'refund_processing', 'refunded', 'needs_review', 'expired'
    )),
    CONSTRAINT bill_payments_bill_type CHECK (bill_type IN ('electricity', 'airtime', 'data', 'cable_tv')),
    UNIQUE (transaction_id),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id),
    UNIQUE (memo),
    UNIQUE (claimed_by)
);

CREATE INDEX bill_payments_by_age ON bill_payments (created_at);

CREATE INDEX bill_payments_by_status ON bill_payments (status);

CREATE TABLE ledger_cursors (
    wallet TEXT NOT NULL,
    position NUMERIC(20, 0) NOT NULL,
    PRIMARY KEY (wallet)
);

CREATE TABLE deposits (
    operation_id TEXT NOT NULL,
    wallet TEXT NOT NULL,
    paging_token TEXT NOT NULL,
    transaction_hash TEXT NOT NULL,
    ledger BIGINT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payer TEXT NOT NULL,
    amount NUMERIC(20, 7) NOT NULL,
    memo BYTEA,
    memo_type TEXT NOT NULL,
    transaction_id UUID,
    stray_reason TEXT,
    disposition TEXT DEFAULT 'pending' NOT NULL,
    workflow_id TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (operation_id),
    CONSTRAINT deposits_amount CHECK (amount > 0),
    CONSTRAINT deposits_disposition CHECK (disposition IN ('pending', 'delivered', 'refunded', 'held')),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE INDEX deposits_unstarted ON deposits (recorded_at) WHERE workflow_id IS NULL;

CREATE TABLE attempts (
    request_id TEXT NOT NULL,
    transaction_id UUID NOT NULL,
    number SMALLINT NOT NULL,
    provider TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    first_denied_at TIMESTAMP WITH TIME ZONE,
    settled_at TIMESTAMP WITH TIME ZONE,
    outcome_kind TEXT,
    outcome JSONB,
    receipt BYTEA,
    body BYTEA,
    PRIMARY KEY (request_id),
    CONSTRAINT attempts_number UNIQUE (transaction_id, number),
    CONSTRAINT attempts_number_positive CHECK (number > 0),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE UNIQUE INDEX attempts_one_sale ON attempts (transaction_id) WHERE outcome_kind IN ('delivered', 'token_awaited');

CREATE UNIQUE INDEX attempts_one_unsettled ON attempts (transaction_id) WHERE settled_at IS NULL;

CREATE TABLE tokens (
    transaction_id UUID NOT NULL,
    receipt BYTEA NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (transaction_id),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE TABLE refunds (
    refund_id TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    transaction_id UUID,
    purpose TEXT NOT NULL,
    destination TEXT NOT NULL,
    amount NUMERIC(20, 7) NOT NULL,
    reason TEXT NOT NULL,
    deposit_hash TEXT NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL,
    held_reason TEXT,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (refund_id),
    CONSTRAINT refunds_purpose UNIQUE (operation_id, purpose),
    CONSTRAINT refunds_amount CHECK (amount > 0),
    CONSTRAINT refunds_known_purpose CHECK (purpose IN ('whole', 'excess')),
    CONSTRAINT refunds_status CHECK (status IN ('open', 'paid', 'held')),
    FOREIGN KEY(operation_id) REFERENCES deposits (operation_id),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE TABLE refund_envelopes (
    transaction_hash TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    source_account TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    envelope_xdr TEXT NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (transaction_hash),
    CONSTRAINT refund_envelopes_state CHECK (state IN ('in_flight', 'applied', 'failed', 'dead')),
    FOREIGN KEY(refund_id) REFERENCES refunds (refund_id)
);

CREATE UNIQUE INDEX refund_envelopes_one_in_flight ON refund_envelopes (source_account) WHERE state = 'in_flight';

CREATE TABLE notifications (
    message_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    transaction_id UUID,
    operation_id TEXT,
    wallet_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body BYTEA NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (message_id),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE TABLE payment_events (
    id BIGSERIAL NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    transaction_id UUID,
    operation_id TEXT,
    status_from TEXT,
    status_to TEXT,
    detail TEXT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX payment_events_of_order ON payment_events (transaction_id, id);

CREATE TABLE installation (
    id INTEGER NOT NULL,
    installed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT installation_once CHECK (id = 1)
);

-- Who served an order replaces who was wished for, so the wish is kept beside it.
CREATE FUNCTION keep_requested_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.requested_provider_name := coalesce(NEW.requested_provider_name, NEW.provider_name);
    RETURN NEW;
END $$;

CREATE TRIGGER keep_requested_provider BEFORE INSERT ON bill_payments
FOR EACH ROW EXECUTE FUNCTION keep_requested_provider();

-- Terminal statuses absorb, whoever writes (I12).
CREATE FUNCTION refuse_leaving_terminal_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('completed', 'refunded') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'the bill payment of % is % and stays so', OLD.transaction_id, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refuse_leaving_terminal_status BEFORE UPDATE OF status ON bill_payments
FOR EACH ROW EXECUTE FUNCTION refuse_leaving_terminal_status();

-- The timeline is append-only.
CREATE FUNCTION refuse_changing_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment_events are appended, never changed' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE ON payment_events
FOR EACH ROW EXECUTE FUNCTION refuse_changing_history();

INSERT INTO installation (id) VALUES (1);
