"""What the process counts about itself, under its Prometheus names."""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)

SEQUENCER_BATCH = Histogram("lockyard_sequencer_batch_rows", "Outbox rows placed in one transaction", buckets=_SIZES)
SEQUENCER_ROWS = Counter("lockyard_sequencer_rows", "Outbox rows placed")
SEQUENCER_LAG = Histogram(
    "lockyard_sequencer_lag_seconds", "From the act to its place, of a batch's oldest", buckets=_FAST
)
SEQUENCER_FAILURES = Counter("lockyard_sequencer_failures", "Times a tenant's facts could not be placed")

REACTIONS = Counter("lockyard_reactions", "Facts reacted to", ["reaction", "outcome"])
REACTION_LAG = Gauge("lockyard_reaction_lag_facts", "Facts a reaction is behind, over all tenants", ["reaction"])

JOB_RUNS = Counter("lockyard_job_runs", "Runs of a periodic job", ["job", "outcome"])
JOB_SECONDS = Histogram("lockyard_job_seconds", "How long a run of a periodic job took", ["job"], buckets=_FAST)

SUBSCRIBERS = Gauge("lockyard_subscribers", "Open subscriptions", ["field"])
TOPICS = Gauge("lockyard_topics", "Distinct subscriptions: document, variables and sight")
DELIVERIES = Counter("lockyard_deliveries", "Messages handed to subscribers", ["field"])
DROPPED = Counter("lockyard_subscribers_dropped", "Subscribers ended by us", ["reason"])
FOLLOW_LAG = Histogram("lockyard_follow_lag_seconds", "From the place of a fact to its delivery", buckets=_FAST)

COMMANDS = Gauge("lockyard_commands", "Commands not yet settled", ["state"])
