package io.quipu.server.session;

import static io.quipu.server.session.Jwts.base64;
import static io.quipu.server.session.Jwts.ec;
import static io.quipu.server.session.Jwts.es256;
import static io.quipu.server.session.Jwts.header;
import static io.quipu.server.session.Jwts.hs256;
import static io.quipu.server.session.Jwts.jwk;
import static io.quipu.server.session.Jwts.jwks;
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
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Services are told from users by the key alone; their tokens meet the same attacks. */
class ServiceTokensTest {
  private static final String USERS = "the secret of the users, more than 32 bytes";
  private static final String SERVICES = "the secret of the services, over 32 bytes";
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

  @TempDir private static Path folder;

  private static Vertx vertx;
  private static KeyPair userRsa;
  private static KeyPair serviceRsa;
  private static KeyPair serviceEc;
  private static Authenticator authenticator;

  @BeforeAll
  static void start() throws GeneralSecurityException, IOException {
    vertx = Vertx.vertx();
    userRsa = rsa(2048);
    serviceRsa = rsa(2048);
    serviceEc = ec("secp256r1");
    Path users = write("users.json", jwks(jwk("u1", userRsa.getPublic())));
    Path services =
        write(
            "services.json",
            jwks(jwk("s1", serviceRsa.getPublic()), jwk("s2", serviceEc.getPublic())));
    authenticator =
        new Authenticator(
            vertx,
            configuration(
                false,
                Optional.of(USERS),
                Optional.of(users),
                Optional.of(SERVICES),
                Optional.of(services)),
            CLOCK,
            (setting, usable) -> {});
  }

  @AfterAll
  static void stop() {
    authenticator.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void theKeySaysWhetherItIsAUserOrAService() {
    long until = (NOW + 60 + LEEWAY) * 1000;
    JsonObject claims = claims().put("iat", NOW - 5);
    for (String token :
        List.of(
            hs256(header("HS256"), claims, SERVICES),
            rs256(header("RS256").put("kid", "s1"), claims, serviceRsa),
            es256(header("ES256").put("kid", "s2"), claims, serviceEc))) {
      assertThat(result(token).result())
          .isEqualTo(new Identity.Service("billing", until, (NOW - 5) * 1000));
    }
    for (String token :
        List.of(
            hs256(header("HS256"), claims, USERS),
            rs256(header("RS256").put("kid", "u1"), claims, userRsa))) {
      assertThat(result(token).result())
          .isEqualTo(new Identity.User(new UserId("billing"), until, (NOW - 5) * 1000));
    }
    assertThat(result(hs256(header("HS256"), claims(), SERVICES)).result().issuedAtMs()).isZero();
  }

  @Test
  void noClaimMakesAUserAServiceOrAServiceAUser() {
    JsonObject boast =
        claims()
            .put("service", true)
            .put("kind", "SERVICE")
            .put("scope", "service admin")
            .put("roles", new JsonArray().add("service"));
    assertThat(result(hs256(header("HS256").put("service", true), boast, USERS)).result())
        .isInstanceOf(Identity.User.class);
    JsonObject humble = claims().put("service", false).put("kind", "USER").put("scope", "user");
    assertThat(result(hs256(header("HS256"), humble, SERVICES)).result())
        .isInstanceOf(Identity.Service.class);
  }

  @Test
  void aKidOfTheOthersKeysIsOfNoUse() {
    refused(rs256(header("RS256").put("kid", "s1"), claims(), userRsa));
    refused(rs256(header("RS256").put("kid", "u1"), claims(), serviceRsa));
    refused(hs256(header("HS256").put("kid", "s1"), claims(), SERVICES));
    refused(hs256(header("HS256").put("kid", "s1"), claims(), USERS));
    refused(es256(header("ES256").put("kid", "s1"), claims(), serviceEc));
    refused(rs256(header("RS256").put("kid", "s2"), claims(), serviceRsa));
  }

  @ParameterizedTest
  @ValueSource(strings = {"s3", "", "S1", "../../dev/null", "s1' OR '1'='1", "development-service"})
  void anUnknownKidIsRefused(String keyId) {
    refused(rs256(header("RS256").put("kid", keyId), claims(), serviceRsa));
    refused(hs256(header("HS256").put("kid", keyId), claims(), SERVICES));
    refused(hs256(header("HS256").put("kid", keyId), claims(), DevelopmentTokens.SERVICE_SECRET));
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "None", "", "HS384", "HS512", "RS512", "PS256"})
  void anAlgorithmThatNoKeyHasIsRefused(String algorithm) {
    String unsigned = base64(header(algorithm)) + "." + base64(claims());
    refused(unsigned + ".");
    refused(unsigned + ".AAAA");
    refused(hs256(header(algorithm), claims(), SERVICES));
    refused(hs256(header(algorithm).put("kid", "s1"), claims(), SERVICES));
  }

