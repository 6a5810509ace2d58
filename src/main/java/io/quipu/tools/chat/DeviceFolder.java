package io.quipu.tools.chat;

import io.quipu.model.DeviceId;
import io.quipu.model.UserId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * What one device keeps on this machine: its outbox, its cursors, its log. One program at a time
 * has it; the lock ends with the process, however that ends.
 */
final class DeviceFolder implements AutoCloseable {
  private static final int PID_BYTES = 32;

  private final Path path;
  private final FileChannel lock;

  private DeviceFolder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Opens the folder of a device, and makes it if there is none.
   *
   * @param server a name of the server: what is kept for one is never sent to another
   * @throws InUseException if another program has it
   * @throws IOException if it cannot be made or written
   */
  static DeviceFolder open(Path home, String server, UserId user, DeviceId device)
      throws IOException {
    Path path =
        home.resolve(name(server)).resolve(name(user.value())).resolve(name(device.value()));
    Files.createDirectories(path);
    if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
    }
    FileChannel channel =
        FileChannel.open(
            path.resolve("lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      if (!locked(channel)) {
        throw new InUseException(path, holder(channel));
      }
      byte[] pid = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
      channel.truncate(0).write(ByteBuffer.wrap(pid), 0);
      return new DeviceFolder(path, channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // in this very process
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer pid = ByteBuffer.allocate(PID_BYTES);
    channel.read(pid, 0);
    return Harmless.line(new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII));
  }

  /** A name that every file system takes and keeps apart: lower case, digits, and %XX. */
  private static String name(String value) {
    StringBuilder name = new StringBuilder();
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_';
      if (plain || c == '.' && name.length() > 0) {
        name.append(c);
      } else {
        name.append(String.format("%%%02x", (int) c));
      }
    }
    return name.toString();
  }

  Path path() {
    return path;
  }

  Path outbox() {
    return path.resolve("outbox");
  }

  Path cursors() {
    return path.resolve("cursors");
  }

  Path log() {
    return path.resolve("chat.log");
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }

  /** Another program is this device now. */
  static final class InUseException extends IOException {
    private static final long serialVersionUID = 1L;

    private InUseException(Path path, String pid) {
      super(
          "Another chat runs as this device (process "
              + (pid.isEmpty() ? "unknown" : pid)
              + "; "
              + path
              + "). Go there and use /to or /group, or take another --device.");
    }
  }
}
