"""Late truth is looked for: settled purchases are asked about again."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import names
    from billpay.domain.follow_ups import FollowUpReport
    from workflows import policies


@workflow.defn(name="FollowUpWorkflow")
class FollowUpWorkflow:
    """Ask what is due, once. A schedule starts it every few minutes, one at a time.

    Which questions are due is kept in the records, so a run that is lost, skipped or repeated loses no question. It
    touches no money: what it finds out becomes a case for a person.
    """

    @workflow.run
    async def run(self) -> FollowUpReport:
        """Answer what came of the questions."""
        report: FollowUpReport = await workflow.execute_activity(
            names.FOLLOW_UP,
            result_type=FollowUpReport,
            activity_id=names.FOLLOW_UP,
            summary="ask again about settled purchases",
            **policies.FOLLOW_UP,
        )
        return report
