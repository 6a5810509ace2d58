package io.quipu.model;

import java.util.Optional;

/**
 * Every error that a client can meet. 1xx malformed, 2xx identity, 3xx domain, 4xx capacity, 5xx
 * transient, 9xx bug. The outcome is what the code says of a send; where it depends on the send
 * (never sent on, or voided first: NOT_APPLIED; else UNKNOWN), the frame says it.
 */
public enum ErrorCode {
  /** What came is no frame. */
  MALFORMED_FRAME(100, Outcome.UNKNOWN, Advice.STOP),
  /** Longer than the limit. */
  FRAME_TOO_LARGE(101, Outcome.UNKNOWN, Advice.STOP),
  /** The first frame was not Connect, or too much came before Connected. */
  NOT_CONNECTED(102, Outcome.NOT_APPLIED, Advice.STOP),
  /** A second Connect on one connection. */
  ALREADY_CONNECTED(103, Outcome.UNKNOWN, Advice.STOP),
  /** The node does not speak this protocol_version. */
  UNSUPPORTED_VERSION(104, Outcome.NOT_APPLIED, Advice.STOP),
  /** A user, device, conversation or client_message_id is not as in 4. */
  INVALID_ID(105, Outcome.NOT_APPLIED, Advice.NEVER),
  /** Beyond the next client_seq: send again from expected_client_seq. */
  CLIENT_SEQ_JUMP(106, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /**
   * An old client_seq whose answer is no longer kept: send the id again under the next one, or ask
   * SendStatus.
   */
  CLIENT_SEQ_FORGOTTEN(107, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /** An ack or read mark of a seq that the conversation does not have, or not for this user. */
  ACK_BEYOND_TAIL(108, Outcome.NOT_APPLIED, Advice.NEVER),
  /** No content, or a change that is not as in 11. */
  INVALID_CONTENT(109, Outcome.NOT_APPLIED, Advice.NEVER),
  /** A frame that only servers send, or one of a newer version. */
  UNEXPECTED_FRAME(110, Outcome.UNKNOWN, Advice.NEVER),
  /** A field is out of its range, or two fields contradict each other. */
  INVALID_REQUEST(111, Outcome.NOT_APPLIED, Advice.NEVER),

  /** The token is no JWT, not signed by a known key, or for another issuer or audience. */
  TOKEN_INVALID(200, Outcome.NOT_APPLIED, Advice.RE_LOGIN),
  /** The token has ended, at Connect or during the session. */
  TOKEN_EXPIRED(201, Outcome.UNKNOWN, Advice.RE_LOGIN),
  /** Renew with the token of another user. */
  TOKEN_OTHER_USER(202, Outcome.UNKNOWN, Advice.STOP),
  /** No good Connect in time. */
  HANDSHAKE_TIMEOUT(203, Outcome.NOT_APPLIED, Advice.RECONNECT),
  /** A newer session of the same device has begun. */
  REPLACED(204, Outcome.UNKNOWN, Advice.STOP),
  /** A browser page of another origin. It is told as HTTP 403 to the WebSocket upgrade. */
  ORIGIN_FORBIDDEN(205, Outcome.NOT_APPLIED, Advice.STOP),
  /** Tokens as old as this one no longer count, or this device was revoked. */
  TOKEN_REVOKED(206, Outcome.UNKNOWN, Advice.RE_LOGIN),
  /** This user has been erased; nobody has his name again. */
  USER_ERASED(207, Outcome.NOT_APPLIED, Advice.STOP),

  /**
   * There is no such conversation, or the user was never a member. (NOT_APPLIED for direct
   * conversations of others, and for who is blocked.)
   */
  CONVERSATION_UNKNOWN(300, Outcome.UNKNOWN, Advice.NEVER),
  /** The user was a member and is no longer. */
  NOT_A_MEMBER(301, Outcome.NOT_APPLIED, Advice.NEVER),
  /** More than max_body_bytes of content. */
  BODY_TOO_LARGE(302, Outcome.NOT_APPLIED, Advice.NEVER),
  /** This client_message_id is stored with other content. This content is not stored. */
  ID_REUSED(303, Outcome.NOT_APPLIED, Advice.NEVER),
  /** This client_message_id was cancelled. */
  VOIDED(304, Outcome.NOT_APPLIED, Advice.NEVER),
  /** A member may not do this. */
  NOT_ALLOWED(305, Outcome.NOT_APPLIED, Advice.NEVER),
  /** More than group_members members. */
  GROUP_TOO_LARGE(306, Outcome.NOT_APPLIED, Advice.NEVER),
  /** This server cannot do this yet. */
  NOT_SUPPORTED(307, Outcome.NOT_APPLIED, Advice.NEVER),
  /** An earlier send to this conversation ended UNKNOWN: that one first. */
  EARLIER_SEND_UNRESOLVED(308, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /** The store cannot hold this message. */
  STORE_REFUSED(309, Outcome.NOT_APPLIED, Advice.NEVER),
  /** At this seq is no message that this user may see. */
  MESSAGE_UNKNOWN(310, Outcome.NOT_APPLIED, Advice.NEVER),
  /** It was recalled before. */
  MESSAGE_RECALLED(311, Outcome.NOT_APPLIED, Advice.NEVER),
  /** After edit_ms or recall_ms only admins may. */
  TOO_LATE(312, Outcome.NOT_APPLIED, Advice.NEVER),

  /**
   * More un-answered sends than the window has room for. The conversation waits as after any
   * UNKNOWN.
   */
  SEND_WINDOW_FULL(400, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /**
   * Too much of it in a short time: sends, new groups, new direct conversations; at Connect:
   * sessions of this user, or from this address.
   */
  RATE_LIMITED(401, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /** The node is full. */
  TOO_MANY_CONNECTIONS(402, Outcome.NOT_APPLIED, Advice.RECONNECT),
  /** The client does not ack, or does not read. */
  SLOW_CONSUMER(403, Outcome.UNKNOWN, Advice.RECONNECT),
  /**
   * Too many Sync, History, Conversations, Members, SendStatus, Renew or acks at once; at Connect:
   * too many devices of this user.
   */
  TOO_MANY_REQUESTS(404, Outcome.NOT_APPLIED, Advice.BACK_OFF),
  /** Too much waits for this conversation. */
  OWNER_BUSY(405, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /** As many groups, or reactions, as one user may have. */
  QUOTA_REACHED(406, Outcome.NOT_APPLIED, Advice.BACK_OFF),

  /** The store does not answer. */
  STORE_DOWN(500, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /** No answer from the node that orders this conversation, in time. */
  OWNER_UNREACHABLE(501, Outcome.UNKNOWN, Advice.RETRY_SAME_ID),
  /** The node is going down. */
  DRAINING(502, Outcome.UNKNOWN, Advice.RECONNECT),
  /** Nothing was heard for 2.5 × heartbeat_ms. */
  IDLE_TIMEOUT(503, Outcome.UNKNOWN, Advice.RECONNECT),

  /** A fault of the server. */
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

  /** What it usually says of a send. */
  public Outcome outcome() {
    return outcome;
  }

  /** What a client does best. */
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
