package io.quipu.model;

/** The expected failure, with its code; it has no stack trace, since it is an answer and no bug. */
public final class QuipuException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final Outcome outcome;

  public QuipuException(ErrorCode code, String detail) {
    this(code, code.outcome(), detail);
  }

  /** With another outcome than the code's usual one. */
  public QuipuException(ErrorCode code, Outcome outcome, String detail) {
    super(detail, null, false, false);
    this.code = code;
    this.outcome = outcome;
  }

  public ErrorCode code() {
    return code;
  }

  public Outcome outcome() {
    return outcome;
  }

  @Override
  public String toString() {
    return code + " (" + code.code() + "): " + getMessage();
  }
}
