-- What happened lately at each provider and biller, and which of them are asked last for it. Counters and opinions, no
-- records of money: they may be lost or emptied at any time, and nothing but the order of asking changes by it.

CREATE TABLE provider_calls (
    provider TEXT NOT NULL,
    line TEXT NOT NULL,
    question TEXT NOT NULL,
    place SMALLINT NOT NULL,
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    calls INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    in_a_row INTEGER NOT NULL,
    PRIMARY KEY (provider, line, question, place),
    CONSTRAINT provider_calls_question CHECK (question IN ('verify', 'pay')),
    CONSTRAINT provider_calls_failures CHECK (in_a_row BETWEEN 0 AND failures AND failures <= calls),
    CONSTRAINT provider_calls_place CHECK (place BETWEEN 0 AND 63)
);

CREATE TABLE breakers (
    provider TEXT NOT NULL,
    line TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    next_probe_at TIMESTAMP WITH TIME ZONE,
    probing UUID,
    last_failure_at TIMESTAMP WITH TIME ZONE,
    last_failure TEXT,
    PRIMARY KEY (provider, line),
    CONSTRAINT breakers_probing CHECK (opened_at IS NOT NULL OR probing IS NULL)
);
