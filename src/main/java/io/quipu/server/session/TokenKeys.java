package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.config.Configuration;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * All keys that verify tokens: those of the configuration, and those of its key files as they were
 * when they were last good. Not for several threads at once.
 */
final class TokenKeys {
  private final List<TokenKey> configured;
  private final List<WatchedFile> files = new ArrayList<>();

  /** What a look at the files has found. */
  sealed interface Finding {
    /** The file has other keys now. */
    record Changed(JwksFile file, int keys, String difference) implements Finding {}

    /** The file cannot be used; the keys that it had before stay. */
    record Broken(JwksFile file, String reason) implements Finding {}

    /** The file is as good as before it was broken. */
    record Mended(JwksFile file) implements Finding {}
  }

  private static final class WatchedFile {
    private final JwksFile file;
    private List<TokenKey> keys = List.of();
    private byte[] content = new byte[0];

    /** Why it cannot be used now; empty if it can. */
    private String broken = "";

    WatchedFile(JwksFile file) {
      this.file = file;
    }
  }

  /**
   * Reads everything. Blocks.
   *
   * @throws QuipuException INVALID_REQUEST for a key that is none or too weak, for a file that
   *     cannot be used; NOT_ALLOWED for development tokens beyond loopback. The message names the
   *     key of the configuration
   */
  TokenKeys(Configuration configuration) {
    this.configured = configured(configuration);
    Configuration.Auth auth = configuration.auth();
    auth.jwksFile().ifPresent(path -> watch(Identity.Kind.USER, "auth.jwksFile", path));
    auth.serviceJwksFile()
        .ifPresent(path -> watch(Identity.Kind.SERVICE, "auth.serviceJwksFile", path));
    for (WatchedFile watched : files) {
      watched.content = watched.file.read();
      watched.keys = watched.file.keys(watched.content);
      if (watched.keys.isEmpty()) {
        throw TokenKey.wrong(
            watched.file.setting() + " (" + watched.file.path() + ")", "at least one key");
      }
    }
    checkTogether(all());
  }

  private void watch(Identity.Kind kind, String setting, String path) {
    files.add(new WatchedFile(new JwksFile(kind, setting, Path.of(path))));
  }

  private static List<TokenKey> configured(Configuration configuration) {
    Configuration.Auth auth = configuration.auth();
    List<TokenKey> keys = new ArrayList<>();
    auth.hs256Secret()
        .ifPresent(
            secret ->
                keys.add(
                    TokenKey.ofSecret(
                        Identity.Kind.USER, Optional.empty(), "auth.hs256Secret", secret)));
    auth.serviceHs256Secret()
        .ifPresent(
            secret ->
                keys.add(
                    TokenKey.ofSecret(
                        Identity.Kind.SERVICE,
                        Optional.empty(),
                        "auth.serviceHs256Secret",
                        secret)));
    for (Configuration.PublicKey key : auth.publicKeys()) {
      keys.add(
          TokenKey.ofPem(
              Identity.Kind.USER,
              key.algorithm(),
              key.keyId(),
              "auth.publicKeys, keyId " + key.keyId(),
              key.pem()));
    }
    if (DevelopmentTokens.areAccepted(configuration)) {
      keys.add(
          TokenKey.ofSecret(
              Identity.Kind.USER,
              Optional.of(DevelopmentTokens.KEY_ID),
              "auth.development",
              DevelopmentTokens.SECRET));
      keys.add(
          TokenKey.ofSecret(
              Identity.Kind.SERVICE,
              Optional.of(DevelopmentTokens.SERVICE_KEY_ID),
              "auth.development",
              DevelopmentTokens.SERVICE_SECRET));
    }
    return List.copyOf(keys);
  }

  boolean hasFiles() {
    return !files.isEmpty();
  }

  /** Every key, none of them twice. */
  List<TokenKey> all() {
    List<TokenKey> all = new ArrayList<>(configured);
    files.forEach(watched -> all.addAll(watched.keys));
    return List.copyOf(all);
  }

  /** Looks at the files again and tells what is new, each thing once. Blocks. */
  void look(Consumer<Finding> findings) {
    for (WatchedFile watched : files) {
      List<TokenKey> before = watched.keys;
      try {
        // The whole content, not its time stamp, which two writes may share: the file is small.
        byte[] content = watched.file.read();
        boolean wasBroken = !watched.broken.isEmpty();
        if (!wasBroken && Arrays.equals(content, watched.content)) {
          continue;
        }
        watched.keys = watched.file.keys(content);
        checkTogether(all());
        watched.content = content;
        watched.broken = "";
        findings.accept(
            wasBroken && watched.keys.equals(before)
                ? new Finding.Mended(watched.file)
                : new Finding.Changed(
                    watched.file, watched.keys.size(), difference(before, watched.keys)));
      } catch (QuipuException e) {
        watched.keys = before;
        if (!e.getMessage().equals(watched.broken)) {
          watched.broken = e.getMessage();
          findings.accept(new Finding.Broken(watched.file, e.getMessage()));
        }
      }
    }
  }

  private static void checkTogether(List<TokenKey> keys) {
    Map<String, TokenKey> byId = new HashMap<>();
    Map<Buffer, TokenKey> byMaterial = new HashMap<>();
    for (TokenKey key : keys) {
      if (key.keyId().isPresent()) {
        TokenKey other = byId.put(key.keyId().get(), key);
        if (other != null) {
          throw new QuipuException(
              ErrorCode.INVALID_REQUEST,
              key.where()
                  + ": allowed is each kid once, and "
                  + key.keyId().get()
                  + " is there twice"
                  + (other.where().equals(key.where()) ? "" : " (" + other.where() + ")"));
        }
      }
      TokenKey same = byMaterial.put(key.verifying(), key);
      if (same != null && same.kind() != key.kind()) {
        throw new QuipuException(
            ErrorCode.INVALID_REQUEST,
            key.where()
                + ": allowed is a key of its own, and it is the same as "
                + same.where()
                + ": users and services must not share one");
      }
    }
  }

  /** In words, by kid. */
  private static String difference(List<TokenKey> before, List<TokenKey> after) {
    Map<String, TokenKey> was = byId(before);
    Map<String, TokenKey> is = byId(after);
    TreeSet<String> added = new TreeSet<>(is.keySet());
    added.removeAll(was.keySet());
    TreeSet<String> gone = new TreeSet<>(was.keySet());
    gone.removeAll(is.keySet());
    TreeSet<String> other = new TreeSet<>(is.keySet());
    other.removeIf(id -> !was.containsKey(id) || was.get(id).equals(is.get(id)));
    return "new " + added + ", gone " + gone + ", other " + other;
  }

  private static Map<String, TokenKey> byId(List<TokenKey> keys) {
    Map<String, TokenKey> byId = new HashMap<>();
    keys.forEach(key -> key.keyId().ifPresent(id -> byId.put(id, key)));
    return byId;
  }
}
