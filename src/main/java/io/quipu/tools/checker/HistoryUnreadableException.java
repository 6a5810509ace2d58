package io.quipu.tools.checker;

/** A file is no history, or is damaged. Without a stack trace: it is an answer and no bug. */
final class HistoryUnreadableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  HistoryUnreadableException(String message) {
    super(message, null, false, false);
  }
}
