package io.quipu.tools.node;

/** A node that a tool needs does not run; the message says why. Without a stack trace: no bug. */
public final class NodeFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public NodeFailedException(String message) {
    super(message, null, false, false);
  }
}
