package io.quipu.tools.demo;

/**
 * The story did not go as it must. Without a stack trace: it is a verdict and no bug of the tool.
 */
final class StoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoryException(String message) {
    super(message, null, false, false);
  }
}