  @Test
  void aPublicKeyIsNeverTakenForASecret() {
    for (JsonObject header : List.of(header("HS256"), header("HS256").put("kid", "s1"))) {
      refused(hs256(header, claims(), pem(serviceRsa.getPublic())));
      String signed = base64(header) + "." + base64(claims());
      refused(signed + "." + base64(mac(signed, serviceRsa.getPublic().getEncoded())));
    }
  }

  @Test
  void timesIssuerAndAudienceAreThoseOfUsers() {
    JsonObject header = header("HS256");
    assertThat(code(hs256(header, claims().put("exp", NOW - LEEWAY), SERVICES)))
        .isEqualTo(ErrorCode.TOKEN_EXPIRED);
    refused(hs256(header, claims().put("nbf", NOW + LEEWAY + 1), SERVICES));
    refused(hs256(header, claims().put("iat", NOW + LEEWAY + 1), SERVICES));
    refused(hs256(header, claims().put("iss", "another"), SERVICES));
    refused(hs256(header, claims().put("aud", "another"), SERVICES));
    refused(hs256(header, without("exp"), SERVICES));
    refused(hs256(header, without("sub"), SERVICES));
    refused(hs256(header, claims().put("sub", "a\r\nb"), SERVICES));
    refused(hs256(header, claims(), SERVICES + "!"));
  }

  @Test
  void aServiceOpensNoSession() {
    Future<Identity.User> refused =
        authenticator.authenticateUser(hs256(header("HS256"), claims(), SERVICES));
    refused.otherwiseEmpty().toCompletionStage().toCompletableFuture().join();
    assertThat(((QuipuException) refused.cause()).code()).isEqualTo(ErrorCode.TOKEN_INVALID);
    assertThat(refused.cause()).hasMessage("a service's token opens no session: services use HTTP");
  }

  @Test
  void noUserHasTheNameOfTheSystem() {
    assertThat(refused(hs256(header("HS256"), claims().put("sub", "system"), USERS)))
        .contains("reserved");
    assertThat(result(hs256(header("HS256"), claims().put("sub", "system"), SERVICES)).result())
        .isInstanceOf(Identity.Service.class);
  }

