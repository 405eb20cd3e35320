"""The watcher: one workflow with a fixed id, whose one activity never ends."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import names
    from workflows import policies


@workflow.defn(name="WatchPaymentsWorkflow")
class WatchPaymentsWorkflow:
    """Keep exactly one watcher of the treasury alive, whichever worker runs it.

    Temporal allows one open workflow of an id; a killed worker's watcher is given to another one when its heartbeats
    stop. Two watchers for a moment do no harm: deposits are unique and the cursor only moves forward.
    """

    @workflow.run
    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await workflow.execute_activity(
                names.WATCH_PAYMENTS,
                activity_id=names.WATCH_PAYMENTS,
                summary="watch the treasury for deposits",
                **policies.WATCH_PAYMENTS,
            )
