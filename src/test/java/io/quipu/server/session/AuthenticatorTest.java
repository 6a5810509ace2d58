package io.quipu.server.session;

import static io.quipu.server.session.Jwts.base64;
import static io.quipu.server.session.Jwts.ec;
import static io.quipu.server.session.Jwts.es256;
import static io.quipu.server.session.Jwts.header;
import static io.quipu.server.session.Jwts.hs256;
import static io.quipu.server.session.Jwts.mac;
import static io.quipu.server.session.Jwts.pem;
import static io.quipu.server.session.Jwts.rs256;
import static io.quipu.server.session.Jwts.rsa;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.server.config.Configuration;
import io.quipu.server.time.Clock;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every attack on a token that CHECKS names, and a few more. */
class AuthenticatorTest {
  private static final String SECRET = "a configured secret of more than 32 bytes";
  private static final long NOW_MS = 1_800_000_000_000L;
  private static final long NOW = NOW_MS / 1000;
  private static final int LEEWAY = 30;
  private static final Clock CLOCK =
      new Clock() {
        @Override
        public long nowMs() {
          return 0;
        }

        @Override
        public long unixMs() {
          return NOW_MS;
        }
      };

  private static final Authenticator.KeyReloads IGNORED = (setting, usable) -> {};

  private static Vertx vertx;
  private static KeyPair rsa;
  private static KeyPair otherRsa;
  private static KeyPair ec;
  private static Authenticator authenticator;

  @BeforeAll
  static void start() throws GeneralSecurityException {
    vertx = Vertx.vertx();
    rsa = rsa(2048);
    otherRsa = rsa(2048);
    ec = ec("secp256r1");
    authenticator =
        authenticator(
            auth(
                Optional.of("the issuer"),
                Optional.of("quipu"),
                Optional.of(SECRET),
                key("r1", "RS256", rsa.getPublic()),
                key("e1", "ES256", ec.getPublic())));
  }

  @AfterAll
  static void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void everyKindOfKeyIsAccepted() {
    String user = "zoë-\uD83D\uDC27";
    for (String token :
        List.of(
            hs256(header("HS256"), claims().put("sub", user), SECRET),
            rs256(header("RS256").put("kid", "r1"), claims().put("sub", user), rsa),
            es256(header("ES256").put("kid", "e1"), claims().put("sub", user), ec))) {
      assertThat(result(authenticator, token).result())
          .isEqualTo(new Identity.User(new UserId(user), (NOW + 60 + LEEWAY) * 1000, 0));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "None", "NONE", "", "HS384", "HS512", "RS512", "PS256", "EdDSA"})
  void anAlgorithmThatNoKeyHasIsRefused(String algorithm) {
    String unsigned = base64(header(algorithm)) + "." + base64(claims());
    refused(unsigned);
    refused(unsigned + ".");
    refused(unsigned + ".AAAA");
    refused(unsigned + "." + base64(mac(unsigned, SECRET.getBytes(StandardCharsets.UTF_8))));
    refused(hs256(header(algorithm).put("kid", "r1"), claims(), SECRET));
  }

  @Test
  void aPublicKeyIsNeverTakenForASecret() {
    String pem = pem(rsa.getPublic());
    for (String secret : List.of(pem, pem + "\n", pem.replace("\n", ""))) {
      refused(hs256(header("HS256"), claims(), secret));
      refused(hs256(header("HS256").put("kid", "r1"), claims(), secret));
    }
    JsonObject header = header("HS256").put("kid", "r1");
    String signed = base64(header) + "." + base64(claims());
    refused(signed + "." + base64(mac(signed, rsa.getPublic().getEncoded())));
  }

