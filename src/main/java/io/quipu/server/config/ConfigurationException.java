package io.quipu.server.config;

import java.util.List;

/**
 * A configuration that cannot be used. Each problem is a line for people: the key, what was found,
 * what is allowed; never the value of a secret.
 */
public final class ConfigurationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // an immutable list of strings, which is serializable
  private final List<String> problems;

  /**
   * @param source the file's name, or what else the configuration was made of
   */
  public ConfigurationException(String source, List<String> problems) {
    super(message(source, problems), null, false, false);
    this.problems = List.copyOf(problems);
  }

  /** At least one. */
  public List<String> problems() {
    return problems;
  }

  private static String message(String source, List<String> problems) {
    String head = problems.size() == 1 ? "one thing is" : problems.size() + " things are";
    return source + ": " + head + " wrong\n  " + String.join("\n  ", problems);
  }
}
