-- What is never true of these records, whoever writes. Each guard that looks at other rows first takes the lock of the
-- order's bill, as the service does, so that of two who disagree one waits and then sees what the other has done.

CREATE FUNCTION refuse(reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', reason USING ERRCODE = 'check_violation';
END $$;

-- Whether the deposit that pays an order goes back whole: wanted, on its way or gone.
CREATE FUNCTION is_given_back(claimed_by text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM refunds WHERE operation_id = claimed_by AND purpose = 'whole')
$$;

-- Whether an order was bought, or may have been: a purchase that is not settled may turn out as a sale.
CREATE FUNCTION may_be_sold(order_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM attempts WHERE transaction_id = order_id
        AND (settled_at IS NULL OR outcome_kind IN ('delivered', 'token_awaited'))
    )
$$;

-- Orders ------------------------------------------------------------------------------------------------------------

-- Who served an order replaces who was wished for, so the wish is kept beside it.
CREATE FUNCTION keep_requested_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.requested_provider_name := coalesce(NEW.requested_provider_name, NEW.provider_name);
    RETURN NEW;
END $$;

CREATE TRIGGER keep_requested_provider BEFORE INSERT ON bill_payments
FOR EACH ROW EXECUTE FUNCTION keep_requested_provider();

-- Every timeline begins with the order, however it was placed.
CREATE FUNCTION tell_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment_events (at, kind, transaction_id, status_to, detail, actor)
    VALUES (NEW.created_at, 'status', NEW.transaction_id, NEW.status, 'order placed', 'customer');
    RETURN NULL;
END $$;

CREATE TRIGGER tell_placement AFTER INSERT ON bill_payments
FOR EACH ROW EXECUTE FUNCTION tell_placement();

-- Terminal statuses absorb (I12), delivered excludes refunded (I3), and an order is paid by one deposit for good.
CREATE FUNCTION guard_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.transaction_id <> OLD.transaction_id THEN
        PERFORM refuse('a bill stays with its order');
    END IF;
    IF OLD.claimed_by IS NOT NULL AND NEW.claimed_by IS DISTINCT FROM OLD.claimed_by THEN
        PERFORM refuse(format('the order %s is paid by deposit %s and stays so', OLD.transaction_id, OLD.claimed_by));
    END IF;
    IF NEW.status = OLD.status THEN
        RETURN NEW;
    END IF;
    IF OLD.status IN ('completed', 'refunded') THEN
        PERFORM refuse(format('the order %s is %s and stays so', OLD.transaction_id, OLD.status));
    END IF;
    IF NEW.status = 'completed' AND NEW.claimed_by IS NULL THEN
        PERFORM refuse(format('the order %s is unpaid: it cannot be completed', NEW.transaction_id));
    END IF;
    IF NEW.status NOT IN ('refund_initiated', 'refund_processing', 'refunded', 'needs_review')
        AND is_given_back(NEW.claimed_by) THEN
        PERFORM refuse(format('the order %s is given back: it cannot become %s', NEW.transaction_id, NEW.status));
    END IF;
    IF NEW.status IN ('refund_initiated', 'refund_processing', 'refunded') AND may_be_sold(NEW.transaction_id) THEN
        PERFORM refuse(format('the order %s is or may be sold: it cannot become %s', NEW.transaction_id, NEW.status));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_bill BEFORE UPDATE ON bill_payments
FOR EACH ROW EXECUTE FUNCTION guard_bill();

-- Deposits ----------------------------------------------------------------------------------------------------------

-- What the ledger has said is not edited, and money that is delivered or returned is so for good.
CREATE FUNCTION guard_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.operation_id, NEW.transaction_hash, NEW.payer, NEW.amount, NEW.memo, NEW.closed_at)
        IS DISTINCT FROM (OLD.operation_id, OLD.transaction_hash, OLD.payer, OLD.amount, OLD.memo, OLD.closed_at) THEN
        PERFORM refuse(format('deposit %s stays as the ledger told it', OLD.operation_id));
    END IF;
    IF OLD.disposition IN ('delivered', 'refunded') AND NEW.disposition <> OLD.disposition THEN
        PERFORM refuse(format('deposit %s is %s and stays so', OLD.operation_id, OLD.disposition));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_deposit BEFORE UPDATE ON deposits
FOR EACH ROW EXECUTE FUNCTION guard_deposit();

-- The cursor never moves back (I11).
CREATE FUNCTION guard_cursor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.position := greatest(NEW.position, OLD.position);
    RETURN NEW;
END $$;

CREATE TRIGGER guard_cursor BEFORE UPDATE ON ledger_cursors
FOR EACH ROW EXECUTE FUNCTION guard_cursor();

-- Purchases ---------------------------------------------------------------------------------------------------------

