"""Who bears our name in the consumer group now."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from adapters.kafka_client import client_settings
from adapters.loop.client_settings import REQUEST_TIMEOUT_S, Identity

ANSWER_S = 2.0


def bearer_of(identity: Identity) -> str:
    """Return the id of the member that bears our instance id; "" if none does, or Kafka is away. Blocks.

    The group's answer is the only one: a member that was silent for longer than its session, because its machine
    stood still, cannot know by itself whether a successor has begun meanwhile (KIP-345).
    """
    admin = AdminClient(client_settings(identity.bootstrap))
    try:
        # Only a broker that answers is asked. Seen once, after such questions and openings of transactions had run out
        # of time while a broker was away: librdkafka 2.16 aborted (`rd_kafka_enq_once_del_source_return`).
        admin.list_topics(timeout=ANSWER_S)
        asked = admin.describe_consumer_groups([identity.group], request_timeout=REQUEST_TIMEOUT_S)
        members = asked[identity.group].result(REQUEST_TIMEOUT_S + ANSWER_S).members
    except (KafkaException, TimeoutError):
        return ""
    return next((str(m.member_id) for m in members if m.group_instance_id == identity.instance_id), "")
