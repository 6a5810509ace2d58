package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * A JSON Web Key Set (RFC 7517) in a file: RSA keys for RS256, EC keys of P-256 for ES256, secrets
 * (oct) for HS256, each with a {@code kid}.
 *
 * <p>As the RFC asks, keys of other kinds and for other uses are passed over: issuers publish those
 * in the same set. A key that is meant for signatures of ours and is wrong makes the file wrong; so
 * does a private key, which has no business on this node.
 *
 * @param setting the key of the configuration that names the file
 */
record JwksFile(Identity.Kind kind, String setting, Path path) {
  /** Of one file. The largest sets of public issuers have some 10 keys and 20 KiB. */
  static final int MAX_BYTES = 256 * 1024;

  static final int MAX_KEYS = 100;

  private static final int MAX_KEY_ID_CHARACTERS = 255;
  private static final List<String> PRIVATE = List.of("d", "p", "q", "dp", "dq", "qi", "oth");

  /**
   * What the file holds now. Blocks.
   *
   * @throws QuipuException INVALID_REQUEST; the message names file and reason
   */
  byte[] read() {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw wrong("it has more than " + MAX_BYTES + " bytes");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw wrong("there is no such file");
    } catch (IOException e) {
      throw wrong("it cannot be read (" + e.getClass().getSimpleName() + ")");
    }
  }

  /**
   * The keys of such a content that this node can use; empty only if the set itself is.
   *
   * @throws QuipuException INVALID_REQUEST; the message names file, key and reason, and shows
   *     nothing of a key
   */
  List<TokenKey> keys(byte[] content) {
    JsonArray all;
    try {
      all = new JsonObject(Buffer.buffer(content)).getJsonArray("keys");
    } catch (DecodeException | ClassCastException e) {
      throw wrong("it is no JSON object with a list \"keys\" (RFC 7517)");
    }
    if (all == null) {
      throw wrong("it is no JSON object with a list \"keys\" (RFC 7517)");
    }
    if (all.size() > MAX_KEYS) {
      throw wrong("it has " + all.size() + " keys, allowed are " + MAX_KEYS);
    }
    List<TokenKey> keys = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (!(all.getValue(i) instanceof JsonObject jwk)) {
        throw wrong("key " + (i + 1) + " is no JSON object");
      }
      algorithmOf(jwk).map(algorithm -> key(jwk, algorithm)).ifPresent(keys::add);
    }
    if (keys.isEmpty() && !all.isEmpty()) {
      throw wrong(
          "none of its "
              + all.size()
              + " keys is for signatures of RS256, ES256 (P-256) or HS256, as it would have to be");
    }
    return List.copyOf(keys);
  }

  /** Empty: the key is for something else than signatures that this node verifies. */
  private static Optional<String> algorithmOf(JsonObject jwk) {
    String algorithm =
        switch (String.valueOf(jwk.getValue("kty"))) {
          case "RSA" -> "RS256";
          case "EC" -> "P-256".equals(jwk.getValue("crv")) ? "ES256" : "";
          case "oct" -> "HS256";
          default -> "";
        };
    boolean ours =
        !algorithm.isEmpty()
            && algorithm.equals(jwk.getValue("alg", algorithm))
            && "sig".equals(jwk.getValue("use", "sig"))
            && (!(jwk.getValue("key_ops") instanceof JsonArray ops) || ops.contains("verify"));
    return ours ? Optional.of(algorithm) : Optional.empty();
  }

  private TokenKey key(JsonObject jwk, String algorithm) {
    if (!(jwk.getValue("kid") instanceof String keyId)
        || keyId.isEmpty()
        || keyId.length() > MAX_KEY_ID_CHARACTERS) {
      throw wrong(
          "a key for "
              + algorithm
              + " has no kid, allowed is a text of 1 to "
              + MAX_KEY_ID_CHARACTERS
              + " characters");
    }
    String where = setting + " (" + path + "), kid " + keyId;
    if (!algorithm.equals("HS256") && PRIVATE.stream().anyMatch(jwk::containsKey)) {
      throw TokenKey.wrong(where, "the public key alone, and this is a private one");
    }
    try {
      return switch (algorithm) {
        case "RS256" ->
            TokenKey.ofPublicKey(
                kind,
                algorithm,
                keyId,
                where,
                KeyFactory.getInstance("RSA")
                    .generatePublic(new RSAPublicKeySpec(number(jwk, "n"), number(jwk, "e"))));
        case "ES256" ->
            TokenKey.ofPublicKey(
                kind,
                algorithm,
                keyId,
                where,
                KeyFactory.getInstance("EC")
                    .generatePublic(
                        new ECPublicKeySpec(
                            new ECPoint(number(jwk, "x"), number(jwk, "y")), p256())));
        default -> TokenKey.ofSecret(kind, Optional.of(keyId), where, bytes(jwk, "k"));
      };
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw TokenKey.wrong(where, "a key as RFC 7518, chapter 6, writes it");
    }
  }

  private static ECParameterSpec p256() throws GeneralSecurityException {
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec("secp256r1"));
    return parameters.getParameterSpec(ECParameterSpec.class);
  }

  private static BigInteger number(JsonObject jwk, String name) {
    return new BigInteger(1, bytes(jwk, name));
  }

  private static byte[] bytes(JsonObject jwk, String name) {
    if (jwk.getValue(name) instanceof String text && !text.isEmpty()) {
      return Base64.getUrlDecoder().decode(text);
    }
    throw new IllegalArgumentException(name);
  }

  private QuipuException wrong(String reason) {
    return new QuipuException(ErrorCode.INVALID_REQUEST, setting + " (" + path + "): " + reason);
  }
}
