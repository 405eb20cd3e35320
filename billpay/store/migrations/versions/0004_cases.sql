-- What only a person can put right, and the questions that are asked again about purchases that are settled.

CREATE TABLE cases (
    case_id BIGSERIAL NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    transaction_id UUID,
    operation_id TEXT,
    loss_kobo BIGINT NOT NULL,
    detail TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by TEXT,
    resolution TEXT,
    PRIMARY KEY (case_id),
    CONSTRAINT cases_kind CHECK (kind IN (
        'sold_after_all', 'reversed', 'other_tokens', 'parked_credit', 'held_refund', 'provider_account'
    )),
    CONSTRAINT cases_loss CHECK (loss_kobo >= 0),
    CONSTRAINT cases_closed CHECK (num_nulls(closed_at, closed_by, resolution) IN (0, 3)),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

-- One wait at a time for one thing; and what a provider has contradicted once is told once, whatever it says later.
CREATE UNIQUE INDEX cases_one_open ON cases (kind, subject) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX cases_one_contradiction ON cases (kind, subject)
    WHERE kind IN ('sold_after_all', 'reversed', 'other_tokens');
CREATE INDEX cases_of_order ON cases (transaction_id);

-- A row for every purchase whose provider may ever have heard of it, whatever was believed of its sending afterwards.
CREATE TABLE follow_ups (
    request_id TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE,
    next_question_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (request_id),
    FOREIGN KEY(request_id) REFERENCES attempts (request_id)
);

CREATE INDEX follow_ups_going_on ON follow_ups (request_id) WHERE ended_at IS NULL;

CREATE FUNCTION follow_up_what_was_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO follow_ups (request_id) VALUES (NEW.request_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER follow_up_what_was_sent AFTER INSERT OR UPDATE OF sent_at ON attempts
FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL) EXECUTE FUNCTION follow_up_what_was_sent();

INSERT INTO follow_ups (request_id) SELECT request_id FROM attempts WHERE sent_at IS NOT NULL;

-- Money that waits for a person has an open case from the same commit on, whoever lets it wait (I19) -----------------

CREATE FUNCTION open_case(
    kind text, subject text, transaction_id uuid, operation_id text, detail text, opened_at timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cases (kind, subject, transaction_id, operation_id, loss_kobo, detail, opened_at)
    VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION end_case(kind text, subject text, resolution text, closed_by text, closed_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    UPDATE cases SET resolution = $3, closed_by = $4, closed_at = $5
    WHERE cases.kind = $1 AND cases.subject = $2 AND cases.closed_at IS NULL
$$;

CREATE FUNCTION case_of_parked_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM open_case('parked_credit', NEW.operation_id, NULL, NEW.operation_id, NEW.reason, NEW.parked_at);
    RETURN NULL;
END $$;

CREATE TRIGGER case_of_parked_credit AFTER INSERT ON parked_credits
FOR EACH ROW EXECUTE FUNCTION case_of_parked_credit();

-- A refund that is held because the purchase was sold after all has that case; a second one would say nothing more.
CREATE FUNCTION case_of_held_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> 'refund_held' THEN
        PERFORM end_case('held_refund', NEW.operation_id, NEW.detail, NEW.actor, NEW.at);
    ELSIF NOT EXISTS (
        SELECT FROM cases
        WHERE transaction_id = NEW.transaction_id AND kind = 'sold_after_all' AND closed_at IS NULL
    ) THEN
        PERFORM open_case(
            'held_refund', NEW.operation_id, NEW.transaction_id, NEW.operation_id, NEW.detail, NEW.at
        );
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER case_of_held_refund AFTER INSERT ON payment_events
FOR EACH ROW WHEN (NEW.kind IN ('refund_held', 'refund_reopened', 'refund_paid'))
EXECUTE FUNCTION case_of_held_refund();

-- Only trouble with our account needs a person; a provider that fails for a while comes back by itself.
CREATE FUNCTION case_of_breaker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.opened_at IS NOT NULL THEN
        PERFORM open_case('provider_account', NEW.provider, NULL, NULL, coalesce(NEW.reason, 'no reason given'), NEW.opened_at);
    ELSE
        PERFORM end_case('provider_account', NEW.provider, 'it answers again', 'service', now());
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER case_of_breaker AFTER INSERT OR UPDATE OF opened_at ON breakers
FOR EACH ROW WHEN (NEW.line = 'everything') EXECUTE FUNCTION case_of_breaker();

-- What waits already has its case from now on.
SELECT open_case('parked_credit', operation_id, NULL, operation_id, reason, parked_at) FROM parked_credits;
SELECT open_case('held_refund', operation_id, transaction_id, operation_id, coalesce(held_reason, 'no reason given'), now())
FROM refunds WHERE status = 'held';
SELECT open_case('provider_account', provider, NULL, NULL, coalesce(reason, 'no reason given'), opened_at)
FROM breakers WHERE line = 'everything' AND opened_at IS NOT NULL;

-- Guards ------------------------------------------------------------------------------------------------------------

-- What was told stays; a case is closed once, and none is deleted (I12, I16).
CREATE FUNCTION guard_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.case_id, NEW.kind, NEW.subject, NEW.transaction_id, NEW.operation_id, NEW.loss_kobo, NEW.detail, NEW.opened_at)
        IS DISTINCT FROM
        (OLD.case_id, OLD.kind, OLD.subject, OLD.transaction_id, OLD.operation_id, OLD.loss_kobo, OLD.detail, OLD.opened_at)
        OR OLD.closed_at IS NOT NULL THEN
        PERFORM refuse(format('case %s stays what it is', OLD.case_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_case BEFORE UPDATE ON cases
FOR EACH ROW EXECUTE FUNCTION guard_case();

CREATE TRIGGER refuse_deleting_cases BEFORE DELETE OR TRUNCATE ON cases
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

-- Whoever was sold something after all is not sold it again (I4): a person decides.
CREATE FUNCTION guard_purchase_after_late_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM attempts WHERE transaction_id = NEW.transaction_id AND contradicted_at IS NOT NULL
    ) THEN
        PERFORM refuse(format('the order %s was sold after all: nothing more is bought for it', NEW.transaction_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_purchase_after_late_truth BEFORE INSERT ON attempts
FOR EACH ROW EXECUTE FUNCTION guard_purchase_after_late_truth();
