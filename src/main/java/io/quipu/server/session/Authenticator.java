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
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells from a token (JWT) who is there.
 *
 * <p>Every key does one algorithm: a token's {@code alg} and {@code kid} together name a key, or
 * the token is refused; so a public key is never taken for a secret. What a token brings along of
 * keys ({@code jwk}, {@code jku}, {@code x5c} ...) is not looked at. Whether a user or a service is
 * there follows from the key that verified the token, and from nothing that the token says. Safe
 * for any thread.
 *
 * <p>Measured on JDK 17: a login costs 6 µs with HS256, 60 µs with RS256, 1,000 µs with ES256. The
 * last is too long for an event loop in a storm of logins, so it is done on a worker thread.
 */
public final class Authenticator implements AutoCloseable {
  /**
   * Characters of a token. The frame before authentication is no longer; a token of RS256 with a
   * handful of claims has 700.
   */
  public static final int MAX_TOKEN_LENGTH = 4096;

  private static final Logger log = LoggerFactory.getLogger(Authenticator.class);

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
  private record Verifier(Identity.Kind kind, JWTAuth key, boolean slow) {}

  private record Verified(Identity.Kind kind, JsonObject claims) {}

  private final Vertx vertx;
  private final Clock clock;
  private final KeyReloads reloads;
  private final TokenKeys tokenKeys;
  private final AtomicBoolean looking = new AtomicBoolean();
  private final long leewayMs;
  private final Optional<String> issuer;
  private final Optional<String> audience;

  /** Replaced as a whole when a key file has changed. */
  private volatile Map<KeyName, List<Verifier>> keys;

  private OptionalLong timer = OptionalLong.empty();

  /** Hears of key files that were read again. From any thread. */
  public interface KeyReloads {
    /**
     * @param setting the key of the configuration that names the file
     * @param usable whether the file can be used as it is now
     */
    void looked(String setting, boolean usable);
  }

  /**
   * Reads the keys, and from then on looks at key files each auth.jwksReloadMs. Blocks for as long
   * as it takes to read them.
   *
   * @throws QuipuException INVALID_REQUEST for a key that is none or too weak and for a key file
   *     that cannot be used, NOT_ALLOWED for development tokens beyond loopback; the message names
   *     the key of the configuration
   */
  public Authenticator(Vertx vertx, Configuration configuration, Clock clock, KeyReloads reloads) {
    Configuration.Auth auth = configuration.auth();
    this.vertx = vertx;
    this.clock = clock;
    this.reloads = reloads;
    this.leewayMs = auth.leewaySeconds() * 1000L;
    this.issuer = auth.issuer();
    this.audience = auth.audience();
    this.tokenKeys = new TokenKeys(configuration);
    this.keys = verifiers();
    if (auth.development()) {
      log.warn(
          "DEVELOPMENT TOKENS ARE ACCEPTED: whoever reaches the loopback of this machine can be any"
              + " user and any service. Set auth.development = false for anything real.");
    }
    if (tokenKeys.hasFiles()) {
      timer = OptionalLong.of(vertx.setPeriodic(auth.jwksReloadMs(), unused -> look()));
    }
  }

  /**
   * Reads all keys as the constructor does, and leaves it at that.
   *
   * @throws QuipuException as the constructor
   */
  public static void checkKeys(Configuration configuration) {
    if (new TokenKeys(configuration).all().isEmpty()) {
      throw new QuipuException(ErrorCode.INVALID_REQUEST, "auth: there is no key at all");
    }
  }

  @Override
  public void close() {
    timer.ifPresent(vertx::cancelTimer);
  }

  /** Looks at the key files, on a worker thread; once at a time. */
  Future<Void> look() {
    if (!looking.compareAndSet(false, true)) {
      return Future.succeededFuture();
    }
    return vertx
        .<Void>executeBlocking(
            () -> {
              tokenKeys.look(this::found);
              return null;
            },
            false)
        .onFailure(bug -> log.error("the key files could not be looked at", bug))
        .onComplete(done -> looking.set(false));
  }

