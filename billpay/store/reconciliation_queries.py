"""The questions of a reconciliation, each one statement over whole tables: what they ask of one row costs a million."""

TREASURY = """
    SELECT coalesce(sum(amount), 0)::bigint
    FROM journal_postings JOIN journal_entries USING (entry_id)
    WHERE account = 'treasury' AND coalesce(ledger, 0) <= :ledger
"""

CREDITED = """
    SELECT coalesce(sum(in_stroops(amount)), 0)::bigint FROM deposits
    WHERE wallet = :wallet AND ledger > :opened AND ledger <= :ledger
"""

REFUNDED = """
    SELECT coalesce(sum(in_stroops(amount)), 0)::bigint
    FROM refund_envelopes JOIN refunds USING (refund_id)
    WHERE state = 'applied' AND CASE
        WHEN applied_ledger IS NULL THEN signed_at > :opened_at
        ELSE applied_ledger > :opened AND applied_ledger <= :ledger
    END
"""

RECLAIMED = """
    SELECT coalesce(sum(in_stroops(amount)), 0)::bigint FROM claimable_balances
    WHERE state = 'reclaimed' AND settled_ledger > :opened AND settled_ledger <= :ledger
"""

RECLAIMS = """
    SELECT transaction_hash, in_stroops(claimable_balances.amount)
    FROM treasury_envelopes JOIN claimable_balances ON errand = :taking_back || balance_id
    WHERE treasury_envelopes.state = 'in_flight'
"""

WITHDRAWN = """
    SELECT coalesce(sum(in_stroops(amount)), 0)::bigint FROM withdrawals
    WHERE ledger > :opened AND ledger <= :ledger
"""

TOTALS = """
    SELECT disposition, count(*), sum(in_stroops(amount))::bigint FROM deposits
    GROUP BY disposition ORDER BY disposition
"""

DEPOSITS = """
    SELECT operation_id, transaction_hash, ledger, payer, in_stroops(amount) FROM deposits
    WHERE wallet = :wallet AND ledger BETWEEN :first AND :ledger
"""

REFUNDS = """
    WITH bumps AS (
        SELECT inner_hash, array_agg(transaction_hash) AS hashes FROM refund_fee_bumps GROUP BY inner_hash
    )
    SELECT
        refund_id, transaction_hash,
        array_remove(ARRAY[transaction_hash, applied_hash] || coalesce(bumps.hashes, '{}'), NULL),
        state, kind, destination, in_stroops(amount), applied_ledger
    FROM refund_envelopes
    JOIN refunds USING (refund_id)
    LEFT JOIN bumps ON inner_hash = transaction_hash
    WHERE state = 'in_flight'
    OR (state = 'applied' AND applied_ledger BETWEEN :first AND :ledger)
    OR transaction_hash = ANY(:debited) OR applied_hash = ANY(:debited)
    OR bumps.hashes && CAST(:debited AS text[])
"""

UNDECIDED = """
    SELECT operation_id, workflow_id, recorded_at FROM deposits
    WHERE disposition IN ('pending', 'held') AND NOT EXISTS (
        -- Taken back after its refund had ended: its workflow is over, and a person pays it.
        SELECT FROM refunds JOIN claimable_balances USING (refund_id)
        WHERE refunds.operation_id = deposits.operation_id AND state = 'reclaimed'
    )
    UNION
    SELECT operation_id, workflow_id, recorded_at FROM deposits JOIN refunds USING (operation_id)
    WHERE disposition = 'delivered' AND status <> 'paid'
    ORDER BY recorded_at, operation_id
"""

LINGERING = """
    SELECT workflow_id FROM deposits
    WHERE workflow_id = ANY(:running) AND disposition NOT IN ('pending', 'held')
    AND NOT EXISTS (
        SELECT FROM refunds WHERE refunds.operation_id = deposits.operation_id AND status <> 'paid'
    )
    AND NOT EXISTS (
        SELECT FROM journal_entries WHERE journal_entries.operation_id = deposits.operation_id AND at > :long_ago
    )
"""