  @Test
  void developmentHasAKeyForServicesTooAndOnlyThere() {
    Configuration development =
        configuration(true, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    DevelopmentTokens tokens = new DevelopmentTokens(development, CLOCK);
    String service = tokens.issueForService("billing", 60);
    String user = tokens.issue(new UserId("alice"), 60);
    refused(service);
    refused(user);
    try (Authenticator open =
        new Authenticator(vertx, development, CLOCK, (setting, usable) -> {})) {
      assertThat(result(open, service).result()).isInstanceOf(Identity.Service.class);
      assertThat(result(open, user).result()).isInstanceOf(Identity.User.class);
      JsonObject header = header("HS256").put("kid", DevelopmentTokens.SERVICE_KEY_ID);
      assertThat(result(open, hs256(header, claims(), DevelopmentTokens.SECRET)).failed()).isTrue();
    }
  }

  @Test
  void aConfiguredSecretSignsWhatIsIssued() {
    Configuration configuration =
        configuration(
            false, Optional.of(USERS), Optional.empty(), Optional.of(SERVICES), Optional.empty());
    DevelopmentTokens tokens = new DevelopmentTokens(configuration, CLOCK);
    assertThat(result(tokens.issueForService("billing", 60)).result())
        .isEqualTo(new Identity.Service("billing", (NOW + 60 + LEEWAY) * 1000, NOW_MS));
    assertThat(result(tokens.issue(new UserId("alice"), 60)).result())
        .isInstanceOf(Identity.User.class);
    assertThatThrownBy(() -> tokens.issueForService("a b", 60)).isInstanceOf(QuipuException.class);
    assertThatThrownBy(() -> tokens.issue(UserId.SYSTEM, 60)).hasMessageContaining("reserved");
  }

  @Test
  void usersAndServicesShareNoKeyAndNoKid() throws IOException {
    Path same = write("same.json", jwks(jwk("other", userRsa.getPublic())));
    Path users = write("u.json", jwks(jwk("u1", userRsa.getPublic())));
    assertThatThrownBy(() -> withFiles(users, same))
        .hasMessageContaining("auth.serviceJwksFile")
        .hasMessageContaining("users and services must not share one");
    Path sameId = write("sameId.json", jwks(jwk("u1", serviceRsa.getPublic())));
    assertThatThrownBy(() -> withFiles(users, sameId))
        .hasMessageContaining("auth.serviceJwksFile")
        .hasMessageContaining("u1 is there twice")
        .hasMessageContaining("auth.jwksFile");
    assertThatThrownBy(
            () ->
                Authenticator.checkKeys(
                    configuration(
                        false,
                        Optional.of(USERS),
                        Optional.empty(),
                        Optional.of(USERS),
                        Optional.empty())))
        .hasMessageContaining("must not share one");
  }

  private static void withFiles(Path users, Path services) {
    Authenticator.checkKeys(
        configuration(
            false, Optional.empty(), Optional.of(users), Optional.empty(), Optional.of(services)));
  }

  private static Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text, StandardCharsets.UTF_8);
  }

  private static String refused(String token) {
    assertThat(code(token)).isEqualTo(ErrorCode.TOKEN_INVALID);
    String detail = result(token).cause().getMessage();
    assertThat(detail).doesNotContain("billing", USERS, SERVICES, "\n");
    return detail;
  }

  private static ErrorCode code(String token) {
    Future<Identity> result = result(token);
    assertThat(result.failed()).as("accepted: %.200s", token).isTrue();
    return ((QuipuException) result.cause()).code();
  }

  private static Future<Identity> result(String token) {
    return result(authenticator, token);
  }

  private static Future<Identity> result(Authenticator by, String token) {
    Future<Identity> result = by.authenticate(token);
    result.otherwiseEmpty().toCompletionStage().toCompletableFuture().join();
    return result;
  }

  private static JsonObject claims() {
    return new JsonObject()
        .put("sub", "billing")
        .put("iss", "the issuer")
        .put("aud", "quipu")
        .put("exp", NOW + 60);
  }

  private static JsonObject without(String name) {
    JsonObject claims = claims();
    claims.remove(name);
    return claims;
  }

  private static Configuration configuration(
      boolean development,
      Optional<String> secret,
      Optional<Path> file,
      Optional<String> serviceSecret,
      Optional<Path> serviceFile) {
    Configuration.Auth auth =
        new Configuration.Auth(
            development,
            development ? Optional.empty() : Optional.of("the issuer"),
            development ? Optional.empty() : Optional.of("quipu"),
            secret,
            List.of(),
            file.map(Path::toString),
            serviceSecret,
            serviceFile.map(Path::toString),
            3_600_000,
            LEEWAY);
    return KeyReloadTest.configuration(auth);
  }
}
