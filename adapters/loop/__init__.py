"""The batch loop: columns in, a pure core, columns out, one transaction for outputs, changelog and offsets.

::

    runner      sessions one after the other: build anew after a failure, give up after too many
    session     one life of the clients, and the turn they make
    intake      messages from the consumer          columns     messages → Records
    assignment  restore on assignment, drain on revocation      changelog   latest value of each key
    committer   the second thread                   sinks       two transactional producers, or at least once
    progress    positions, ends, lag                watch       readiness, a broker away, a loop that stands still
    failures    what an error means                 client_settings     librdkafka's settings, and why
"""

from adapters.kafka_client import PARTITIONER as PARTITIONER
from adapters.loop.runner import run_loop as run_loop
