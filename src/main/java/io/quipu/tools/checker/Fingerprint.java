package io.quipu.tools.checker;

import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.protocol.ChangeCodec;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A content as a history names it: its kind, and the first 8 bytes of the SHA-256 of its bytes. So
 * a history holds nothing that people wrote.
 */
final class Fingerprint {
  /** Erased, recalled or unknown: a place of which the content cannot be compared. */
  static final String ERASED = "erased";

  static final String RECALLED = "recalled";
  static final String UNKNOWN = "unknown";

  private static final int BYTES = 8;

  private Fingerprint() {}

  static String of(Content content) {
    if (content instanceof Content.Text text) {
      return of("text", text.utf8());
    }
    if (content instanceof Content.Body body) {
      return of("body", body.bytes());
    }
    if (content instanceof Content.Changed changed) {
      return of("change", ChangeCodec.encode(changed.change()));
    }
    if (content instanceof Content.Erased) {
      return ERASED;
    }
    return content instanceof Content.Recalled ? RECALLED : UNKNOWN;
  }

  /** True if it stands for a content, so that another one is another content. */
  static boolean comparable(String fingerprint) {
    return fingerprint.indexOf(':') > 0;
  }

  private static String of(String kind, ByteString bytes) {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
    bytes.asReadOnlyByteBufferList().forEach(sha256::update);
    return kind + ":" + HexFormat.of().formatHex(sha256.digest(), 0, BYTES);
  }
}
