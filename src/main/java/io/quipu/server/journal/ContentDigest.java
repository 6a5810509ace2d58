package io.quipu.server.journal;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Tells whether a retry carries the content that was stored: SHA-256 over the kind (one byte) and
 * the stored bytes. The store computes the same with {@code sha256(kind || body)}.
 */
public record ContentDigest(ByteString sha256) {
  public static final ContentDigest NONE = new ContentDigest(ByteString.EMPTY);

  public static ContentDigest of(StoredContent content) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
    digest.update((byte) content.kind());
    for (java.nio.ByteBuffer part : content.bytes().asReadOnlyByteBufferList()) {
      digest.update(part);
    }
    return new ContentDigest(ByteString.copyFrom(digest.digest()));
  }
}
