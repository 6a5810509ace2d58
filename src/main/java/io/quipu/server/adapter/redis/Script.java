package io.quipu.server.adapter.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The Lua scripts, all of one key. */
enum Script {
  REGISTER("sessions", "register"),
  UNREGISTER("sessions", "unregister"),
  NODES("sessions", "nodes"),
  PULSE("pulse"),
  BUCKET("bucket");

  private final String text;
  private final String sha;

  Script(String... files) {
    StringBuilder all = new StringBuilder();
    for (String file : files) {
      all.append(read("/redis/" + file + ".lua"));
    }
    this.text = all.toString();
    this.sha = sha1(text);
  }

  String text() {
    return text;
  }

  /** What Redis calls it. */
  String sha() {
    return sha;
  }

  private static String read(String resource) {
    try (InputStream in = Script.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new LinkageError(resource + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sha1(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JDK has SHA-1", e);
    }
  }
}
