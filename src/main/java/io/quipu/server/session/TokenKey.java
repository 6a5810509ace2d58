package io.quipu.server.session;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.vertx.core.buffer.Buffer;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECPoint;
import java.security.spec.EllipticCurve;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;

/**
 * One key that verifies tokens of one algorithm.
 *
 * @param keyId absent only for the configured secrets
 * @param where in the configuration or in a file it stands, for errors
 * @param verifying a public key as PEM, or the bytes of a secret
 */
record TokenKey(
    Identity.Kind kind, String algorithm, Optional<String> keyId, String where, Buffer verifying) {
  /** RFC 7518, 3.2: a key of the size of the hash or larger. */
  private static final int MIN_SECRET_BYTES = 32;

  /** RFC 7518, 3.3. */
  private static final int MIN_RSA_BITS = 2048;

  /** Beyond it a login costs milliseconds; nobody signs with more. */
  private static final int MAX_RSA_BITS = 8192;

  private static final int P256_BITS = 256;

  /**
   * @throws QuipuException INVALID_REQUEST
   */
  static TokenKey ofSecret(
      Identity.Kind kind, Optional<String> keyId, String where, byte[] secret) {
    if (secret.length < MIN_SECRET_BYTES) {
      throw wrong(where, "at least " + MIN_SECRET_BYTES + " bytes");
    }
    return new TokenKey(kind, "HS256", keyId, where, Buffer.buffer(secret));
  }

  static TokenKey ofSecret(
      Identity.Kind kind, Optional<String> keyId, String where, String secret) {
    return ofSecret(kind, keyId, where, secret.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * @throws QuipuException INVALID_REQUEST for a key that does not go with the algorithm
   */
  static TokenKey ofPublicKey(
      Identity.Kind kind, String algorithm, String keyId, String where, PublicKey key) {
    switch (algorithm) {
      case "RS256" -> {
        int bits = key instanceof RSAPublicKey rsa ? rsa.getModulus().bitLength() : 0;
        if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
          throw wrong(
              where, "an RSA key of at least " + MIN_RSA_BITS + " bits, at most " + MAX_RSA_BITS);
        }
      }
      case "ES256" -> {
        if (!(key instanceof ECPublicKey ec)
            || ec.getParams().getCurve().getField().getFieldSize() != P256_BITS
            || !isOn(ec.getParams().getCurve(), ec.getW())) {
          throw wrong(where, "an EC key of the curve P-256");
        }
      }
      default -> throw wrong(where, "algorithm RS256 or ES256");
    }
    return new TokenKey(kind, algorithm, Optional.of(keyId), where, pem(key));
  }

  /**
   * @throws QuipuException INVALID_REQUEST for what is no such key in PEM
   */
  static TokenKey ofPem(
      Identity.Kind kind, String algorithm, String keyId, String where, String pem) {
    String family =
        switch (algorithm) {
          case "RS256" -> "RSA";
          case "ES256" -> "EC";
          default -> throw wrong(where, "algorithm RS256 or ES256");
        };
    String base64 =
        pem.strip()
            .replaceFirst("^-----BEGIN PUBLIC KEY-----", "")
            .replaceFirst("-----END PUBLIC KEY-----$", "")
            .replaceAll("\\s", "");
    try {
      PublicKey key =
          KeyFactory.getInstance(family)
              .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(base64)));
      return ofPublicKey(kind, algorithm, keyId, where, key);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw wrong(where, "an " + family + " key as -----BEGIN PUBLIC KEY----- (PEM)");
    }
  }

  /** The JDK takes any two numbers for a point. */
  private static boolean isOn(EllipticCurve curve, ECPoint point) {
    if (!(curve.getField() instanceof ECFieldFp field)) {
      return false;
    }
    BigInteger p = field.getP();
    BigInteger x = point.getAffineX();
    BigInteger y = point.getAffineY();
    BigInteger right = x.multiply(x).add(curve.getA()).multiply(x).add(curve.getB()).mod(p);
    return x.signum() >= 0
        && y.signum() >= 0
        && x.compareTo(p) < 0
        && y.compareTo(p) < 0
        && y.multiply(y).mod(p).equals(right);
  }

  private static Buffer pem(PublicKey key) {
    return Buffer.buffer(
        "-----BEGIN PUBLIC KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key.getEncoded())
            + "\n-----END PUBLIC KEY-----\n");
  }

  static QuipuException wrong(String where, String allowed) {
    return new QuipuException(ErrorCode.INVALID_REQUEST, where + ": allowed is " + allowed);
  }

  @Override
  public String toString() {
    return "TokenKey[" + kind + " " + algorithm + " " + keyId + "]"; // never a secret
  }
}
