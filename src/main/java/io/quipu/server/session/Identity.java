package io.quipu.server.session;

import io.quipu.model.UserId;

/**
 * Whom a token names. Which of the two it is follows from the key that verified it, never from what
 * the token says.
 */
public sealed interface Identity {
  /** Unix time from which the token counts as expired, the leeway included. */
  long expiresAtMs();

  /** Unix time of the token's {@code iat}; 0 if it has none. */
  long issuedAtMs();

  /** A user, with a token of the users' keys. */
  record User(UserId user, long expiresAtMs, long issuedAtMs) implements Identity {}

  /**
   * A back end, with a token of the services' keys: it acts for any user, or as {@link
   * UserId#SYSTEM}.
   *
   * @param name the {@code sub}: for logs, it gives no rights
   */
  record Service(String name, long expiresAtMs, long issuedAtMs) implements Identity {}

  /** Whose tokens a key verifies. */
  enum Kind {
    USER,
    SERVICE
  }
}
