"""The product in one table: which fact starts which jobs, and which rooms keep a clock."""

import pipelines.deployments.jobs
import pipelines.jobs
import pipelines.worker
import profiler.jobs
import service.git.pushes
import service.reviews.jobs
from service.kernel import events
from service.kernel.bus import Job

FLOW: dict[type, list[Job]] = {
    events.RepositoryCreated: [service.reviews.jobs.warm_up],
    events.Pushed: [
        service.reviews.jobs.queue_review, service.reviews.jobs.review_push, pipelines.jobs.start_executions,
        service.reviews.jobs.revoke_pushed_tokens, service.reviews.jobs.ask_for_search,
    ],
    events.TokenLeaked: [service.reviews.jobs.revoke_leaked_token],
    events.SearchAsked: [service.reviews.jobs.search_push],
    events.HistoryScanAsked: [service.reviews.jobs.scan_history],
    events.ReviewFinished: [pipelines.jobs.gate_decided],
    events.GateChanged: [pipelines.jobs.gate_decided],
    events.ExecutionStarted: [pipelines.jobs.advance_execution],
    events.AttemptQueued: [pipelines.jobs.run_attempt],
    events.AttemptFinished: [pipelines.jobs.advance_execution],
    events.ApprovalDecided: [pipelines.jobs.advance_execution],
    events.DeploymentCreated: [pipelines.deployments.jobs.advance_deployment],
    events.DeploymentFinished: [pipelines.jobs.deployment_finished],
    events.ProfileReceived: [profiler.jobs.aggregate],
    # Told for the audit trail and for who listens later; nothing follows from them yet.
    events.PackagePublished: [],
    events.PackageVersionChanged: [],
    events.ExecutionFinished: [],
}

UNHEARD = frozenset(kind.__name__ for kind, jobs in FLOW.items() if not jobs)
"""What is recorded without waking the worker."""

TICKS = [service.git.pushes.tick, service.reviews.jobs.tick, pipelines.jobs.tick, pipelines.deployments.jobs.tick, profiler.jobs.tick]
"""Called every second by the worker; each cheap and idempotent."""

FAREWELLS = [pipelines.worker.leave]
"""Called once when the worker is told to stop; each ends within some seconds and leaves its work to be taken up again."""
