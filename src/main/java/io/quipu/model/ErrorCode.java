package io.quipu.model;

import java.util.Optional;

/**
 * Every error that a client can meet. 1xx malformed, 2xx identity, 3xx domain, 4xx capacity, 5xx
 * transient, 9xx bug. The outcome is what the code says of a send; where it depends on the send
 * (never sent on, or voided first: NOT_APPLIED; else UNKNOWN), the frame says it.
 */
public enum ErrorCode {
  MALFORMED_FRAME(100, Outcome.UNKNOWN, Advice.STOP),
  FRAME_TOO_LARGE(101, Outcome.UNKNOWN, Advice.STOP),
  NOT_CONNECTED(102, Outcome.NOT_APPLIED, Advice.STOP),
  ALREADY_CONNECTED(103, Outcome.UNKNOWN, Advice.STOP),
  UNSUPPORTED_VERSION(104, Outcome.NOT_APPLIED, Advice.STOP),
  INVALID_ID(105, Outcome.NOT_APPLIED, Advice.NEVER),
  CLIENT_SEQ_JUMP(106, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  CLIENT_SEQ_FORGOTTEN(107, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  ACK_BEYOND_TAIL(108, Outcome.NOT_APPLIED, Advice.NEVER),
  INVALID_CONTENT(109, Outcome.NOT_APPLIED, Advice.NEVER),
  UNEXPECTED_FRAME(110, Outcome.UNKNOWN, Advice.NEVER),
  INVALID_REQUEST(111, Outcome.NOT_APPLIED, Advice.NEVER),

  TOKEN_INVALID(200, Outcome.NOT_APPLIED, Advice.RE_LOGIN),
  TOKEN_EXPIRED(201, Outcome.UNKNOWN, Advice.RE_LOGIN),
  TOKEN_OTHER_USER(202, Outcome.UNKNOWN, Advice.STOP),
  HANDSHAKE_TIMEOUT(203, Outcome.NOT_APPLIED, Advice.RECONNECT),
  REPLACED(204, Outcome.UNKNOWN, Advice.STOP),
  ORIGIN_FORBIDDEN(205, Outcome.NOT_APPLIED, Advice.STOP),
  TOKEN_REVOKED(206, Outcome.UNKNOWN, Advice.RE_LOGIN),
  USER_ERASED(207, Outcome.NOT_APPLIED, Advice.STOP),

  CONVERSATION_UNKNOWN(300, Outcome.UNKNOWN, Advice.NEVER),
  NOT_A_MEMBER(301, Outcome.NOT_APPLIED, Advice.NEVER),
  BODY_TOO_LARGE(302, Outcome.NOT_APPLIED, Advice.NEVER),
  ID_REUSED(303, Outcome.NOT_APPLIED, Advice.NEVER),
  VOIDED(304, Outcome.NOT_APPLIED, Advice.NEVER),
  NOT_ALLOWED(305, Outcome.NOT_APPLIED, Advice.NEVER),
  GROUP_TOO_LARGE(306, Outcome.NOT_APPLIED, Advice.NEVER),
  NOT_SUPPORTED(307, Outcome.NOT_APPLIED, Advice.NEVER),
  EARLIER_SEND_UNRESOLVED(308, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  STORE_REFUSED(309, Outcome.NOT_APPLIED, Advice.NEVER),
  MESSAGE_UNKNOWN(310, Outcome.NOT_APPLIED, Advice.NEVER),
  MESSAGE_RECALLED(311, Outcome.NOT_APPLIED, Advice.NEVER),
  TOO_LATE(312, Outcome.NOT_APPLIED, Advice.NEVER),

  SEND_WINDOW_FULL(400, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  RATE_LIMITED(401, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  TOO_MANY_CONNECTIONS(402, Outcome.NOT_APPLIED, Advice.RECONNECT),
  SLOW_CONSUMER(403, Outcome.UNKNOWN, Advice.RECONNECT),
  TOO_MANY_REQUESTS(404, Outcome.NOT_APPLIED, Advice.BACK_OFF),
  OWNER_BUSY(405, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  QUOTA_REACHED(406, Outcome.NOT_APPLIED, Advice.BACK_OFF),

  STORE_DOWN(500, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  OWNER_UNREACHABLE(501, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  DRAINING(502, Outcome.UNKNOWN, Advice.RECONNECT),
  IDLE_TIMEOUT(503, Outcome.UNKNOWN, Advice.RECONNECT),

  BUG(900, Outcome.UNKNOWN, Advice.RETRY_SAME_ID);

  private final int code;
  private final Outcome outcome;
  private final Advice advice;

  ErrorCode(int code, Outcome outcome, Advice advice) {
    this.code = code;
    this.outcome = outcome;
    this.advice = advice;
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  public Outcome outcome() {
    return outcome;
  }

  public Advice advice() {
    return advice;
  }

  /** The WebSocket close code that carries this one: 4000 + code. */
  public int closeCode() {
    return 4000 + code;
  }

  /** The code with this number, if this version knows it. */
  public static Optional<ErrorCode> of(int code) {
    for (ErrorCode candidate : values()) {
      if (candidate.code == code) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }
}
