package io.quipu.server.session;

import static io.quipu.server.session.Jwts.ec;
import static io.quipu.server.session.Jwts.es256;
import static io.quipu.server.session.Jwts.header;
import static io.quipu.server.session.Jwts.hs256;
import static io.quipu.server.session.Jwts.jwk;
import static io.quipu.server.session.Jwts.jwks;
import static io.quipu.server.session.Jwts.rs256;
import static io.quipu.server.session.Jwts.rsa;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.config.Configuration;
import io.quipu.server.time.SystemClock;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys in a file: what it may hold, and that a change of it is taken or refused as a whole. */
class KeyReloadTest {
  private static final String SECRET = "a secret in a key file, of more than 32 bytes";
  private static final int NEVER_MS = 3_600_000;

  private static Vertx vertx;
  private static KeyPair one;
  private static KeyPair two;
  private static KeyPair three;
  private static KeyPair other;

  @TempDir private Path folder;

  private final List<String> looks = new CopyOnWriteArrayList<>();
  private Path file;

  @BeforeAll
  static void start() throws GeneralSecurityException {
    vertx = Vertx.vertx();
    one = rsa(2048);
    two = rsa(2048);
    three = ec("secp256r1");
    other = rsa(2048);
  }

  @AfterAll
  static void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @BeforeEach
  void fileOfOneKey() throws IOException {
    file = folder.resolve("keys.json");
    write(jwks(jwk("one", one.getPublic())));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    Files.deleteIfExists(file);
  }

  @Test
  void everyKindOfKeyOfOneFileIsUsed() throws IOException {
    write(
        jwks(
            jwk("one", one.getPublic()),
            jwk("two", two.getPublic()),
            jwk("three", three.getPublic()),
            jwk("four", SECRET)));
    try (Authenticator keys = authenticator(NEVER_MS)) {
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      assertThat(accepts(keys, tokenOfTwo())).isTrue();
      assertThat(accepts(keys, es256(header("ES256").put("kid", "three"), claims(), three)))
          .isTrue();
      assertThat(accepts(keys, hs256(header("HS256").put("kid", "four"), claims(), SECRET)))
          .isTrue();
      assertThat(accepts(keys, hs256(header("HS256"), claims(), SECRET))).isFalse();
      assertThat(accepts(keys, rs256(header("RS256").put("kid", "two"), claims(), one))).isFalse();
    }
  }

  @Test
  void whatStandsInTheFileNowIsWhatCounts() throws IOException {
    try (Authenticator keys = authenticator(NEVER_MS)) {
      write(jwks(jwk("one", one.getPublic()), jwk("two", two.getPublic())));
      assertThat(accepts(keys, tokenOfTwo())).as("before it was looked at").isFalse();
      look(keys);
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      assertThat(accepts(keys, tokenOfTwo())).isTrue();

      write(jwks(jwk("two", two.getPublic())));
      look(keys);
      assertThat(accepts(keys, tokenOfOne())).as("a key that was taken out").isFalse();
      assertThat(accepts(keys, tokenOfTwo())).isTrue();

      write(jwks(jwk("two", one.getPublic())));
      look(keys);
      assertThat(accepts(keys, tokenOfTwo())).as("another key under the same kid").isFalse();

      write("{\"keys\":[]}");
      look(keys);
      assertThat(accepts(keys, rs256(header("RS256").put("kid", "two"), claims(), one)))
          .as("the last key was taken out")
          .isFalse();
      assertThat(looks).containsExactly("true", "true", "true", "true");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"keys\":[{\"kty\":\"RSA\"",
        "[]",
        "null",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[1]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"e\",\"x\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"***\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\",\"x\":\"AQ\",\"y\":\"AQ\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"o\",\"k\":\"c2hvcnQ\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}]}"
      })
  void aBrokenFileLeavesTheKeysAsTheyWereAndIsToldOnce(String broken) throws IOException {
    try (Authenticator keys = authenticator(NEVER_MS)) {
      write(broken);
      look(keys);
      look(keys);
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      assertThat(looks).containsExactly("false");

      write(jwks(jwk("two", two.getPublic())));
      look(keys);
      assertThat(accepts(keys, tokenOfTwo())).isTrue();
      assertThat(accepts(keys, tokenOfOne())).isFalse();
      assertThat(looks).containsExactly("false", "true");
    }
    write(broken);
    assertThatThrownBy(() -> authenticator(NEVER_MS).close())
        .isInstanceOf(QuipuException.class)
        .matches(e -> ((QuipuException) e).code() == ErrorCode.INVALID_REQUEST)
        .hasMessageContaining("auth.jwksFile")
        .hasMessageContaining("keys.json");
  }

  @Test
  void aBrokenFileKeepsItsKeysWhenTheOtherFileChanges() throws IOException {
    Path services = Files.writeString(folder.resolve("s.json"), jwks(jwk("s", two.getPublic())));
    String token = rs256(header("RS256").put("kid", "s"), claims(), other);
    try (Authenticator keys = authenticator(NEVER_MS, Optional.of(services))) {
      write("{");
      Files.writeString(services, jwks(jwk("s", other.getPublic())));
      look(keys);
      assertThat(accepts(keys, tokenOfOne())).as("of the broken file").isTrue();
      assertThat(accepts(keys, token)).as("of the changed file").isTrue();
      assertThat(looks).containsExactly("false", "true");
    }
  }

