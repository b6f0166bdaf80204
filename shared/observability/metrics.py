"""Every metric that the platform exports: its name, its labels, and when to worry. No label ever holds a reference."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_DURATION_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LATENESS_S = (0.1, 0.5, 1, 5, 15, 60, 300, 3600)


class Metrics:
    """One process's metrics in a registry of their own; made once by the service's composition and passed on."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._consuming()
        self._relaying()
        self._deciding()
        self._serving()

    def _consuming(self) -> None:
        self.consumer_lag = self._gauge("consumer_lag", "Events not yet applied", "topic", "partition")
        """Worry when it grows for five minutes, or stays above zero while `events_applied` stands still."""
        self.consumer_lag_s = self._gauge(
            "consumer_lag_s", "Seconds since the record was written that comes next", "topic", "partition"
        )
        """Worry above a minute: people decide on what was true then."""
        self.events_applied = self._counter("events_applied", "Events by outcome", "topic", "outcome")
        """Outcomes: APPLIED, DUPLICATE, PARKED, QUARANTINED; what cannot be read counts in `dead_letters`. Worry when
        APPLIED stops under lag, or DUPLICATE is most of them for longer than a rebalance takes."""
        self.parked = self._gauge("parked_rows", "Rows that wait behind a refused event", "topic")
        """Worry when it is above zero for a day: `pulang parked list` says what they wait for."""
        self.dead = self._counter("dead_letters", "Unreadable records by reason", "topic", "reason")
        """Worry about any on our own topics, and about a partner's when they come in a row."""
        self.quarantined = self._counter("quarantined", "Readable partner facts set aside by reason", "topic", "reason")
        """Worry about CONFLICTING_DUPLICATE at once; about the others when nobody reviews them within a day."""
        self.halted = self._gauge("partition_halted", "1 while a bug holds this partition", "topic", "partition")
        """Worry at once: nothing is lost, and nothing goes on."""
        self.batch_size = self._histogram("batch_size", "Events per transaction", _SIZES)
        """Worry when the median falls to 1 under lag: batches are being halved around a conflict or a poison."""
        self.batch_duration = self._histogram("batch_duration_s", "Seconds per batch, poll to commit", _DURATION_S)
        """Worry above 10 s: the budget of a rebalance is near."""
        self.late_loads = self._counter("late_loads", "Aggregates that a rule asked for without announcing", "kind")
        """Worry when it grows with the traffic: the rule's `needs` forgets something, at a round trip each."""

    def _relaying(self) -> None:
        self.outbox_rows = self._gauge("outbox_rows", "Events committed but not yet acknowledged by the broker")
        """Worry when it grows for a minute."""
        self.outbox_age = self._gauge("outbox_age_s", "Age of the oldest row in seconds")
        """Worry above 5 s: others decide on old facts; protected reads elsewhere begin to refuse."""
        self.relay_sent = self._counter("relay_sent", "Events handed to the broker by outcome", "topic", "outcome")
        """Outcomes: ACKED, FAILED. Worry when FAILED grows: the relay retries, and keys stand still meanwhile."""

    def _deciding(self) -> None:
        self.commands = self._counter("commands", "Commands by action and outcome", "action", "outcome")
        """Outcomes: DONE, REPLAYED, UNAVAILABLE or a refusal's kind. Worry about OUTCOME_UNKNOWN in a row."""
        self.group_size = self._histogram("command_group_size", "Commands per transaction", _SIZES)
        """Worry never about 1; a steady maximum says that the database is slower than the people."""
        self.conflicts = self._counter("unit_of_work_conflicts", "Attempts that met another writer", "lane")
        """Worry when it exceeds the number of units of work: some aggregate is hot."""
        self.timer_lateness = self._histogram("timer_lateness_s", "Seconds between due and fired", _LATENESS_S, "kind")
        """Worry above a minute: no clock holds the lease, or the clocks disagree by more than 60 s."""
        self.timers_failed = self._counter("timers_failed", "Firings that failed, by reason", "kind", "reason")
        """Worry about any: a deadline passes unnoticed. It rests for a minute, and is tried again for ever."""
        self.audit_broken = self._gauge("audit_broken", "1 while the stored audit is not what was sealed or copied")
        """Worry at once: somebody wrote to the database. `pulang audit verify` names the entry."""
        self.deliveries = self._counter("deliveries", "Notices by channel and outcome", "channel", "outcome")
        """Worry about UNKNOWN at once (each is a task for a person) and about FAILED in a row."""

    def _serving(self) -> None:
        self.requests = self._counter("http_requests", "Answers by route template and status", "route", "status")
        """Worry about 5xx; a rise of 404 on one route may be somebody trying references."""
        self.request_duration = self._histogram("http_request_duration_s", "Seconds per answer", _DURATION_S, "route")
        """Worry when the 99th percentile passes 3 s: an outage should have been a 503 by then."""
        self.tokens_refused = self._counter("tokens_refused", "Sign-ins refused by reason", "reason")
        """Worry about BAD_SIGNATURE and UNKNOWN_KEY in numbers: forged tokens, or keys changed without notice."""

        self.rate_limited = self._counter("rate_limited", "Requests refused since they were too many, by use", "use")
        """Worry about LOOK_UP: somebody tries out names. About STRANGER: somebody tries out tokens."""
        self.rate_store_away = self._counter("rate_store_away", "Times that the shared count could not be had")
        """Worry when it grows: each process then holds the limits by itself, so that callers get as many times more."""

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"pulang_{name}", help_, labels, registry=self.registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(f"pulang_{name}", help_, labels, registry=self.registry)

    def _histogram(self, name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"pulang_{name}", help_, labels, buckets=buckets, registry=self.registry)

    def exposition(self) -> bytes:
        """All values in Prometheus' text format."""
        return generate_latest(self.registry)
