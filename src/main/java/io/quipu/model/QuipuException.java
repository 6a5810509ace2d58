package io.quipu.model;

/**
 * The expected failure: a code, what is certain of the send it is about, and what to do best. It
 * has no stack trace, since it is an answer and no bug.
 */
public final class QuipuException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final Outcome outcome;
  private final int retryAfterMs;

  /** With the outcome that the code usually has. */
  public QuipuException(ErrorCode code, String detail) {
    this(code, code.outcome(), detail);
  }

  /** With another outcome than the code's usual one. */
  public QuipuException(ErrorCode code, Outcome outcome, String detail) {
    this(code, outcome, 0, detail);
  }

  /**
   * With a time to wait.
   *
   * @param retryAfterMs not before; 0 = nothing is said about it
   */
  public QuipuException(ErrorCode code, Outcome outcome, int retryAfterMs, String detail) {
    super(detail, null, false, false);
    this.code = code;
    this.outcome = outcome;
    this.retryAfterMs = retryAfterMs;
  }

  /** What went wrong. */
  public ErrorCode code() {
    return code;
  }

  /** Of a send: whether it is certain that it is not stored. Of anything else it says nothing. */
  public Outcome outcome() {
    return outcome;
  }

  /** What to do best. */
  public Advice advice() {
    return code.advice();
  }

  /** Not before so many milliseconds have passed; 0 = nothing is said about it. */
  public int retryAfterMs() {
    return retryAfterMs;
  }

  @Override
  public String toString() {
    return code + " (" + code.code() + "): " + getMessage();
  }
}
