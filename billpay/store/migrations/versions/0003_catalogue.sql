-- What each provider lists, what its prices were, and what operators say of Flutterwave's codes.

CREATE TABLE price_lists (
    provider TEXT NOT NULL,
    bill_type TEXT NOT NULL,
    biller TEXT NOT NULL,
    is_sold BOOLEAN NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    failure TEXT,
    PRIMARY KEY (provider, bill_type, biller)
);

CREATE TABLE products (
    provider TEXT NOT NULL,
    bill_type TEXT NOT NULL,
    biller TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    price_kobo BIGINT,
    listed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (provider, bill_type, biller, code),
    CONSTRAINT products_price CHECK (price_kobo > 0)
);

-- One row for every difference that was ever seen, with the product as it was from then on.
CREATE TABLE product_history (
    id BIGSERIAL NOT NULL,
    provider TEXT NOT NULL,
    bill_type TEXT NOT NULL,
    biller TEXT NOT NULL,
    code TEXT NOT NULL,
    seen TEXT NOT NULL,
    name TEXT NOT NULL,
    price_kobo BIGINT,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT product_history_seen CHECK (seen IN ('listed', 'repriced', 'renamed', 'withdrawn', 'back'))
);

CREATE INDEX product_history_of_product ON product_history (provider, bill_type, biller, code, id);

CREATE TRIGGER refuse_changing_history BEFORE UPDATE OR DELETE OR TRUNCATE ON product_history
FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_history();

-- Flutterwave's codes as they were discovered; emptied at any time, they are found anew.
CREATE TABLE flutterwave_listings (
    bill_type TEXT NOT NULL,
    biller TEXT NOT NULL,
    items JSONB DEFAULT '{}'::jsonb NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (bill_type, biller)
);

-- What an operator says is behind a code; it wins over every discovery and survives it.
CREATE TABLE flutterwave_overrides (
    bill_type TEXT NOT NULL,
    biller TEXT NOT NULL,
    stands_for TEXT NOT NULL,
    biller_code TEXT NOT NULL,
    item_code TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (bill_type, biller, stands_for)
);

-- The price an order is bought at, where it fell since the order; the rest goes back to its payer.
CREATE TABLE order_prices (
    transaction_id UUID NOT NULL,
    price_kobo BIGINT NOT NULL,
    provider TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (transaction_id),
    CONSTRAINT order_prices_price CHECK (price_kobo > 0),
    FOREIGN KEY(transaction_id) REFERENCES transactions (transaction_id)
);

-- What was or may be sold was sold at the price of its time: the order's price stays (I17).
CREATE FUNCTION guard_order_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM bill_payments WHERE transaction_id = NEW.transaction_id FOR UPDATE;
    IF may_be_sold(NEW.transaction_id) THEN
        PERFORM refuse(format('the order %s is or may be sold: its price stays', NEW.transaction_id));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_order_price BEFORE INSERT OR UPDATE ON order_prices
FOR EACH ROW EXECUTE FUNCTION guard_order_price();
