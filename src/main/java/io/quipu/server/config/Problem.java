package io.quipu.server.config;

import io.vertx.core.json.Json;

/**
 * One thing that is wrong.
 *
 * @param path of the key
 * @param text what was found and what is allowed
 */
record Problem(String path, String text) {
  private static final int SHOWN = 80;

  /** A value as an error may show it: short, and never a secret. */
  static String shown(Object value, boolean secret) {
    if (value == null) {
      return "null";
    }
    if (secret) {
      return value instanceof CharSequence text
          ? "a text of " + text.length() + " characters (secret, not shown)"
          : "a value that is no text (secret, not shown)";
    }
    String json = Json.encode(value);
    return json.length() <= SHOWN ? json : json.substring(0, SHOWN) + "...";
  }
}