  @Test
  void aKeyOfOneAlgorithmIsNotUsedForAnother() {
    refused(rs256(header("RS256").put("kid", "e1"), claims(), rsa));
    refused(es256(header("ES256").put("kid", "r1"), claims(), ec));
    refused(es256(header("RS256").put("kid", "r1"), claims(), ec));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "r2",
        "",
        "R1",
        "r1 ",
        "../../dev/null",
        "r1' OR '1'='1",
        "r1\u0000",
        "development"
      })
  void anUnknownKidIsRefused(String keyId) {
    refused(rs256(header("RS256").put("kid", keyId), claims(), rsa));
    refused(hs256(header("HS256").put("kid", keyId), claims(), SECRET));
    refused(
        hs256(
            header("HS256").put("kid", keyId),
            claims(),
            "" + "an empty file's bytes cannot be guessed either"));
  }

  @Test
  void aKidThatIsAbsentOrNoStringIsRefused() {
    refused(rs256(header("RS256"), claims(), rsa));
    refused(rs256(header("RS256").putNull("kid"), claims(), rsa));
    refused(rs256(header("RS256").put("kid", 1), claims(), rsa));
    refused(rs256(header("RS256").put("kid", new JsonArray().add("r1")), claims(), rsa));
    refused(rs256(new JsonObject().put("kid", "r1"), claims(), rsa));
    refused(rs256(header("RS256").put("alg", 256).put("kid", "r1"), claims(), rsa));
  }

  @Test
  void aKeyThatTheTokenBringsAlongIsNotUsed() {
    byte[] encoded = otherRsa.getPublic().getEncoded();
    JsonObject jwk =
        new JsonObject()
            .put("kty", "RSA")
            .put("kid", "r1")
            .put("n", Base64.getUrlEncoder().encodeToString(encoded))
            .put("e", "AQAB");
    JsonObject header =
        header("RS256")
            .put("kid", "r1")
            .put("jwk", jwk)
            .put("jku", "http://127.0.0.1:1/keys.json")
            .put("x5u", "http://127.0.0.1:1/certificate.pem")
            .put("x5c", new JsonArray().add(Base64.getEncoder().encodeToString(encoded)));
    refused(rs256(header, claims(), otherRsa));
  }

  @Test
  void aForgedSignatureIsRefused() {
    refused(hs256(header("HS256"), claims(), SECRET + "!"));
    refused(rs256(header("RS256").put("kid", "r1"), claims(), otherRsa));
    String ecToken = es256(header("ES256").put("kid", "e1"), claims(), ec);
    String signed = ecToken.substring(0, ecToken.lastIndexOf('.') + 1);
    refused(signed + base64(new byte[64])); // r = s = 0, which some JDKs took for any message
    refused(signed + base64(new byte[0]));
    refused(signed + base64(new byte[1]));
    refused(signed + base64(new byte[63]));
    refused(signed + base64(new byte[200]));
    byte[] order = new byte[64];
    Arrays.fill(order, (byte) 0xff);
    refused(signed + base64(order));
    String rsaToken = rs256(header("RS256").put("kid", "r1"), claims(), rsa);
    refused(rsaToken.substring(0, rsaToken.length() - 20));
    refused(rsaToken.substring(0, rsaToken.lastIndexOf('.') + 1) + "AA");
  }

  @Test
  void theClaimsOfOneTokenDoNotGoWithTheSignatureOfAnother() {
    String alice = hs256(header("HS256"), claims(), SECRET);
    String bob = base64(claims().put("sub", "bob"));
    String[] parts = alice.split("\\.", -1);
    refused(parts[0] + "." + bob + "." + parts[2]);
  }

  @Test
  void whatIsNoTokenIsRefused() {
    String good = hs256(header("HS256"), claims(), SECRET);
    for (String token :
        List.of(
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            "alice",
            good + ".",
            good + "..",
            "." + good,
            good + ".AA",
            good + "=",
            good + "\n",
            good + "\u0000",
            " " + good,
            "Bearer " + good,
            good.replace('.', '\u3002'),
            base64("[]".getBytes(StandardCharsets.UTF_8)) + ".e30.AA",
            base64("null".getBytes(StandardCharsets.UTF_8)) + ".e30.AA",
            base64("{".repeat(1000).getBytes(StandardCharsets.UTF_8)) + ".e30.AA",
            base64("[".repeat(1500).getBytes(StandardCharsets.UTF_8)) + ".e30.AA",
            signed(header("HS256"), "[1]"),
            signed(header("HS256"), "null"),
            signed(header("HS256"), "{\"sub\":\"alice\"} x"),
            signed(header("HS256"), "[".repeat(1500)))) {
      refused(token);
    }
  }

  @Test
  void aLongTokenIsRefusedBeforeItIsLookedAt() {
    JsonObject claims = claims().put("more", "x".repeat(Authenticator.MAX_TOKEN_LENGTH));
    assertThat(refused(hs256(header("HS256"), claims, SECRET))).contains("at most 4096 characters");
    refused("A".repeat(50_000_000));
    refused("A".repeat(2000) + "." + "A".repeat(2000) + "."); // and no time is spent on the pattern
  }

  @Test
  void anExtensionThatMustBeUnderstoodIsRefused() {
    JsonArray crit = new JsonArray().add("b64");
    refused(hs256(header("HS256").put("crit", crit).put("b64", false), claims(), SECRET));
    refused(hs256(header("HS256").putNull("crit"), claims(), SECRET));
  }

  @Test
  void aTokenExpiresAfterTheLeewayAndNotBefore() {
    JsonObject header = header("HS256");
    accepted(hs256(header, claims().put("exp", NOW - LEEWAY + 1), SECRET));
    expired(hs256(header, claims().put("exp", NOW - LEEWAY), SECRET));
    expired(hs256(header, claims().put("exp", NOW - LEEWAY - 0.5), SECRET));
    expired(hs256(header, claims().put("exp", 0), SECRET));
    expired(hs256(header, claims().put("exp", -1e11), SECRET));
    expired(hs256(header, claims().put("exp", -0.5), SECRET));
  }

  @Test
  void aTokenThatNeverExpiresIsRefused() {
    for (Object exp : new Object[] {"1900000000", true, new JsonArray().add(NOW + 60), 1e300}) {
      refused(hs256(header("HS256"), claims().put("exp", exp), SECRET));
    }
    JsonObject without = claims();
    without.remove("exp");
    assertThat(refused(hs256(header("HS256"), without, SECRET))).isEqualTo("the token has no exp");
    refused(hs256(header("HS256"), claims().putNull("exp"), SECRET));
    refused(signed(header("HS256"), claims().encode().replace("" + (NOW + 60), "NaN")));
    refused(signed(header("HS256"), claims().encode().replace("" + (NOW + 60), "1e999999999")));
    refused(signed(header("HS256"), claims().encode().replace("" + (NOW + 60), "9".repeat(900))));
  }

  @Test
  void aTokenFromTheFutureIsRefused() {
    JsonObject header = header("HS256");
    accepted(hs256(header, claims().put("nbf", NOW + LEEWAY).put("iat", NOW + LEEWAY), SECRET));
    refused(hs256(header, claims().put("nbf", NOW + LEEWAY + 1), SECRET));
    refused(hs256(header, claims().put("iat", NOW + LEEWAY + 1), SECRET));
    refused(hs256(header, claims().put("nbf", "soon"), SECRET));
    refused(hs256(header, claims().put("iat", new JsonObject()), SECRET));
  }

  @Test
  void anotherIssuerIsRefused() {
    for (Object iss : new Object[] {"The issuer", "", 1, new JsonArray().add("the issuer")}) {
      refused(hs256(header("HS256"), claims().put("iss", iss), SECRET));
    }
    JsonObject without = claims();
    without.remove("iss");
    refused(hs256(header("HS256"), without, SECRET));
  }

  @Test
  void anotherAudienceIsRefused() {
    JsonArray several = new JsonArray().add("other").add("quipu");
    accepted(hs256(header("HS256"), claims().put("aud", several), SECRET));
    for (Object aud :
        new Object[] {
          "other",
          "quip",
          "quipu2",
          1,
          new JsonArray(),
          new JsonArray().add("other"),
          new JsonObject().put("quipu", "quipu"),
          new JsonArray().add(several)
        }) {
      refused(hs256(header("HS256"), claims().put("aud", aud), SECRET));
    }
    JsonObject without = claims();
    without.remove("aud");
    refused(hs256(header("HS256"), without, SECRET));
  }

  @Test
  void issuerAndAudienceAreNotCheckedWhenTheyAreNotConfigured() {
    Authenticator lenient =
        authenticator(auth(Optional.empty(), Optional.empty(), Optional.of(SECRET)));
    JsonObject claims = new JsonObject().put("sub", "alice").put("exp", NOW + 60);
    assertThat(result(lenient, hs256(header("HS256"), claims, SECRET)).succeeded()).isTrue();
    assertThat(result(lenient, hs256(header("HS256"), claims(), SECRET)).succeeded()).isTrue();
  }

  @Test
  void theSubMustBeAUser() {
    for (Object sub :
        new Object[] {
          "",
          "a~b",
          "a b",
          "a/b",
          "a\u0000b",
          "a\r\nINFO forged",
          "x".repeat(65),
          7,
          true,
          new JsonArray().add("alice"),
          "\u202Ealice"
        }) {
      refused(hs256(header("HS256"), claims().put("sub", sub), SECRET));
    }
    JsonObject without = claims();
    without.remove("sub");
    refused(hs256(header("HS256"), without, SECRET));
    refused(signed(header("HS256"), claims().encode().replace("alice", "\\ud800")));
  }

  @Test
  void developmentTokensAreRefusedUnlessTheyAreOn() {
    String token = new DevelopmentTokens(development("127.0.0.1", "::1"), CLOCK).issue(alice(), 60);
    refused(token);
    refused(hs256(header("HS256"), claims(), DevelopmentTokens.SECRET));
    Authenticator open =
        new Authenticator(vertx, development("127.0.0.1", "localhost"), CLOCK, IGNORED);
    assertThat(userOf(open, token)).isEqualTo(alice());
    assertThat(result(open, hs256(header("HS256"), claims(), DevelopmentTokens.SECRET)).failed())
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "::",
        "192.168.1.1",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "",
        "128.0.0.1"
      })
  void developmentTokensAreForLoopbackOnly(String host) {
    for (Configuration configuration :
        List.of(development("127.0.0.1", host), development(host, "127.0.0.1"))) {
      assertThatThrownBy(() -> new Authenticator(vertx, configuration, CLOCK, IGNORED))
          .isInstanceOf(QuipuException.class)
          .hasMessageContaining("loopback only");
      assertThatThrownBy(() -> new DevelopmentTokens(configuration, CLOCK))
          .hasMessageContaining("loopback only");
    }
  }

  @Test
  void aTokenIsIssuedWithTheConfiguredSecret() {
    Configuration configuration =
        configuration(
            auth(Optional.of("the issuer"), Optional.of("quipu"), Optional.of(SECRET)),
            "0.0.0.0",
            "0.0.0.0");
    String token = new DevelopmentTokens(configuration, CLOCK).issue(alice(), 60);
    assertThat(result(authenticator, token).result())
        .isEqualTo(new Identity.User(alice(), (NOW + 60 + LEEWAY) * 1000, NOW_MS));
  }

  @Test
  void noTokenIsIssuedWithoutASecret() {
    Configuration configuration =
        configuration(auth(Optional.empty(), Optional.empty(), Optional.empty()), "::1", "::1");
    DevelopmentTokens none = new DevelopmentTokens(configuration, CLOCK);
    assertThatThrownBy(() -> none.issue(alice(), 60))
        .isInstanceOf(QuipuException.class)
        .hasMessageContaining("auth.hs256Secret is absent");
    assertThatThrownBy(() -> none.issueForService("billing", 60))
        .isInstanceOf(QuipuException.class)
        .hasMessageContaining("auth.serviceHs256Secret is absent");
    DevelopmentTokens tokens = new DevelopmentTokens(development("::1", "::1"), CLOCK);
    assertThatThrownBy(() -> tokens.issue(alice(), 0)).isInstanceOf(QuipuException.class);
    assertThatThrownBy(() -> tokens.issue(alice(), Integer.MAX_VALUE))
        .isInstanceOf(QuipuException.class);
  }

  @Test
  void weakOrWrongKeysAreRefusedAtTheStart() throws GeneralSecurityException {
    weak(key("k", "RS256", rsa(1024).getPublic()), "at least 2048 bits");
    weak(key("k", "ES256", ec("secp384r1").getPublic()), "curve P-256");
    weak(key("k", "RS256", ec.getPublic()), "an RSA key");
    weak(key("k", "ES256", rsa.getPublic()), "an EC key");
    weak(key("k", "HS256", rsa.getPublic()), "RS256 or ES256");
    weak(new Configuration.PublicKey("k", "RS256", "-----BEGIN PUBLIC KEY-----\nnope"), "PEM");
    assertThatThrownBy(
            () ->
                authenticator(
                    auth(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        key("k", "RS256", rsa.getPublic()),
                        key("k", "RS256", otherRsa.getPublic()))))
        .hasMessageContaining("is there twice");
    assertThatThrownBy(
            () -> authenticator(auth(Optional.empty(), Optional.empty(), Optional.of("short"))))
        .hasMessageContaining("at least 32 bytes");
  }

  @Test
  void aKeyIsReadWhateverItsLineEnds() {
    String pem = pem(rsa.getPublic());
    for (String written : List.of(pem, pem.replace("\n", "\r\n"), "\n" + pem + "\n\n")) {
      Authenticator one =
          authenticator(
              auth(
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  new Configuration.PublicKey("r1", "RS256", written)));
      assertThat(result(one, rs256(header("RS256").put("kid", "r1"), claims(), rsa)).succeeded())
          .isTrue();
    }
  }

  @Test
  void manyThreadsAtOnceGetTheirOwnAnswers() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Boolean>> logins = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        JsonObject claims = claims().put("sub", "user" + i);
        String token =
            switch (i % 3) {
              case 0 -> hs256(header("HS256"), claims, SECRET);
              case 1 -> rs256(header("RS256").put("kid", "r1"), claims, rsa);
              default -> es256(header("ES256").put("kid", "e1"), claims, ec);
            };
        UserId user = new UserId("user" + i);
        logins.add(() -> userOf(authenticator, token).equals(user));
      }
      for (var login : threads.invokeAll(logins)) {
        assertThat(login.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** With claims that may be no JSON. */
  private static String signed(JsonObject header, String claims) {
    return Jwts.signed(header, claims, SECRET);
  }

  private static void accepted(String token) {
    assertThat(result(authenticator, token).succeeded()).isTrue();
  }

  /** Its detail, which holds nothing of the token. */
  private static String refused(String token) {
    return failure(token, ErrorCode.TOKEN_INVALID);
  }

  private static void expired(String token) {
    assertThat(failure(token, ErrorCode.TOKEN_EXPIRED)).isEqualTo("the token has expired");
  }

  private static String failure(String token, ErrorCode code) {
    Future<Identity> result = result(authenticator, token);
    assertThat(result.failed()).as("accepted: %.200s", token).isTrue();
    assertThat(result.cause()).isInstanceOf(QuipuException.class);
    assertThat(((QuipuException) result.cause()).code()).isEqualTo(code);
    String detail = result.cause().getMessage();
    assertThat(detail).hasSizeLessThan(120).doesNotContain("alice", SECRET, "\n", "\u0000");
    return detail;
  }

  private static Future<Identity> result(Authenticator by, String token) {
    Future<Identity> result = by.authenticate(token);
    result.otherwiseEmpty().toCompletionStage().toCompletableFuture().join();
    return result;
  }

  private static UserId userOf(Authenticator by, String token) {
    return ((Identity.User) result(by, token).result()).user();
  }

  private static void weak(Configuration.PublicKey key, String allowed) {
    assertThatThrownBy(
            () -> authenticator(auth(Optional.empty(), Optional.empty(), Optional.of(SECRET), key)))
        .isInstanceOf(QuipuException.class)
        .hasMessageContaining("auth.publicKeys, keyId " + key.keyId())
        .hasMessageContaining(allowed);
  }

  private static UserId alice() {
    return new UserId("alice");
  }

  private static Authenticator authenticator(Configuration.Auth auth) {
    return new Authenticator(vertx, configuration(auth, "0.0.0.0", "0.0.0.0"), CLOCK, IGNORED);
  }

  private static Configuration.Auth auth(
      Optional<String> issuer,
      Optional<String> audience,
      Optional<String> secret,
      Configuration.PublicKey... keys) {
    return new Configuration.Auth(
        false,
        issuer,
        audience,
        secret,
        List.of(keys),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        5_000,
        LEEWAY);
  }

  private static Configuration development(String tcpHost, String httpHost) {
    return configuration(
        new Configuration.Auth(
            true,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            5_000,
            LEEWAY),
        tcpHost,
        httpHost);
  }

  /** Only what an authenticator reads is there. */
  private static Configuration configuration(
      Configuration.Auth auth, String tcpHost, String httpHost) {
    return new Configuration(
        null,
        null,
        new Configuration.Tcp(true, tcpHost, 0),
        new Configuration.Http(httpHost, 0, List.of(), 65_536),
        null,
        null,
        auth,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private static Configuration.PublicKey key(String keyId, String algorithm, PublicKey key) {
    return new Configuration.PublicKey(keyId, algorithm, pem(key));
  }

  private static JsonObject claims() {
    return new JsonObject()
        .put("sub", "alice")
        .put("iss", "the issuer")
        .put("aud", "quipu")
        .put("exp", NOW + 60);
  }
}
