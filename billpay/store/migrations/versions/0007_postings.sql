-- What is posted, and when: in the commit of the change, whoever makes it. Nothing here refuses anything; what the journal
-- then shows is compared with the records and the ledger (billpay/reconciliation.py).

-- What a bill comes to --------------------------------------------------------------------------------------------------

CREATE FUNCTION in_stroops(amount numeric) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT trunc(amount * 10000000)::bigint
$$;

CREATE FUNCTION bill_fee(bill_type text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE bill_type WHEN 'electricity' THEN 3000 ELSE 0 END * 100000::bigint
$$;

-- The amount that an order's metadata names, in stroops; null where it names none that can be read.
CREATE FUNCTION named_bill(metadata jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    WITH named AS (
        SELECT replace(regexp_replace(metadata ->> 'amount_ngn', '^\s+|\s+$', '', 'g'), ',', '') AS written
        WHERE metadata -> 'amount_ngn' NOT IN ('null', 'false', '0', '""', '[]', '{}')
    )
    SELECT CASE
        WHEN written ~ '^\+?[0-9]{1,12}(\.[0-9]{0,2}0*)?$' THEN nullif(in_stroops(written::numeric), 0)
    END FROM named
$$;

-- What is due for an order at the price it has now, and what of that its provider gets, in stroops.
-- billpay/domain/orders.py reckons the same; a test compares the two.
CREATE FUNCTION reckon_bill(order_id uuid, OUT due bigint, OUT bill bigint) LANGUAGE sql STABLE AS $$
    WITH ordered AS (
        SELECT
            in_stroops(cngn_amount) AS due,
            coalesce(named_bill(metadata), greatest(in_stroops(cngn_amount) - bill_fee(bill_type), 0)) AS bill,
            price_kobo * 100000 AS price
        FROM transactions
        JOIN bill_payments USING (transaction_id)
        LEFT JOIN order_prices USING (transaction_id)
        WHERE transaction_id = order_id
    )
    SELECT due - (bill - coalesce(price, bill)), coalesce(price, bill) FROM ordered
$$;

-- Posting ---------------------------------------------------------------------------------------------------------------

-- An event that was posted before posts nothing; neither does an amount of nothing.
CREATE FUNCTION post_entry(
    event text, kind text, accounts text[], amounts bigint[], detail text,
    ledger bigint DEFAULT NULL, operation_id text DEFAULT NULL, transaction_id uuid DEFAULT NULL,
    refund_id text DEFAULT NULL, request_id text DEFAULT NULL, currency text DEFAULT 'cNGN', at timestamptz DEFAULT now()
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO journal_entries (
        event, kind, detail, ledger, operation_id, transaction_id, refund_id, request_id, at
    ) VALUES ($1, $2, $5, $6, $7, $8, $9, $10, $12)
    ON CONFLICT DO NOTHING RETURNING entry_id INTO new_id;
    INSERT INTO journal_postings (entry_id, account, currency, amount)
    SELECT new_id, posting.account, $11, posting.amount
    FROM unnest($3, $4) AS posting (account, amount)
    WHERE new_id IS NOT NULL AND posting.amount <> 0;
END $$;

-- The account of what the wallet itself gains or loses: what lies up to the opening is inside the opening's amount.
-- Whoever opens the journal waits for those who post, and they for it (`open_journal`), so both see the same.
CREATE FUNCTION wallet_account(as_of bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE journal_entries IN ROW EXCLUSIVE MODE;
    RETURN CASE
        WHEN EXISTS (SELECT FROM journal_opening WHERE as_of <= journal_opening.ledger) THEN 'opening'
        ELSE 'treasury'
    END;
END $$;

CREATE FUNCTION open_journal(wallet text, as_of bigint, held numeric, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known bigint;
BEGIN
    LOCK TABLE journal_entries IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM journal_opening) THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO known
    FROM journal_postings JOIN journal_entries USING (entry_id)
    WHERE account = 'treasury' AND coalesce(journal_entries.ledger, 0) <= as_of;
    INSERT INTO journal_opening (id, wallet, ledger, holding, opened_at) VALUES (1, $1, $2, $3, $4);
    IF in_stroops(held) <> known THEN
        PERFORM post_entry(
            'opening', 'opening', ARRAY['treasury', 'opening'], ARRAY[in_stroops(held) - known, known - in_stroops(held)],
            'what the wallet held beyond our records', as_of, at => $4
        );
    END IF;
END $$;

-- Deposits --------------------------------------------------------------------------------------------------------------

CREATE FUNCTION post_deposit(deposit deposits) RETURNS void LANGUAGE sql AS $$
    SELECT post_entry(
        'deposit:' || deposit.operation_id, 'deposit',
        ARRAY[
            wallet_account(deposit.ledger),
            CASE WHEN deposit.disposition IN ('held', 'kept') THEN deposit.disposition ELSE 'pending' END
        ],
        ARRAY[in_stroops(deposit.amount), -in_stroops(deposit.amount)],
        'came in', deposit.ledger, deposit.operation_id, deposit.transaction_id, at => deposit.recorded_at
    )
$$;

-- Of what came, the bill goes first, then our fee; what is left came above the due.
CREATE FUNCTION post_delivery(deposit deposits, from_account text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    came CONSTANT bigint := in_stroops(deposit.amount);
    reckoned record;
    sold bigint;
    fee bigint;
BEGIN
    SELECT * INTO reckoned FROM reckon_bill(deposit.transaction_id);
    sold := least(came, coalesce(reckoned.bill, came));
    fee := least(came - sold, greatest(coalesce(reckoned.due - reckoned.bill, 0), 0));
    PERFORM post_entry(
        'delivered:' || deposit.operation_id, 'delivered',
        ARRAY[from_account, 'sold', 'fees', 'excess'], ARRAY[came, -sold, -fee, sold + fee - came],
        'the bill is paid', NULL, deposit.operation_id, deposit.transaction_id
    );
END $$;

-- What goes back is posted with its transaction, and what was taken back with its balance: not here.
CREATE FUNCTION post_disposition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    came CONSTANT bigint := in_stroops(NEW.amount);
    kind CONSTANT text := CASE NEW.disposition WHEN 'held' THEN 'held' ELSE 'released' END;
    moves bigint;
BEGIN
    IF OLD.disposition NOT IN ('pending', 'held') THEN
        RETURN NULL;
    ELSIF NEW.disposition = 'delivered' THEN
        PERFORM post_delivery(NEW, OLD.disposition);
    ELSIF NEW.disposition IN ('pending', 'held') THEN
        SELECT count(*) + 1 INTO moves FROM journal_entries
        WHERE operation_id = NEW.operation_id AND journal_entries.kind IN ('held', 'released');
        PERFORM post_entry(
            format('%s:%s:%s', kind, NEW.operation_id, moves), kind,
            ARRAY[OLD.disposition, NEW.disposition], ARRAY[came, -came],
            format('%s, was %s', NEW.disposition, OLD.disposition), NULL, NEW.operation_id, NEW.transaction_id
        );
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION post_new_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_deposit(NEW);
    RETURN NULL;
END $$;

CREATE TRIGGER post_new_deposit AFTER INSERT ON deposits
FOR EACH ROW EXECUTE FUNCTION post_new_deposit();

CREATE TRIGGER post_disposition AFTER UPDATE OF disposition ON deposits
FOR EACH ROW WHEN (NEW.disposition <> OLD.disposition) EXECUTE FUNCTION post_disposition();

-- Refunds ---------------------------------------------------------------------------------------------------------------

-- The account in which a refund's money waits: the excess of a delivery, else where its deposit is.
CREATE FUNCTION account_of_refund(refund refunds) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE refund.purpose WHEN 'excess' THEN 'excess' ELSE coalesce((
        SELECT account FROM journal_postings JOIN journal_entries USING (entry_id)
        WHERE operation_id = refund.operation_id AND account IN ('pending', 'held')
        GROUP BY account HAVING sum(amount) < 0
    ), 'pending') END
$$;

-- A payment is gone. A claimable balance has left the wallet and is still owed, until somebody claims it.
CREATE FUNCTION post_refund(envelope refund_envelopes) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    refund refunds%ROWTYPE;
    amount bigint;
    is_payment CONSTANT boolean := envelope.kind = 'payment';
BEGIN
    SELECT * INTO refund FROM refunds WHERE refunds.refund_id = envelope.refund_id;
    amount := in_stroops(refund.amount);
    PERFORM post_entry(
        'refund:' || envelope.transaction_hash,
        CASE WHEN is_payment THEN 'refund' ELSE 'set_aside' END,
        ARRAY[account_of_refund(refund), wallet_account(envelope.applied_ledger)]
            || CASE WHEN is_payment THEN '{}' ELSE ARRAY['claimable', 'unclaimed'] END,
        ARRAY[amount, -amount] || CASE WHEN is_payment THEN '{}' ELSE ARRAY[amount, -amount] END,
        'sent in ' || envelope.transaction_hash,
        envelope.applied_ledger, refund.operation_id, refund.transaction_id, refund.refund_id
    );
END $$;

CREATE FUNCTION post_balance(balance claimable_balances) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    refund refunds%ROWTYPE;
    amount CONSTANT bigint := in_stroops(balance.amount);
    is_back CONSTANT boolean := balance.state = 'reclaimed';
BEGIN
    SELECT * INTO refund FROM refunds WHERE refunds.refund_id = balance.refund_id;
    PERFORM post_entry(
        balance.state || ':' || balance.balance_id, balance.state,
        ARRAY['claimable', 'unclaimed'] || CASE WHEN is_back THEN ARRAY[
            wallet_account(balance.settled_ledger), CASE refund.purpose WHEN 'excess' THEN 'excess' ELSE 'held' END
        ] ELSE '{}' END,
        ARRAY[-amount, amount] || CASE WHEN is_back THEN ARRAY[amount, -amount] ELSE '{}' END,
        'the balance ' || balance.balance_id || ' was ' || balance.state,
        balance.settled_ledger, refund.operation_id, refund.transaction_id, refund.refund_id
    );
END $$;

CREATE FUNCTION post_applied_envelope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_refund(NEW);
    RETURN NULL;
END $$;

CREATE TRIGGER post_applied_envelope AFTER INSERT OR UPDATE OF state ON refund_envelopes
FOR EACH ROW WHEN (NEW.state = 'applied') EXECUTE FUNCTION post_applied_envelope();

CREATE FUNCTION post_settled_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_balance(NEW);
    RETURN NULL;
END $$;

CREATE TRIGGER post_settled_balance AFTER INSERT OR UPDATE OF state ON claimable_balances
FOR EACH ROW WHEN (NEW.state <> 'open') EXECUTE FUNCTION post_settled_balance();

-- Purchases, in kobo of our floats --------------------------------------------------------------------------------------

CREATE FUNCTION post_sale(attempt attempts) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_settled_sale CONSTANT boolean := coalesce(attempt.outcome_kind IN ('delivered', 'token_awaited'), false);
    kind CONSTANT text := CASE WHEN is_settled_sale THEN 'sale' ELSE 'sold_after_all' END;
    cost bigint;
BEGIN
    SELECT bill / 100000 INTO cost FROM reckon_bill(attempt.transaction_id);
    PERFORM post_entry(
        kind || ':' || attempt.request_id, kind,
        ARRAY[CASE WHEN is_settled_sale THEN 'cost_of_sales' ELSE 'disputed' END, 'float:' || attempt.provider],
        ARRAY[cost, -cost], attempt.provider || ' sold it', NULL, NULL, attempt.transaction_id,
        NULL, attempt.request_id, 'NGN'
    );
END $$;

CREATE FUNCTION post_sold_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM post_sale(NEW);
    RETURN NULL;
END $$;

CREATE TRIGGER post_sold_attempt AFTER INSERT OR UPDATE OF outcome_kind, contradicted_at ON attempts
FOR EACH ROW WHEN (NEW.outcome_kind IN ('delivered', 'token_awaited') OR NEW.contradicted_at IS NOT NULL)
EXECUTE FUNCTION post_sold_attempt();

-- Withdrawals -----------------------------------------------------------------------------------------------------------

-- What settles a deposit is owed to its payer until then.
CREATE FUNCTION post_withdrawal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    amount CONSTANT bigint := in_stroops(NEW.amount);
    from_account text := 'withdrawals';
BEGIN
    IF NEW.settles IS NOT NULL THEN
        SELECT CASE disposition WHEN 'delivered' THEN 'excess' ELSE 'held' END INTO from_account
        FROM deposits WHERE operation_id = NEW.settles;
    END IF;
    PERFORM post_entry(
        'withdrawal:' || NEW.operation_id, 'withdrawal',
        ARRAY[from_account, wallet_account(NEW.ledger)], ARRAY[amount, -amount],
        NEW.reason, NEW.ledger, NEW.settles, at => NEW.recorded_at
    );
    RETURN NULL;
END $$;

CREATE TRIGGER post_withdrawal AFTER INSERT ON withdrawals
FOR EACH ROW EXECUTE FUNCTION post_withdrawal();

-- What happened before there was a journal ------------------------------------------------------------------------------

SELECT post_deposit(deposits) FROM deposits ORDER BY ledger, operation_id;
SELECT post_delivery(deposits, 'pending') FROM deposits WHERE disposition = 'delivered' ORDER BY ledger, operation_id;
SELECT post_refund(refund_envelopes) FROM refund_envelopes WHERE state = 'applied' ORDER BY signed_at;
SELECT post_balance(claimable_balances) FROM claimable_balances WHERE state <> 'open';
SELECT post_sale(attempts) FROM attempts
WHERE outcome_kind IN ('delivered', 'token_awaited') OR contradicted_at IS NOT NULL ORDER BY opened_at;

-- Asked now instead of at the commit, so that a later revision may change these tables in the same transaction.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
