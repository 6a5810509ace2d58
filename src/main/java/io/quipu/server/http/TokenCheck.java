package io.quipu.server.http;

import io.quipu.server.session.Identity;
import io.vertx.core.Future;

/** Whom a token names; fails with TOKEN_INVALID or TOKEN_EXPIRED. */
@FunctionalInterface
public interface TokenCheck {
  Future<Identity> identityOf(String token);
}
