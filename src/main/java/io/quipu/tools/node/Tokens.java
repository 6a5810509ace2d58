package io.quipu.tools.node;

import io.quipu.model.UserId;

/** Port: tokens for the users of a tool. The command line makes them as {@code token} does. */
public interface Tokens {
  /** For a node that the tool has started: it takes development tokens. */
  String forOwnNode(UserId user);

  /** For a node of the user: with QUIPU_AUTH_HS256_SECRET, if that is set. */
  String forTarget(UserId user);
}
