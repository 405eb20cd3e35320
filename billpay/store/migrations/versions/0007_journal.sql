-- The double-entry journal, withdrawals and reconciliations.

-- One entry for each event that moves money between places, once: `event` names it, so a repetition posts nothing (I11).
CREATE TABLE journal_entries (
    entry_id BIGSERIAL NOT NULL,
    event TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    operation_id TEXT,
    transaction_id UUID,
    refund_id TEXT,
    request_id TEXT,
    ledger BIGINT,
    detail TEXT NOT NULL,
    PRIMARY KEY (entry_id),
    UNIQUE (event),
    CONSTRAINT journal_entries_kind CHECK (kind IN (
        'opening', 'deposit', 'held', 'released', 'delivered', 'refund', 'set_aside', 'claimed', 'reclaimed',
        'sale', 'sold_after_all', 'withdrawal'
    ))
);

CREATE INDEX journal_entries_of_deposit ON journal_entries (operation_id);

-- Whole stroops of cNGN, whole kobo of NGN. Plus is what we have or have spent, minus is where it came from or whose it is.
CREATE TABLE journal_postings (
    entry_id BIGINT NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (entry_id, account, currency),
    FOREIGN KEY(entry_id) REFERENCES journal_entries (entry_id),
    CONSTRAINT journal_postings_amount CHECK (amount <> 0),
    CONSTRAINT journal_postings_account CHECK (CASE currency
        WHEN 'cNGN' THEN account IN (
            'treasury', 'claimable', 'pending', 'held', 'unclaimed', 'sold', 'fees', 'excess', 'kept', 'opening',
            'withdrawals'
        )
        WHEN 'NGN' THEN account IN ('cost_of_sales', 'disputed') OR account LIKE 'float:%'
        ELSE false
    END)
);

-- What the wallet held, and as of which ledger, when the journal was opened. What lies up to there is inside that amount.
CREATE TABLE journal_opening (
    id INTEGER NOT NULL,
    wallet TEXT NOT NULL,
    ledger BIGINT NOT NULL,
    holding NUMERIC(20, 7) NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT journal_opening_once CHECK (id = 1),
    CONSTRAINT journal_opening_holding CHECK (holding BETWEEN 0 AND 922337203685.4775807)
);

-- cNGN that people took out of the wallet; what settles a deposit has paid its payer what was taken back for them.
CREATE TABLE withdrawals (
    operation_id TEXT NOT NULL,
    transaction_hash TEXT NOT NULL,
    ledger BIGINT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    destination TEXT,
    amount NUMERIC(20, 7) NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    settles TEXT,
    PRIMARY KEY (operation_id),
    UNIQUE (settles),
    FOREIGN KEY(settles) REFERENCES deposits (operation_id),
    CONSTRAINT withdrawals_amount CHECK (amount BETWEEN 0.0000001 AND 922337203685.4775807)
);

CREATE TABLE reconciliations (
    reconciliation_id BIGSERIAL NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ledger BIGINT NOT NULL,
    differences INTEGER NOT NULL,
    report JSONB NOT NULL,
    PRIMARY KEY (reconciliation_id),
    CONSTRAINT reconciliations_differences CHECK (differences >= 0)
);

CREATE VIEW journal_balances AS
SELECT currency, account, sum(amount)::bigint AS balance, count(*) AS postings
FROM journal_postings GROUP BY currency, account ORDER BY currency, account;

-- What is never true of it -------------------------------------------------------------------------------------------

-- Asked at the commit: what an entry takes from somewhere it puts somewhere, in each currency (I6).
CREATE FUNCTION require_balanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM journal_postings WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        PERFORM refuse(format('the postings of entry %s do not add up to zero', NEW.entry_id));
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER require_balanced_entry AFTER INSERT ON journal_postings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_balanced_entry();

-- What settles a deposit is what was taken back of it, no more and no less (I9).
CREATE FUNCTION guard_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM refunds JOIN claimable_balances USING (refund_id)
        WHERE operation_id = NEW.settles AND state = 'reclaimed' AND claimable_balances.amount = NEW.amount
    ) THEN
        PERFORM refuse(format('no %s cNGN of deposit %s were taken back', NEW.amount, NEW.settles));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_settlement BEFORE INSERT ON withdrawals
FOR EACH ROW WHEN (NEW.settles IS NOT NULL) EXECUTE FUNCTION guard_settlement();

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_postings
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_opening
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliations
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();
