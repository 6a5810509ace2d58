package io.quipu.server.http;

import io.quipu.model.UserId;
import io.vertx.core.Future;

/** Whom a token names; fails with TOKEN_INVALID or TOKEN_EXPIRED. */
@FunctionalInterface
public interface TokenCheck {
  Future<UserId> userOf(String token);
}
