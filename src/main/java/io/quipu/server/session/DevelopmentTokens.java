package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.time.Clock;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes tokens for trying things out: with the configured HS256 secret, or, where {@code
 * auth.development} is on, with one that everybody knows and that only listeners on loopback
 * accept. Public keys cannot sign; whoever has the private ones issues those tokens.
 */
public final class DevelopmentTokens {
  /** The {@code kid} that says: signed with the secret that everybody knows. */
  public static final String KEY_ID = "development";

  /** No secret at all: it stands here and in the documents, so that any client can sign. */
  public static final String SECRET = "quipu-development-only-everybody-knows-this-key";

  /** A year: nobody needs a longer one for trying things out. */
  public static final int MAX_TTL_SECONDS = 366 * 24 * 3600;

  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final Clock clock;
  private final Optional<String> keyId;
  private final SecretKeySpec secret;
  private final Optional<String> issuer;
  private final Optional<String> audience;

  /**
   * @throws QuipuException NOT_ALLOWED if this configuration accepts no token that can be made here
   */
  public DevelopmentTokens(Configuration configuration, Clock clock) {
    Configuration.Auth auth = configuration.auth();
    this.clock = clock;
    this.issuer = auth.issuer();
    this.audience = auth.audience();
    if (auth.hs256Secret().isPresent()) {
      this.keyId = Optional.empty();
      this.secret = key(auth.hs256Secret().get());
    } else if (areAccepted(configuration)) {
      this.keyId = Optional.of(KEY_ID);
      this.secret = key(SECRET);
    } else {
      throw new QuipuException(
          ErrorCode.NOT_ALLOWED,
          "no token can be made here: auth.hs256Secret is absent and auth.development is off;"
              + " tokens for auth.publicKeys come from whoever has the private keys");
    }
  }

  /**
   * Whether development tokens are good on this node.
   *
   * @throws QuipuException NOT_ALLOWED if they are asked for and a listener is not on loopback
   */
  static boolean areAccepted(Configuration configuration) {
    if (!configuration.auth().development()) {
      return false;
    }
    requireLoopback("http.host", configuration.http().host());
    if (configuration.tcp().enabled()) {
      requireLoopback("tcp.host", configuration.tcp().host());
    }
    return true;
  }

  private static void requireLoopback(String key, String host) {
    // By its writing alone: what a name resolves to may change after this check.
    boolean loopback =
        host.equals("localhost")
            || host.equals("::1")
            || host.equals("[::1]")
            || host.matches("127(\\.\\d{1,3}){3}");
    if (!loopback) {
      throw new QuipuException(
          ErrorCode.NOT_ALLOWED,
          "auth.development is for loopback only, and " + key + " is " + host);
    }
  }

  /**
   * A token for this user, good from now on.
   *
   * @param ttlSeconds from 1 to {@link #MAX_TTL_SECONDS}
   * @throws QuipuException INVALID_REQUEST
   */
  public String issue(UserId user, int ttlSeconds) {
    if (ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST,
          "a token lives from 1 to " + MAX_TTL_SECONDS + " seconds, not " + ttlSeconds);
    }
    long nowSeconds = Math.floorDiv(clock.unixMs(), 1000L);
    JsonObject header = new JsonObject().put("alg", "HS256").put("typ", "JWT");
    keyId.ifPresent(id -> header.put("kid", id));
    JsonObject claims =
        new JsonObject()
            .put("sub", user.value())
            .put("iat", nowSeconds)
            .put("exp", nowSeconds + ttlSeconds);
    issuer.ifPresent(iss -> claims.put("iss", iss));
    audience.ifPresent(aud -> claims.put("aud", aud));
    String signed = base64(header) + "." + base64(claims);
    return signed + "." + BASE64.encodeToString(mac(signed));
  }

  private byte[] mac(String signed) {
    try {
      Mac mac = Mac.getInstance(secret.getAlgorithm());
      mac.init(secret);
      return mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every JDK has HMAC-SHA-256", e);
    }
  }

  private static SecretKeySpec key(String secret) {
    return new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256");
  }

  private static String base64(JsonObject json) {
    return BASE64.encodeToString(json.encode().getBytes(StandardCharsets.UTF_8));
  }
}
