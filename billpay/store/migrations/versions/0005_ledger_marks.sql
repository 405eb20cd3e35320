-- When the ledger was heard, how far it had been read by then, and how far it has been read again.

CREATE TABLE ledger_marks (
    source TEXT NOT NULL,
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ledger BIGINT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    position NUMERIC(20, 0) NOT NULL,
    PRIMARY KEY (source, minute)
);
CREATE INDEX ledger_marks_by_age ON ledger_marks (read_at);

CREATE TABLE ledger_rereads (
    wallet TEXT NOT NULL,
    source TEXT NOT NULL,
    span TEXT NOT NULL,
    position NUMERIC(20, 0) NOT NULL,
    until NUMERIC(20, 0) NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (wallet, source, span),
    CONSTRAINT ledger_rereads_span CHECK (span IN ('hour', 'day'))
);

-- What is known already was read when this revision came; from then on every page says so.
ALTER TABLE ledger_cursors ADD COLUMN read_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;

CREATE INDEX deposits_by_ledger ON deposits (wallet, ledger);
