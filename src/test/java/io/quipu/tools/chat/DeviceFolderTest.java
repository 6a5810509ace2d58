package io.quipu.tools.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DeviceFolderTest {
  private static final DeviceId TERMINAL = new DeviceId("terminal");
  private static final UserId ALICE = new UserId("alice");

  @TempDir private Path home;

  private DeviceFolder open(String server, UserId user, DeviceId device) throws IOException {
    return DeviceFolder.open(home, server, user, device);
  }

  @Test
  void oneProgramAtATimeHasADeviceAndTheOtherLearnsWhoHasIt() throws IOException {
    try (DeviceFolder first = open("host_1", ALICE, TERMINAL)) {
      assertThatThrownBy(() -> open("host_1", ALICE, TERMINAL))
          .isInstanceOf(DeviceFolder.InUseException.class)
          .hasMessageContaining("process " + ProcessHandle.current().pid())
          .hasMessageContaining("--device")
          .hasMessageContaining(first.path().toString());
    }
    open("host_1", ALICE, TERMINAL).close();
  }

  @Test
  void serversUsersAndDevicesHaveFoldersOfTheirOwnOnEveryFileSystem() throws IOException {
    Set<String> folders = new HashSet<>();
    for (String server : List.of("host_1", "host_2", "[::1]_1")) {
      for (String user : List.of("alice", "Alice", "..", ".", "a\\b", "ä", "CON:", "%61lice")) {
        for (String device : List.of("terminal", "TERMINAL")) {
          try (DeviceFolder folder = open(server, new UserId(user), new DeviceId(device))) {
            Path path = home.relativize(folder.path());
            assertThat(path.getNameCount()).isEqualTo(3);
            assertThat(path.toString()).matches("[a-z0-9%._/\\\\-]+").doesNotContain("..");
            folders.add(path.toString().toLowerCase(Locale.ROOT));
          }
        }
      }
    }
    assertThat(folders).hasSize(3 * 8 * 2);
  }

  @Test
  void nobodyElseReadsIt() throws IOException {
    try (DeviceFolder folder = open("host_1", ALICE, TERMINAL)) {
      assertThat(Files.getPosixFilePermissions(folder.path()))
          .allMatch(permission -> permission.name().startsWith("OWNER_"));
    }
  }
}