-- Nothing is bought for an order that is unpaid, over, sold or given back.
CREATE FUNCTION guard_new_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bill bill_payments%ROWTYPE;
BEGIN
    SELECT * INTO bill FROM bill_payments WHERE transaction_id = NEW.transaction_id FOR UPDATE;
    IF bill.claimed_by IS NULL OR bill.status IN ('completed', 'refunded') THEN
        PERFORM refuse(format('the order %s is unpaid or over: nothing is bought for it', NEW.transaction_id));
    END IF;
    IF may_be_sold(NEW.transaction_id) THEN
        PERFORM refuse(format('the order %s is or may be sold: nothing more is bought for it', NEW.transaction_id));
    END IF;
    IF is_given_back(bill.claimed_by) THEN
        PERFORM refuse(format('the order %s is given back: nothing is bought for it', NEW.transaction_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_new_attempt BEFORE INSERT ON attempts
FOR EACH ROW EXECUTE FUNCTION guard_new_attempt();

-- A settled purchase is never sent and never settled otherwise, a sale is never unsold, and a token stays (I7). That what
-- is given back is not sold needs no guard here: the one has no unsettled purchase, the other gets no new one.
CREATE FUNCTION guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.request_id, NEW.transaction_id, NEW.number, NEW.provider)
        IS DISTINCT FROM (OLD.request_id, OLD.transaction_id, OLD.number, OLD.provider) THEN
        PERFORM refuse(format('purchase %s stays what it is', OLD.request_id));
    END IF;
    IF OLD.settled_at IS NOT NULL AND (NEW.settled_at, NEW.outcome_kind, NEW.outcome, NEW.sent_at)
        IS DISTINCT FROM (OLD.settled_at, OLD.outcome_kind, OLD.outcome, OLD.sent_at) THEN
        PERFORM refuse(format('purchase %s is settled and stays so', OLD.request_id));
    END IF;
    IF OLD.outcome_kind = 'token_awaited' AND NEW.outcome_kind IS DISTINCT FROM 'token_awaited'
        AND NEW.outcome_kind IS DISTINCT FROM 'delivered' THEN
        PERFORM refuse(format('purchase %s is sold and stays so', OLD.request_id));
    END IF;
    IF OLD.has_token AND (NEW.receipt, NEW.has_token) IS DISTINCT FROM (OLD.receipt, OLD.has_token) THEN
        PERFORM refuse(format('the token of purchase %s stays', OLD.request_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_attempt BEFORE UPDATE ON attempts
FOR EACH ROW EXECUTE FUNCTION guard_attempt();

CREATE FUNCTION guard_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.has_token THEN
        PERFORM refuse(format('the token of order %s stays', OLD.transaction_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_token BEFORE UPDATE ON tokens
FOR EACH ROW EXECUTE FUNCTION guard_token();

-- Refunds -----------------------------------------------------------------------------------------------------------

-- All of a deposit, and only while nothing was or may have been sold for it; or less than all of a delivered one.
CREATE FUNCTION guard_new_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bill bill_payments%ROWTYPE;
    deposit deposits%ROWTYPE;
BEGIN
    SELECT * INTO bill FROM bill_payments WHERE claimed_by = NEW.operation_id FOR UPDATE;
    SELECT * INTO deposit FROM deposits WHERE operation_id = NEW.operation_id FOR UPDATE;
    IF NEW.transaction_id IS DISTINCT FROM bill.transaction_id OR NEW.destination <> deposit.payer THEN
        PERFORM refuse(format('deposit %s goes back to its payer, for the order it pays', NEW.operation_id));
    END IF;
    IF NEW.purpose = 'excess' AND (deposit.disposition <> 'delivered' OR NEW.amount >= deposit.amount) THEN
        PERFORM refuse(format('deposit %s has no excess of %s', NEW.operation_id, NEW.amount));
    END IF;
    IF NEW.purpose = 'whole' AND (deposit.disposition = 'delivered' OR NEW.amount <> deposit.amount) THEN
        PERFORM refuse(format('deposit %s is delivered, or not %s', NEW.operation_id, NEW.amount));
    END IF;
    IF NEW.purpose = 'whole' AND (bill.status = 'completed' OR may_be_sold(bill.transaction_id)) THEN
        PERFORM refuse(format('the order %s is or may be sold: it is not given back', bill.transaction_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_new_refund BEFORE INSERT ON refunds
FOR EACH ROW EXECUTE FUNCTION guard_new_refund();

CREATE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.operation_id, NEW.transaction_id, NEW.purpose, NEW.destination, NEW.amount)
        IS DISTINCT FROM (OLD.operation_id, OLD.transaction_id, OLD.purpose, OLD.destination, OLD.amount) THEN
        PERFORM refuse(format('%s stays what it is', OLD.refund_id));
    END IF;
    IF OLD.status = 'paid' AND NEW.status <> 'paid' THEN
        PERFORM refuse(format('%s is paid and stays so', OLD.refund_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_refund BEFORE UPDATE ON refunds
FOR EACH ROW EXECUTE FUNCTION guard_refund();

-- What was signed is never edited, and what the ledger has decided stays decided.
CREATE FUNCTION guard_envelope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.transaction_hash, NEW.refund_id, NEW.source_account, NEW.sequence, NEW.envelope_xdr, NEW.valid_until)
        IS DISTINCT FROM
        (OLD.transaction_hash, OLD.refund_id, OLD.source_account, OLD.sequence, OLD.envelope_xdr, OLD.valid_until) THEN
        PERFORM refuse(format('envelope %s stays as it was signed', OLD.transaction_hash));
    END IF;
    IF OLD.state <> 'in_flight' AND NEW.state <> OLD.state THEN
        PERFORM refuse(format('envelope %s is %s and stays so', OLD.transaction_hash, OLD.state));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_envelope BEFORE UPDATE ON refund_envelopes
FOR EACH ROW EXECUTE FUNCTION guard_envelope();

-- History -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION refuse_changing_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse(format('%s is appended to, never changed', TG_TABLE_NAME));
    RETURN NULL;
END $$;

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON provider_answers
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

-- Money is not deleted; cascades would be the only way, and nothing cascades.
CREATE TRIGGER refuse_deleting_tokens BEFORE DELETE OR TRUNCATE ON tokens
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_deleting_deposits BEFORE DELETE OR TRUNCATE ON deposits
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_deleting_attempts BEFORE DELETE OR TRUNCATE ON attempts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_deleting_refunds BEFORE DELETE OR TRUNCATE ON refunds
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_deleting_envelopes BEFORE DELETE OR TRUNCATE ON refund_envelopes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();
