package io.quipu.server.adapter.redis;

import io.quipu.model.UserId;
import io.quipu.server.cluster.NodeId;

/** Every key and channel. A script touches one key, so a Redis cluster may put each anywhere. */
record Keys(String prefix) {
  /** A hash of his sessions. */
  String sessions(UserId user) {
    return prefix + ":sessions:{" + user.value() + "}";
  }

  /** A name that changes when Redis was emptied. */
  String epoch() {
    return prefix + ":epoch";
  }

  String bucket(String limit, String who) {
    return prefix + ":limit:" + limit + ":{" + who + "}";
  }

  /** Of all nodes: a user came to a node, or left it. */
  String news() {
    return prefix + ":news";
  }

  /** Of one node, which listens whether it hears itself. */
  String pulse(NodeId node) {
    return prefix + ":pulse:" + node.value();
  }
}
