package io.quipu.server.adapter.postgres;

import com.google.protobuf.ByteString;
import io.quipu.model.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.atomic.AtomicReference;

/** What only the store and its nodes know; read once. For any thread. */
final class StoreSecret {
  private static final String SECRET =
      "select sha256(secret || convert_to(epoch::text, 'UTF8')), secret from store";

  private final Reads reads;
  private final AtomicReference<Future<Known>> known =
      new AtomicReference<>(Future.failedFuture("not read yet"));

  private record Known(PageTokens pageTokens, ByteString secret) {}

  StoreSecret(Reads reads) {
    this.reads = reads;
  }

  /** With a key that follows from the secret and the epoch of the store. */
  Future<PageTokens> pageTokens() {
    return known().map(Known::pageTokens);
  }

  /** The same as {@code name_hash} in SQL. */
  Future<ByteString> nameHash(UserId user) {
    return known().map(secrets -> nameHash(secrets.secret, user));
  }

  private static ByteString nameHash(ByteString secret, UserId user) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(secret.asReadOnlyByteBuffer());
      return ByteString.copyFrom(sha256.digest(user.value().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** Two that ask at once read it twice, and find the same. */
  private Future<Known> known() {
    Future<Known> last = known.get();
    if (last.succeeded()) {
      return last;
    }
    return reads
        .execute(SECRET, Tuple.tuple())
        .map(
            answer -> {
              var row = answer.iterator().next();
              return new Known(
                  new PageTokens(row.getBuffer(0).getBytes()), Rows.bytes(row.getBuffer(1)));
            })
        .onSuccess(read -> known.set(Future.succeededFuture(read)));
  }
}