  private void found(TokenKeys.Finding finding) {
    if (finding instanceof TokenKeys.Finding.Changed changed) {
      keys = verifiers();
      log.info(
          "{} has changed and is in use: {} keys; by kid: {}",
          changed.file().setting(),
          changed.keys(),
          changed.difference());
      reloads.looked(changed.file().setting(), true);
    } else if (finding instanceof TokenKeys.Finding.Mended mended) {
      log.info("{} can be used again, with the same keys", mended.file().setting());
      reloads.looked(mended.file().setting(), true);
    } else if (finding instanceof TokenKeys.Finding.Broken broken) {
      log.warn("the keys read before stay in use: {}", broken.reason());
      reloads.looked(broken.file().setting(), false);
    }
  }

  private Map<KeyName, List<Verifier>> verifiers() {
    Map<KeyName, List<Verifier>> named = new HashMap<>();
    for (TokenKey key : tokenKeys.all()) {
      named
          .computeIfAbsent(new KeyName(key.algorithm(), key.keyId()), name -> new ArrayList<>(1))
          .add(verifier(vertx, key));
    }
    return Map.copyOf(named);
  }

  /**
   * Who this is: a user or a service. Fails with TOKEN_INVALID or TOKEN_EXPIRED. The detail says
   * which rule the token breaks, and nothing of what it holds.
   */
  public Future<Identity> authenticate(String token) {
    List<Verifier> named;
    try {
      named = named(token);
    } catch (QuipuException e) {
      return Future.failedFuture(e);
    }
    Future<Verified> verified = verified(named.get(0), token);
    for (Verifier other : named.subList(1, named.size())) {
      verified = verified.recover(e -> verified(other, token));
    }
    return verified
        .recover(
            e -> Future.failedFuture(invalid("the token is not signed with a key of this server")))
        .map(this::identity);
  }

  /** The same, for what only users do: a service's token is TOKEN_INVALID. */
  public Future<Identity.User> authenticateUser(String token) {
    return authenticate(token)
        .map(
            identity -> {
              if (identity instanceof Identity.User user) {
                return user;
              }
              throw invalid("a service's token opens no session: services use HTTP");
            });
  }

  private Future<Verified> verified(Verifier verifier, String token) {
    Future<JsonObject> claims =
        verifier.slow
            ? vertx.executeBlocking(() -> claims(verifier, token), false).compose(done -> done)
            : claims(verifier, token);
    return claims.map(known -> new Verified(verifier.kind, known));
  }

  private static Future<JsonObject> claims(Verifier verifier, String token) {
    return Future.succeededFuture(new TokenCredentials(token))
        .compose(verifier.key::authenticate)
        .map(user -> user.attributes().getJsonObject("accessToken"));
  }

  /** The keys that the token's header names: one; of the secrets, the users' and the services'. */
  private List<Verifier> named(String token) {
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
        List<Verifier> found =
            keys.get(new KeyName(algorithm, Optional.ofNullable((String) keyId)));
        if (found != null) {
          return found;
        }
      }
    }
    throw invalid("the token is not signed with a key of this server");
  }

  private Identity identity(Verified verified) {
    JsonObject claims = verified.claims;
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
    Optional<Long> issuedAtMs = time(claims, "iat");
    if (issuedAtMs.orElse(nowMs) > nowMs + leewayMs) {
      throw invalid("the token was issued in the future");
    }
    if (!(claims.getValue("sub") instanceof String sub)) {
      throw invalid("the token has no sub");
    }
    UserId name;
    try {
      name = new UserId(sub); // a service's name keeps to the same rule
    } catch (QuipuException e) {
      throw invalid("the sub of the token is no name: " + e.getMessage());
    }
    long untilMs = expiresAtMs + leewayMs;
    return switch (verified.kind) {
      case SERVICE -> new Identity.Service(name.value(), untilMs, issuedAtMs.orElse(0L));
      case USER -> {
        if (name.equals(UserId.SYSTEM)) {
          throw invalid("the sub of the token is reserved: no user has this name");
        }
        yield new Identity.User(name, untilMs, issuedAtMs.orElse(0L));
      }
    };
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

  private static Verifier verifier(Vertx vertx, TokenKey key) {
    // One key and one algorithm each. The times are checked here, with a clock that tests own.
    JWTAuth one =
        JWTAuth.create(
            vertx,
            new JWTAuthOptions()
                .setJWTOptions(new JWTOptions().setIgnoreExpiration(true))
                .addPubSecKey(
                    new PubSecKeyOptions()
                        .setAlgorithm(key.algorithm())
                        .setBuffer(key.verifying())));
    return new Verifier(key.kind(), one, key.algorithm().equals("ES256"));
  }
}
