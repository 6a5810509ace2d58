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
 * Makes tokens of users and of services: with the configured HS256 secret, or, where {@code
 * auth.development} is on, with one that everybody knows and that only listeners on loopback
 * accept; users and services never share one. Public keys cannot sign; whoever has the private ones
 * issues those tokens.
 */
public final class DevelopmentTokens {
  /** The {@code kid} that says: signed with the secret that everybody knows. */
  public static final String KEY_ID = "development";

  /** No secret at all: it stands here and in the documents, so that any client can sign. */
  public static final String SECRET = "quipu-development-only-everybody-knows-this-key";

  /** The same of services' tokens. */
  public static final String SERVICE_KEY_ID = "development-service";

  public static final String SERVICE_SECRET =
      "quipu-development-only-everybody-knows-this-service-key";

  /** A year: nobody needs a longer one for trying things out. */
  public static final int MAX_TTL_SECONDS = 366 * 24 * 3600;

  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  /**
   * @param keyId absent for the configured secret
   */
  private record Signing(Optional<String> keyId, SecretKeySpec secret) {}

  private final Clock clock;
  private final Optional<Signing> users;
  private final Optional<Signing> services;
  private final Optional<String> issuer;
  private final Optional<String> audience;

  /**
   * @throws QuipuException NOT_ALLOWED if development tokens are on and a listener is not on
   *     loopback
   */
  public DevelopmentTokens(Configuration configuration, Clock clock) {
    Configuration.Auth auth = configuration.auth();
    this.clock = clock;
    this.issuer = auth.issuer();
    this.audience = auth.audience();
    boolean development = areAccepted(configuration);
    this.users = signing(auth.hs256Secret(), development, KEY_ID, SECRET);
    this.services = signing(auth.serviceHs256Secret(), development, SERVICE_KEY_ID, SERVICE_SECRET);
  }

  private static Optional<Signing> signing(
      Optional<String> configured, boolean development, String keyId, String secret) {
    return configured
        .map(own -> new Signing(Optional.empty(), key(own)))
        .or(
            () ->
                development
                    ? Optional.of(new Signing(Optional.of(keyId), key(secret)))
                    : Optional.empty());
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
   * @throws QuipuException INVALID_REQUEST; NOT_ALLOWED if this configuration accepts no user's
   *     token that can be made here
   */
  public String issue(UserId user, int ttlSeconds) {
    if (user.equals(UserId.SYSTEM)) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST,
          "the user " + user + " is reserved: a service's token acts as it");
    }
    return issue(user.value(), ttlSeconds, users, "hs256Secret", "publicKeys or jwksFile");
  }

  /**
   * A token for a service.
   *
   * @param name as a user id is written; it stands in logs and gives no rights
   * @throws QuipuException INVALID_ID, and as for users
   */
  public String issueForService(String name, int ttlSeconds) {
    String sub = new UserId(name).value();
    return issue(sub, ttlSeconds, services, "serviceHs256Secret", "serviceJwksFile");
  }

  private String issue(
      String sub, int ttlSeconds, Optional<Signing> signing, String secretKey, String publicKeys) {
    if (ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
      throw new QuipuException(
          ErrorCode.INVALID_REQUEST,
          "a token lives from 1 to " + MAX_TTL_SECONDS + " seconds, not " + ttlSeconds);
    }
    Signing with =
        signing.orElseThrow(
            () ->
                new QuipuException(
                    ErrorCode.NOT_ALLOWED,
                    "no such token can be made here: auth."
                        + secretKey
                        + " is absent and auth.development is off; tokens for auth."
                        + publicKeys
                        + " come from whoever has the private keys"));
    long nowSeconds = Math.floorDiv(clock.unixMs(), 1000L);
    JsonObject header = new JsonObject().put("alg", "HS256").put("typ", "JWT");
    with.keyId.ifPresent(id -> header.put("kid", id));
    JsonObject claims =
        new JsonObject().put("sub", sub).put("iat", nowSeconds).put("exp", nowSeconds + ttlSeconds);
    issuer.ifPresent(iss -> claims.put("iss", iss));
    audience.ifPresent(aud -> claims.put("aud", aud));
    String signed = base64(header) + "." + base64(claims);
    return signed + "." + BASE64.encodeToString(mac(with.secret, signed));
  }

  private static byte[] mac(SecretKeySpec secret, String signed) {
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
