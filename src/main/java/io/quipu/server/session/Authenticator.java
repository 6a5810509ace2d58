package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.PubSecKeyOptions;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells from a token (JWT) who is there.
 *
 * <p>Every key does one algorithm: a token's {@code alg} and {@code kid} together name a key, or
 * the token is refused; so a public key is never taken for a secret. What a token brings along of
 * keys ({@code jwk}, {@code jku}, {@code x5c} ...) is not looked at. Safe for any thread.
 *
 * <p>Measured on JDK 17: a login costs 6 µs with HS256, 60 µs with RS256, 1,000 µs with ES256. The
 * last is too long for an event loop in a storm of logins, so it is done on a worker thread.
 */
public final class Authenticator {
  /**
   * Characters of a token. The frame before authentication is no longer; a token of RS256 with a
   * handful of claims has 700.
   */
  public static final int MAX_TOKEN_LENGTH = 4096;

  private static final Logger log = LoggerFactory.getLogger(Authenticator.class);

  /** RFC 7518, 3.2: a key of the size of the hash or larger. */
  private static final int MIN_SECRET_BYTES = 32;

  /** RFC 7518, 3.3. */
  private static final int MIN_RSA_BITS = 2048;

  private static final int P256_BITS = 256;

  /** The year 9999; also what keeps milliseconds within a long. */
  private static final double MAX_NUMERIC_DATE = 253_402_300_799.0;

  /** Three parts, none empty, no padding: one way only to write a token. */
  private static final Pattern TOKEN =
      Pattern.compile("[A-Za-z0-9_-]++\\.[A-Za-z0-9_-]++\\.[A-Za-z0-9_-]++");

  /**
   * What a token's header says of its key.
   *
   * @param keyId absent only for the configured secret
   */
  private record KeyName(String algorithm, Optional<String> keyId) {}

  /**
   * @param slow not on an event loop
   */
  private record Verifier(JWTAuth key, boolean slow) {}

  private final Vertx vertx;
  private final Map<KeyName, Verifier> keys;
  private final Clock clock;
  private final long leewayMs;
  private final Optional<String> issuer;
  private final Optional<String> audience;

  /**
   * @throws QuipuException INVALID_REQUEST for a key that is none or too weak, NOT_ALLOWED for
   *     development tokens beyond loopback; the message names the key of the configuration
   */
  public Authenticator(Vertx vertx, Configuration configuration, Clock clock) {
    Configuration.Auth auth = configuration.auth();
    this.vertx = vertx;
    this.clock = clock;
    this.leewayMs = auth.leewaySeconds() * 1000L;
    this.issuer = auth.issuer();
    this.audience = auth.audience();
    Map<KeyName, Verifier> named = new HashMap<>();
    auth.hs256Secret()
        .ifPresent(
            secret -> {
              Buffer bytes = Buffer.buffer(secret);
              if (bytes.length() < MIN_SECRET_BYTES) {
                throw weak("auth.hs256Secret", "at least " + MIN_SECRET_BYTES + " bytes");
              }
              named.put(new KeyName("HS256", Optional.empty()), verifier(vertx, "HS256", bytes));
            });
    for (Configuration.PublicKey key : auth.publicKeys()) {
      KeyName name = new KeyName(key.algorithm(), Optional.of(key.keyId()));
      Buffer pem = pem(publicKey(key));
      if (named.put(name, verifier(vertx, key.algorithm(), pem)) != null) {
        throw weak("auth.publicKeys", "each keyId once, and " + key.keyId() + " is there twice");
      }
    }
    if (DevelopmentTokens.areAccepted(configuration)) {
      log.warn(
          "DEVELOPMENT TOKENS ARE ACCEPTED: whoever reaches the loopback of this machine can be any"
              + " user. Set auth.development = false for anything real.");
      named.put(
          new KeyName("HS256", Optional.of(DevelopmentTokens.KEY_ID)),
          verifier(vertx, "HS256", Buffer.buffer(DevelopmentTokens.SECRET)));
    }
    this.keys = Map.copyOf(named);
  }

  /**
   * Fails with TOKEN_INVALID or TOKEN_EXPIRED. The detail says which rule the token breaks, and
   * nothing of what it holds.
   */
  public Future<Identity> authenticate(String token) {
    Verifier verifier;
    try {
      verifier = verifierOf(token);
    } catch (QuipuException e) {
      return Future.failedFuture(e);
    }
    Future<JsonObject> claims =
        verifier.slow
            ? vertx.executeBlocking(() -> claims(verifier, token), false).compose(done -> done)
            : claims(verifier, token);
    return claims
        .recover(
            e -> Future.failedFuture(invalid("the token is not signed with a key of this server")))
        .map(this::identity);
  }

  private static Future<JsonObject> claims(Verifier verifier, String token) {
    return Future.succeededFuture(new TokenCredentials(token))
        .compose(verifier.key::authenticate)
        .map(user -> user.attributes().getJsonObject("accessToken"));
  }

