package io.quipu.server.http;

import io.quipu.model.Advice;
import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.UUID;

/**
 * An answer that says why not: RFC 9457, with our code beside the status.
 *
 * @param outcome of a send; empty for what sends nothing
 * @param clientMessageId of the send, so that it can be sent again
 * @param retryAfterMs 0 where waiting does not help
 */
record Problem(
    int status,
    ErrorCode code,
    Optional<Outcome> outcome,
    Optional<UUID> clientMessageId,
    int retryAfterMs,
    String detail) {

  static final String MEDIA_TYPE = "application/problem+json";

  /** The status that goes with a code unless the request itself asks for another. */
  static int statusOf(ErrorCode code) {
    return switch (code) {
      case MALFORMED_FRAME,
          INVALID_ID,
          INVALID_CONTENT,
          INVALID_REQUEST,
          UNSUPPORTED_VERSION,
          NOT_CONNECTED,
          ALREADY_CONNECTED,
          CLIENT_SEQ_JUMP,
          CLIENT_SEQ_FORGOTTEN,
          ACK_BEYOND_TAIL,
          UNEXPECTED_FRAME ->
          400;
      case TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_OTHER_USER, TOKEN_REVOKED -> 401;
      case ORIGIN_FORBIDDEN, NOT_A_MEMBER, NOT_ALLOWED, TOO_LATE, USER_ERASED -> 403;
      case CONVERSATION_UNKNOWN, MESSAGE_UNKNOWN -> 404;
      case HANDSHAKE_TIMEOUT, IDLE_TIMEOUT -> 408;
      case REPLACED, VOIDED, EARLIER_SEND_UNRESOLVED, MESSAGE_RECALLED -> 409;
      case FRAME_TOO_LARGE, BODY_TOO_LARGE -> 413;
      case ID_REUSED, GROUP_TOO_LARGE, STORE_REFUSED -> 422;
      case SEND_WINDOW_FULL, RATE_LIMITED, TOO_MANY_REQUESTS, QUOTA_REACHED -> 429;
      case BUG -> 500;
      case NOT_SUPPORTED -> 501;
      case TOO_MANY_CONNECTIONS,
          SLOW_CONSUMER,
          OWNER_BUSY,
          STORE_DOWN,
          OWNER_UNREACHABLE,
          DRAINING ->
          503;
    };
  }

  static Problem of(QuipuException e, int retryAfterMs) {
    boolean waitingHelps =
        switch (e.code().advice()) {
          case BACK_OFF, RETRY_SAME_ID, RECONNECT -> true;
          case NEVER, RE_LOGIN, STOP -> false;
        };
    return new Problem(
        statusOf(e.code()),
        e.code(),
        Optional.of(e.outcome()),
        Optional.empty(),
        waitingHelps ? (e.retryAfterMs() > 0 ? e.retryAfterMs() : retryAfterMs) : 0,
        e.getMessage());
  }

  /** The same, with a status that says more than the code's. */
  Problem withStatus(int other) {
    return new Problem(other, code, outcome, clientMessageId, retryAfterMs, detail);
  }

  Problem ofSend(Optional<UUID> id, Outcome certain) {
    return new Problem(status, code, Optional.of(certain), id, retryAfterMs, detail);
  }

  Problem ofNoSend() {
    return new Problem(status, code, Optional.empty(), Optional.empty(), retryAfterMs, detail);
  }

  JsonObject json() {
    Advice advice = code.advice();
    JsonObject json =
        new JsonObject()
            .put("type", "urn:quipu:error:" + code.code())
            .put("title", code.name())
            .put("status", status)
            .put("detail", detail)
            .put("code", code.code())
            .put("advice", advice.name());
    outcome.ifPresent(known -> json.put("outcome", known.name()));
    clientMessageId.ifPresent(id -> json.put("clientMessageId", id.toString()));
    if (retryAfterMs > 0) {
      json.put("retryAfterMs", retryAfterMs);
    }
    return json;
  }
}