  @Test
  void aFileThatIsAwayForAWhileLeavesTheKeysAsTheyWere() throws IOException {
    try (Authenticator keys = authenticator(NEVER_MS)) {
      String content = Files.readString(file);
      Files.delete(file);
      look(keys);
      look(keys);
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      write(content);
      look(keys);
      look(keys);
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      assertThat(looks).containsExactly("false", "true");
    }
  }

  @Test
  void aKidThatStandsTwiceIsAnError() throws IOException {
    try (Authenticator keys = authenticator(NEVER_MS)) {
      write(jwks(jwk("two", two.getPublic()), jwk("two", three.getPublic())));
      look(keys);
      assertThat(accepts(keys, tokenOfTwo())).isFalse();
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      assertThat(looks).containsExactly("false");
    }
    assertThatThrownBy(() -> authenticator(NEVER_MS).close())
        .hasMessageContaining("two is there twice");
  }

  @Test
  void whatIsForOthersIsPassedOver() throws IOException {
    JsonObject encryption = jwk("enc", two.getPublic()).put("use", "enc").put("alg", "RSA-OAEP");
    JsonObject otherAlgorithm = jwk("rs512", two.getPublic()).put("alg", "RS512");
    JsonObject signing = jwk("ops", two.getPublic()).put("key_ops", new JsonArray().add("encrypt"));
    JsonObject unknown = new JsonObject().put("kty", "AKP").put("kid", "pq").put("pub", "AA");
    write(jwks(encryption, otherAlgorithm, signing, unknown, jwk("one", one.getPublic())));
    try (Authenticator keys = authenticator(NEVER_MS)) {
      assertThat(accepts(keys, tokenOfOne())).isTrue();
      for (String kid : List.of("enc", "rs512", "ops", "pq")) {
        assertThat(accepts(keys, rs256(header("RS256").put("kid", kid), claims(), two))).isFalse();
      }
    }
  }

  @Test
  void aPrivateKeyAndTooMuchAreErrors() throws IOException {
    write(jwks(jwk("one", one.getPublic()).put("d", "c2VjcmV0")));
    assertThatThrownBy(() -> authenticator(NEVER_MS).close())
        .hasMessageContaining("kid one")
        .hasMessageContaining("private")
        .hasMessageNotContaining("c2VjcmV0");
    JsonObject[] many = new JsonObject[JwksFile.MAX_KEYS + 1];
    for (int i = 0; i < many.length; i++) {
      many[i] = jwk("k" + i, one.getPublic());
    }
    write(jwks(many));
    assertThatThrownBy(() -> authenticator(NEVER_MS).close())
        .hasMessageContaining("101 keys, allowed are 100");
    write(" ".repeat(JwksFile.MAX_BYTES + 1));
    assertThatThrownBy(() -> authenticator(NEVER_MS).close())
        .hasMessageContaining("more than 262144 bytes");
    Files.delete(file);
    assertThatThrownBy(() -> authenticator(NEVER_MS).close())
        .hasMessageContaining("there is no such file");
  }

  @Test
  void aNodeLooksByItself() throws IOException {
    try (Authenticator keys = authenticator(20)) {
      write(jwks(jwk("two", two.getPublic())));
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> accepts(keys, tokenOfTwo()) && !accepts(keys, tokenOfOne()));
    }
  }

  private void write(String text) throws IOException {
    Files.writeString(file, text);
  }

  private static void look(Authenticator keys) {
    keys.look().toCompletionStage().toCompletableFuture().join();
  }

  private static boolean accepts(Authenticator keys, String token) {
    Future<Identity> result = keys.authenticate(token);
    result.otherwiseEmpty().toCompletionStage().toCompletableFuture().join();
    return result.succeeded();
  }

  private static String tokenOfOne() {
    return rs256(header("RS256").put("kid", "one"), claims(), one);
  }

  private static String tokenOfTwo() {
    return rs256(header("RS256").put("kid", "two"), claims(), two);
  }

  private static JsonObject claims() {
    long nowSeconds = new SystemClock().unixMs() / 1000;
    return new JsonObject().put("sub", "alice").put("exp", nowSeconds + 3_600);
  }

  private Authenticator authenticator(int reloadMs) {
    return authenticator(reloadMs, Optional.empty());
  }

  private Authenticator authenticator(int reloadMs, Optional<Path> services) {
    Configuration.Auth auth =
        new Configuration.Auth(
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.of(file.toString()),
            Optional.empty(),
            services.map(Path::toString),
            reloadMs,
            30);
    return new Authenticator(
        vertx,
        configuration(auth),
        new SystemClock(),
        (setting, usable) -> looks.add(String.valueOf(usable)));
  }

  /** Only what an authenticator reads is there. */
  static Configuration configuration(Configuration.Auth auth) {
    return new Configuration(
        null,
        null,
        new Configuration.Tcp(true, "127.0.0.1", 0),
        new Configuration.Http("127.0.0.1", 0, List.of(), 65_536),
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
}