  private Verifier verifierOf(String token) {
    if (token.length() > MAX_TOKEN_LENGTH) {
      throw invalid("a token has at most " + MAX_TOKEN_LENGTH + " characters");
    }
    if (!TOKEN.matcher(token).matches()) {
      throw invalid("the token is no JWT");
    }
    JsonObject header;
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(token.substring(0, token.indexOf('.')));
      header = new JsonObject(Buffer.buffer(bytes));
    } catch (DecodeException | IllegalArgumentException | ClassCastException e) {
      throw invalid("the token is no JWT");
    }
    if (header.containsKey("crit")) {
      throw invalid("the token asks for an extension that this server does not know");
    }
    if (header.getValue("alg") instanceof String algorithm) {
      Object keyId = header.getValue("kid");
      if (keyId == null || keyId instanceof String) {
        Verifier key = keys.get(new KeyName(algorithm, Optional.ofNullable((String) keyId)));
        if (key != null) {
          return key;
        }
      }
    }
    throw invalid("the token is not signed with a key of this server");
  }

  private Identity identity(JsonObject claims) {
    if (issuer.isPresent() && !issuer.get().equals(claims.getValue("iss"))) {
      throw invalid("the token is from another issuer");
    }
    if (audience.isPresent() && !names(claims.getValue("aud"), audience.get())) {
      throw invalid("the token is for another audience");
    }
    long nowMs = clock.unixMs();
    long expiresAtMs = time(claims, "exp").orElseThrow(() -> invalid("the token has no exp"));
    if (nowMs >= expiresAtMs + leewayMs) {
      throw new QuipuException(
          ErrorCode.TOKEN_EXPIRED, Outcome.NOT_APPLIED, "the token has expired");
    }
    if (time(claims, "nbf").orElse(nowMs) > nowMs + leewayMs) {
      throw invalid("the token is not valid yet");
    }
    if (time(claims, "iat").orElse(nowMs) > nowMs + leewayMs) {
      throw invalid("the token was issued in the future");
    }
    if (!(claims.getValue("sub") instanceof String sub)) {
      throw invalid("the token has no sub");
    }
    try {
      return new Identity(new UserId(sub), expiresAtMs + leewayMs);
    } catch (QuipuException e) {
      throw invalid("the sub of the token is no user: " + e.getMessage());
    }
  }

  /** A NumericDate, in milliseconds. */
  private static Optional<Long> time(JsonObject claims, String name) {
    Object value = claims.getValue(name);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof Number number
        && Math.abs(number.doubleValue()) <= MAX_NUMERIC_DATE) { // false for NaN too
      return Optional.of((long) (number.doubleValue() * 1000));
    }
    throw invalid("the " + name + " of the token is no time");
  }

  private static boolean names(Object aud, String audience) {
    return audience.equals(aud) || (aud instanceof JsonArray all && all.contains(audience));
  }

  private static QuipuException invalid(String detail) {
    return new QuipuException(ErrorCode.TOKEN_INVALID, detail);
  }

  private static Verifier verifier(Vertx vertx, String algorithm, Buffer key) {
    // One key and one algorithm each. The times are checked here, with a clock that tests own.
    JWTAuth one =
        JWTAuth.create(
            vertx,
            new JWTAuthOptions()
                .setJWTOptions(new JWTOptions().setIgnoreExpiration(true))
                .addPubSecKey(new PubSecKeyOptions().setAlgorithm(algorithm).setBuffer(key)));
    return new Verifier(one, algorithm.equals("ES256"));
  }

  private static PublicKey publicKey(Configuration.PublicKey key) {
    String where = "auth.publicKeys, keyId " + key.keyId();
    return switch (key.algorithm()) {
      case "RS256" -> {
        if (read(where, "RSA", key.pem()) instanceof RSAPublicKey rsa
            && rsa.getModulus().bitLength() >= MIN_RSA_BITS) {
          yield rsa;
        }
        throw weak(where, "an RSA key of at least " + MIN_RSA_BITS + " bits");
      }
      case "ES256" -> {
        if (read(where, "EC", key.pem()) instanceof ECPublicKey ec
            && ec.getParams().getCurve().getField().getFieldSize() == P256_BITS) {
          yield ec;
        }
        throw weak(where, "an EC key of the curve P-256");
      }
      default -> throw weak(where, "algorithm RS256 or ES256");
    };
  }

  private static PublicKey read(String where, String kind, String pem) {
    String base64 =
        pem.strip()
            .replaceFirst("^-----BEGIN PUBLIC KEY-----", "")
            .replaceFirst("-----END PUBLIC KEY-----$", "")
            .replaceAll("\\s", "");
    try {
      return KeyFactory.getInstance(kind)
          .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(base64)));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw weak(where, "an " + kind + " key as -----BEGIN PUBLIC KEY----- (PEM)");
    }
  }

  private static Buffer pem(PublicKey key) {
    return Buffer.buffer(
        "-----BEGIN PUBLIC KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key.getEncoded())
            + "\n-----END PUBLIC KEY-----\n");
  }

  private static QuipuException weak(String where, String allowed) {
    return new QuipuException(ErrorCode.INVALID_REQUEST, where + ": allowed is " + allowed);
  }
}
