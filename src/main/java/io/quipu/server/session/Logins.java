package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.server.limits.RateLimits;
import io.vertx.core.Future;

/**
 * Who may begin a session, and how often: the address counts before its token is looked at, the
 * user after it was found good, so that nobody uses up what is another's.
 */
record Logins(Authenticator authenticator, RateLimits limits) {
  /** Fails as the authenticator does, or with RATE_LIMITED and a time to wait. */
  Future<Identity.User> userOf(String token, String remote) {
    return limits
        .loginFrom(remote)
        .compose(waitMs -> unlessLimited(waitMs, "from this address"))
        .compose(may -> authenticator.authenticateUser(token))
        .compose(
            identity ->
                limits
                    .loginOf(identity.user())
                    .compose(waitMs -> unlessLimited(waitMs, "of this user"))
                    .map(identity));
  }

  private static Future<Void> unlessLimited(int waitMs, String whose) {
    return waitMs == 0
        ? Future.succeededFuture()
        : Future.failedFuture(
            new QuipuException(
                ErrorCode.RATE_LIMITED,
                Outcome.NOT_APPLIED,
                waitMs,
                "too many sessions " + whose + " began in this time"));
  }
}