UNBALANCED = """
    SELECT entry_id::text, format('its postings of %s add up to %s', currency, sum(amount))
    FROM journal_postings GROUP BY entry_id, currency HAVING sum(amount) <> 0
    ORDER BY entry_id LIMIT :limit
"""

# Where the journal has each deposit's money: in one place, which is the one that the deposit names.
MISPLACED = """
    WITH placed AS (
        SELECT
            operation_id,
            coalesce(sum(amount) FILTER (WHERE kind = 'deposit' AND amount > 0), 0) AS came,
            -coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending,
            -coalesce(sum(amount) FILTER (WHERE account = 'held'), 0) AS held,
            -coalesce(sum(amount) FILTER (WHERE account = 'kept'), 0) AS kept,
            -coalesce(sum(amount) FILTER (WHERE account IN ('sold', 'fees')), 0) AS spent,
            -coalesce(sum(amount) FILTER (WHERE account = 'excess'), 0) AS excess,
            -coalesce(sum(amount) FILTER (WHERE account = 'unclaimed'), 0) AS unclaimed
        FROM journal_entries JOIN journal_postings USING (entry_id)
        WHERE currency = 'cNGN' AND operation_id IS NOT NULL
        GROUP BY operation_id
    )
    SELECT operation_id, format(
        'it is %s with %s stroops; the journal has %s pending, %s held, %s kept, %s spent, %s excess, %s unclaimed',
        disposition, in_stroops(amount), pending, held, kept, spent, excess, unclaimed
    )
    FROM deposits FULL JOIN placed USING (operation_id)
    WHERE coalesce(came <> in_stroops(amount) OR CASE disposition
        WHEN 'pending' THEN (pending, held, kept, spent, excess, unclaimed) <> (came, 0, 0, 0, 0, 0)
        WHEN 'held' THEN (pending, held, kept, spent, excess, unclaimed) <> (0, came, 0, 0, 0, 0)
        WHEN 'kept' THEN (pending, held, kept, spent, excess, unclaimed) <> (0, 0, came, 0, 0, 0)
        WHEN 'refunded' THEN (pending, held, kept, spent, excess) <> (0, 0, 0, 0, 0) OR unclaimed NOT IN (0, came)
        WHEN 'delivered' THEN (pending, held, kept) <> (0, 0, 0)
            OR spent <= 0 OR excess < 0 OR unclaimed < 0 OR spent + excess + unclaimed > came
    END, true)
    ORDER BY operation_id LIMIT :limit
"""

DELIVERED_AND_REFUNDED = """
    SELECT operation_id, format('it is delivered, and %s sends all of it back', refund_id)
    FROM deposits JOIN refunds USING (operation_id)
    WHERE disposition = 'delivered' AND purpose = 'whole'
    UNION ALL
    SELECT operation_id, format('it is refunded, and %s was sold by %s', request_id, provider)
    FROM deposits
    JOIN bill_payments ON claimed_by = operation_id
    JOIN attempts ON attempts.transaction_id = bill_payments.transaction_id
    WHERE disposition = 'refunded' AND outcome_kind IN ('delivered', 'token_awaited')
    ORDER BY 1 LIMIT :limit
"""

UNPROVEN = """
    SELECT refund_id, format('it is %s, and its applied transaction is %s', status, coalesce(transaction_hash, 'none'))
    FROM refunds LEFT JOIN refund_envelopes applied USING (refund_id)
    WHERE (applied.state = 'applied' AND status <> 'paid') OR (status = 'paid' AND NOT EXISTS (
        SELECT FROM refund_envelopes WHERE refund_envelopes.refund_id = refunds.refund_id AND state = 'applied'
    ))
    ORDER BY refund_id LIMIT :limit
"""

OVERDUE = """
    SELECT refund_id, format(
        'wanted since %s UTC, and neither paid nor held',
        to_char(greatest(opened_at, approved_at, redirected_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    )
    FROM refunds
    WHERE status = 'open' AND greatest(opened_at, approved_at, redirected_at) < :overdue
    ORDER BY refund_id LIMIT :limit
"""
