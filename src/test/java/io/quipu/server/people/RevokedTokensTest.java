package io.quipu.server.people;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.quipu.model.DeviceId;
import io.quipu.model.ErrorCode;
import io.quipu.server.journal.Revocations.Revocation;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RevokedTokensTest {
  private static final DeviceId PHONE = new DeviceId("phone");
  private static final DeviceId TABLET = new DeviceId("tablet");
  private final RevokedTokens tokens = new RevokedTokens(3);

  private static ByteString name(long user) {
    return ByteString.copyFromUtf8("hash of " + user);
  }

  private static Revocation all(long user, long beforeMs) {
    return new Revocation(user, name(user), Optional.empty(), beforeMs, false);
  }

  @Test
  void onlyTokensOfBeforeAreRefused() {
    tokens.add(all(1, 1_000));
    assertThat(tokens.ofSession(1, PHONE, 999)).contains(ErrorCode.TOKEN_REVOKED);
    assertThat(tokens.ofSession(1, PHONE, 1_000)).isEmpty();
    assertThat(tokens.ofName(name(1), 999)).contains(ErrorCode.TOKEN_REVOKED);
    assertThat(tokens.ofSession(2, PHONE, 0)).isEmpty();
    assertThat(tokens.ofName(name(2), 0)).isEmpty();
  }

  @Test
  void aDeviceIsRevokedForItselfAlone() {
    tokens.add(new Revocation(1, name(1), Optional.of(PHONE), 1_000, false));
    assertThat(tokens.ofSession(1, PHONE, 999)).contains(ErrorCode.TOKEN_REVOKED);
    assertThat(tokens.ofSession(1, TABLET, 999)).isEmpty();
    assertThat(tokens.ofName(name(1), 999)).isEmpty();
  }

  @Test
  void theLatestCountsHoweverTheyCome() {
    assertThat(tokens.add(all(1, 2_000))).isTrue();
    assertThat(tokens.add(all(1, 1_000))).isFalse();
    assertThat(tokens.add(all(1, 2_000))).isFalse();
    assertThat(tokens.ofSession(1, PHONE, 1_500)).contains(ErrorCode.TOKEN_REVOKED);
  }

  @Test
  void noTokenWillDoForWhoIsErased() {
    tokens.add(new Revocation(1, name(1), Optional.empty(), 1_000, true));
    assertThat(tokens.add(all(1, 5_000))).isFalse();
    assertThat(tokens.ofSession(1, PHONE, Long.MAX_VALUE)).contains(ErrorCode.USER_ERASED);
    assertThat(tokens.ofName(name(1), Long.MAX_VALUE)).contains(ErrorCode.USER_ERASED);
  }

  @Test
  void whoKnowsNotAllSaysSo() {
    assertThat(tokens.isComplete()).isFalse();
    tokens.allRead();
    assertThat(tokens.isComplete()).isTrue();
    for (long user = 1; user <= 4; user++) {
      tokens.add(all(user, 1_000));
    }
    assertThat(tokens.isComplete()).isFalse();
    assertThat(tokens.ofName(name(1), 0)).isEmpty();
    assertThat(tokens.ofName(name(4), 0)).contains(ErrorCode.TOKEN_REVOKED);
  }
}
