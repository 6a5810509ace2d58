package io.quipu.server.session;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Keys, tokens and key sets, made without the libraries that read them. */
final class Jwts {
  private Jwts() {}

  static String pem(PublicKey key) {
    return "-----BEGIN PUBLIC KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
        + "\n-----END PUBLIC KEY-----";
  }

  static KeyPair rsa(int bits) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(bits);
    return generator.generateKeyPair();
  }

  static KeyPair ec(String curve) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec(curve));
    return generator.generateKeyPair();
  }

  static JsonObject header(String algorithm) {
    return new JsonObject().put("alg", algorithm).put("typ", "JWT");
  }

  static String hs256(JsonObject header, JsonObject claims, String secret) {
    String signed = base64(header) + "." + base64(claims);
    return signed + "." + base64(mac(signed, secret.getBytes(StandardCharsets.UTF_8)));
  }

  /** With claims that may be no JSON. */
  static String signed(JsonObject header, String claims, String secret) {
    String signed = base64(header) + "." + base64(claims.getBytes(StandardCharsets.UTF_8));
    return signed + "." + base64(mac(signed, secret.getBytes(StandardCharsets.UTF_8)));
  }

  static String rs256(JsonObject header, JsonObject claims, KeyPair pair) {
    return signed(header, claims, "SHA256withRSA", pair);
  }

  static String es256(JsonObject header, JsonObject claims, KeyPair pair) {
    return signed(header, claims, "SHA256withECDSAinP1363Format", pair);
  }

  static String signed(JsonObject header, JsonObject claims, String algorithm, KeyPair pair) {
    String signed = base64(header) + "." + base64(claims);
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(pair.getPrivate());
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + base64(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static byte[] mac(String signed, byte[] secret) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static String base64(JsonObject json) {
    return base64(json.encode().getBytes(StandardCharsets.UTF_8));
  }

  static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** A key set of these. */
  static String jwks(JsonObject... keys) {
    JsonArray list = new JsonArray();
    for (JsonObject key : keys) {
      list.add(key);
    }
    return new JsonObject().put("keys", list).encode();
  }

  static JsonObject jwk(String keyId, PublicKey key) {
    JsonObject jwk = new JsonObject().put("kid", keyId).put("use", "sig");
    if (key instanceof RSAPublicKey rsa) {
      return jwk.put("kty", "RSA")
          .put("alg", "RS256")
          .put("n", base64(unsigned(rsa.getModulus(), 0)))
          .put("e", base64(unsigned(rsa.getPublicExponent(), 0)));
    }
    ECPublicKey ec = (ECPublicKey) key;
    int size = (ec.getParams().getCurve().getField().getFieldSize() + 7) / 8;
    return jwk.put("kty", "EC")
        .put("crv", "P-" + size * 8)
        .put("x", base64(unsigned(ec.getW().getAffineX(), size)))
        .put("y", base64(unsigned(ec.getW().getAffineY(), size)));
  }

  static JsonObject jwk(String keyId, String secret) {
    return new JsonObject()
        .put("kty", "oct")
        .put("kid", keyId)
        .put("k", base64(secret.getBytes(StandardCharsets.UTF_8)));
  }

  private static byte[] unsigned(BigInteger number, int size) {
    byte[] bytes = number.toByteArray();
    int from = bytes[0] == 0 ? 1 : 0;
    byte[] fixed = new byte[Math.max(size, bytes.length - from)];
    System.arraycopy(bytes, from, fixed, fixed.length - bytes.length + from, bytes.length - from);
    return fixed;
  }
}
