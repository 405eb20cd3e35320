"""Refunds that wait on the ledger are looked after until they are claimed or taken back."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import names
    from workflows import policies


@workflow.defn(name="TrackClaimablesWorkflow")
class TrackClaimablesWorkflow:
    """Look every open balance up, once. A schedule starts it, one at a time.

    What is open is kept in the records, so a run that is lost, skipped or repeated loses none. It moves no money: what
    nobody has claimed in time becomes a case for a person.
    """

    @workflow.run
    async def run(self) -> int:
        """Answer how many balances were found to be settled."""
        settled: int = await workflow.execute_activity(
            names.CHECK_CLAIMABLES,
            result_type=int,
            activity_id=names.CHECK_CLAIMABLES,
            summary="look after refunds that wait to be claimed",
            **policies.CHECK_CLAIMABLES,
        )
        return settled
