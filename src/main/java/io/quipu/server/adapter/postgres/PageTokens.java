package io.quipu.server.adapter.postgres;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import io.quipu.server.journal.ListPage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Where a list goes on, as a client carries it: the key of the last item, and a code over that and
 * over whose list it is, which only holders of the store's secret can make. So a token is good for
 * its own list, on every node, as long as the store lives; and what a client makes of it reaches no
 * statement.
 */
final class PageTokens {
  private static final String ALGORITHM = "HmacSHA256";

  /** Half of it: nobody tries 2^64 pages. */
  private static final int CODE_BYTES = 16;

  /** The longest key is a user's name. */
  private static final int MAX_LENGTH = 256;

  private final SecretKeySpec signing;

  /**
   * @param secret of the store
   */
  PageTokens(byte[] secret) {
    this.signing = new SecretKeySpec(secret, ALGORITHM);
  }

  /**
   * Of which list, whose, with which parameters.
   *
   * @param parts the same for every page of a list, and for no other list
   */
  record Scope(List<String> parts) {
    Scope(String... parts) {
      this(List.of(parts));
    }
  }

  String token(Scope scope, long... key) {
    return token(
        scope,
        out -> {
          for (long part : key) {
            out.writeLong(part);
          }
        });
  }

  String token(Scope scope, String key) {
    return token(scope, out -> out.writeUTF(key));
  }

  private String token(Scope scope, Writing writing) {
    byte[] key = bytes(writing);
    byte[] token = Arrays.copyOf(key, key.length + CODE_BYTES);
    System.arraycopy(code(scope, key), 0, token, key.length, CODE_BYTES);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  /**
   * @return the numbers of the key; {@code first} for the first page
   * @throws QuipuException INVALID_REQUEST
   */
  long[] numbers(Scope scope, String token, long... first) {
    if (token.equals(ListPage.NONE)) {
      return first;
    }
    try (DataInputStream in = reading(scope, token)) {
      long[] key = new long[first.length];
      for (int i = 0; i < key.length; i++) {
        key[i] = in.readLong();
      }
      return key;
    } catch (IOException e) {
      throw new UncheckedIOException("a token of this scope has this form", e);
    }
  }

  /**
   * @return the text of the key; empty for the first page
   * @throws QuipuException INVALID_REQUEST
   */
  String text(Scope scope, String token) {
    if (token.equals(ListPage.NONE)) {
      return "";
    }
    try (DataInputStream in = reading(scope, token)) {
      return in.readUTF();
    } catch (IOException e) {
      throw new UncheckedIOException("a token of this scope has this form", e);
    }
  }

  private DataInputStream reading(Scope scope, String token) {
    byte[] bytes;
    try {
      if (token.length() > MAX_LENGTH) {
        throw foreign();
      }
      bytes = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      throw foreign();
    }
    if (bytes.length < CODE_BYTES) {
      throw foreign();
    }
    byte[] key = Arrays.copyOf(bytes, bytes.length - CODE_BYTES);
    byte[] code = Arrays.copyOfRange(bytes, key.length, bytes.length);
    if (!MessageDigest.isEqual(code, code(scope, key))) {
      throw foreign();
    }
    return new DataInputStream(new ByteArrayInputStream(key));
  }

  private byte[] code(Scope scope, byte[] place) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(signing);
      mac.update("page of a list".getBytes(StandardCharsets.UTF_8));
      mac.update(
          bytes(
              out -> {
                for (String part : scope.parts()) {
                  out.writeUTF(part); // with its length: no two scopes are the same bytes
                }
              }));
      return Arrays.copyOf(mac.doFinal(place), CODE_BYTES);
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every JDK has HMAC-SHA-256", e);
    }
  }

  private static QuipuException foreign() {
    return new QuipuException(ErrorCode.INVALID_REQUEST, "this page belongs to another list");
  }

  private interface Writing {
    void to(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(Writing writing) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writing.to(out);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }
}
