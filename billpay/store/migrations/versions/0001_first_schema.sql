-- The first schema. Written once: later changes are later revisions.

-- The memo that names an order: "BILL-" and the transaction id in 22 base58 characters, so that it fits the 28 bytes of
-- a Stellar text memo. billpay/domain/ids.py computes the same; a test compares the two.
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
    CONSTRAINT transactions_amount CHECK (cngn_amount BETWEEN 0.0000001 AND 922337203685.4775807),
    CONSTRAINT transactions_metadata CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT transactions_moments CHECK (
        created_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
        AND updated_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
    )
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
    CONSTRAINT deposits_amount CHECK (amount BETWEEN 0.0000001 AND 922337203685.4775807),
    CONSTRAINT deposits_disposition CHECK (disposition IN ('pending', 'delivered', 'refunded', 'held')),
    CONSTRAINT deposits_moments CHECK (
        closed_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
        AND recorded_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
    ),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE INDEX deposits_of_order ON deposits (transaction_id);

CREATE INDEX deposits_unstarted ON deposits (recorded_at)
WHERE workflow_id IS NULL;

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
    CONSTRAINT bill_payments_moments CHECK (
        created_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
        AND updated_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
        AND expires_at BETWEEN '2000-01-01 00:00:00+00' AND '9999-01-01 00:00:00+00'
    ),
    UNIQUE (transaction_id),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id),
    UNIQUE (memo),
    UNIQUE (claimed_by),
    FOREIGN KEY(claimed_by) REFERENCES deposits (operation_id)
);

CREATE INDEX bill_payments_by_age ON bill_payments (created_at);

CREATE INDEX bill_payments_by_status ON bill_payments (status);

CREATE TABLE parked_credits (
    operation_id TEXT NOT NULL,
    wallet TEXT NOT NULL,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    parked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (operation_id)
);

CREATE TABLE ledger_cursors (
    wallet TEXT NOT NULL,
    position NUMERIC NOT NULL,
    PRIMARY KEY (wallet)
);

CREATE TABLE attempts (
    request_id TEXT NOT NULL,
    transaction_id UUID NOT NULL,
    number SMALLINT NOT NULL,
    provider TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sendings SMALLINT DEFAULT 0 NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    first_denied_at TIMESTAMP WITH TIME ZONE,
    settled_at TIMESTAMP WITH TIME ZONE,
    given_up_at TIMESTAMP WITH TIME ZONE,
    contradicted_at TIMESTAMP WITH TIME ZONE,
    outcome_kind TEXT,
    outcome JSONB,
    receipt BYTEA,
    has_token BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (request_id),
    CONSTRAINT attempts_number UNIQUE (transaction_id, number),
    CONSTRAINT attempts_number_positive CHECK (number > 0),
    CONSTRAINT attempts_sendings CHECK (sendings >= 0),
    CONSTRAINT attempts_settled CHECK (
        (settled_at IS NOT NULL) = (coalesce(outcome_kind, '') IN ('delivered', 'postponed', 'declined', 'not_sold'))
    ),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE UNIQUE INDEX attempts_one_sale ON attempts (transaction_id)
WHERE outcome_kind IN ('delivered', 'token_awaited');

CREATE UNIQUE INDEX attempts_one_unsettled ON attempts (transaction_id)
WHERE settled_at IS NULL;

CREATE TABLE provider_answers (
    request_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    outcome_kind TEXT NOT NULL,
    body BYTEA NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (request_id, number),
    FOREIGN KEY(request_id) REFERENCES attempts (request_id)
);

CREATE TABLE tokens (
    transaction_id UUID NOT NULL,
    receipt BYTEA NOT NULL,
    has_token BOOLEAN NOT NULL,
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
    CONSTRAINT refunds_amount CHECK (amount BETWEEN 0.0000001 AND 922337203685.4775807),
    CONSTRAINT refunds_purpose CHECK (purpose IN ('whole', 'excess')),
    CONSTRAINT refunds_status CHECK (status IN ('open', 'paid', 'held')),
    UNIQUE (operation_id),
    FOREIGN KEY(operation_id) REFERENCES deposits (operation_id),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

CREATE INDEX refunds_of_order ON refunds (transaction_id);

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

CREATE UNIQUE INDEX refund_envelopes_one_alive ON refund_envelopes (refund_id)
WHERE state IN ('in_flight', 'applied');

CREATE UNIQUE INDEX refund_envelopes_one_in_flight ON refund_envelopes (source_account)
WHERE state = 'in_flight';

CREATE UNIQUE INDEX refund_envelopes_one_of_a_sequence ON refund_envelopes (source_account, sequence)
WHERE state IN ('applied', 'failed');

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

CREATE INDEX notifications_of_deposit ON notifications (operation_id);

CREATE INDEX notifications_of_order ON notifications (transaction_id);

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

CREATE INDEX payment_events_of_deposit ON payment_events (operation_id, id);

CREATE INDEX payment_events_of_order ON payment_events (transaction_id, id);

CREATE TABLE installation (
    id INTEGER NOT NULL,
    installed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT installation_once CHECK (id = 1)
);

INSERT INTO installation (id) VALUES (1);
