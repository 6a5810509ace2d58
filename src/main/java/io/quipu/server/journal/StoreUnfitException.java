package io.quipu.server.journal;

/** The store cannot be used as it is; the message tells an operator what to change. */
public final class StoreUnfitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StoreUnfitException(String message) {
    super(message, null, false, false);
  }
}
