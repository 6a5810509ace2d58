package io.quipu.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;

/**
 * A file of records that only grows, until it is written anew. A write that was cut off leaves a
 * damaged last record, which the next reading drops; writing anew goes to a second file that then
 * takes the name of the first. So at every moment of a crash there is a file with all that was
 * written before.
 *
 * <p>A record is its length (4 bytes), the CRC-32 of its bytes (4), its bytes. It blocks, so it is
 * called on worker threads only, one at a time.
 */
final class RecordFile {
  static final int MAX_RECORD_BYTES = 16 * 1024 * 1024;
  private static final int HEAD_BYTES = 8;

  private final Path path;
  private final boolean fsync;
  private final FileChannel lockChannel;
  private FileChannel channel;
  private long sizeBytes;

  private RecordFile(Path path, boolean fsync, FileChannel lockChannel, FileChannel channel) {
    this.path = path;
    this.fsync = fsync;
    this.lockChannel = lockChannel;
    this.channel = channel;
  }

  /**
   * Opens or makes the file and reads every whole record in it.
   *
   * @param fsync each write is on the disk before it returns; else it survives a crash of the
   *     process and not one of the machine
   * @throws IOException also if another client has the file open
   */
  static RecordFile open(Path path, boolean fsync, Consumer<byte[]> reader) throws IOException {
    Path absolute = path.toAbsolutePath();
    Files.createDirectories(absolute.getParent());
    FileChannel lockChannel =
        FileChannel.open(
            absolute.resolveSibling(absolute.getFileName() + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    try {
      lock(lockChannel, absolute);
      FileChannel channel = openForWriting(absolute);
      RecordFile file = new RecordFile(absolute, fsync, lockChannel, channel);
      file.read(reader);
      return file;
    } catch (IOException | RuntimeException e) {
      lockChannel.close();
      throw e;
    }
  }

  private static void lock(FileChannel lockChannel, Path path) throws IOException {
    try {
      FileLock lock = lockChannel.tryLock();
      if (lock == null) {
        throw new IOException(path + " is in use by another process");
      }
    } catch (OverlappingFileLockException e) {
      throw new IOException(path + " is in use by another client", e);
    }
  }

  private static FileChannel openForWriting(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private void read(Consumer<byte[]> reader) throws IOException {
    long end = channel.size();
    long at = 0;
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
    while (end - at >= HEAD_BYTES) {
      readFully(head.clear(), at);
      int length = head.getInt(0);
      if (length < 1 || length > MAX_RECORD_BYTES || length > end - at - HEAD_BYTES) {
        break;
      }
      ByteBuffer body = ByteBuffer.allocate(length);
      readFully(body, at + HEAD_BYTES);
      if (crc(body.array()) != head.getInt(4)) {
        break;
      }
      reader.accept(body.array());
      at += HEAD_BYTES + length;
    }
    channel.truncate(at); // what follows was never finished
    channel.position(at);
    sizeBytes = at;
  }

  private void readFully(ByteBuffer target, long from) throws IOException {
    long at = from;
    while (target.hasRemaining()) {
      int count = channel.read(target, at);
      if (count < 0) {
        throw new IOException(path + " became shorter while it was read");
      }
      at += count;
    }
  }

  private static int crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** Adds records; when it returns they survive what this file promises to survive. */
  void append(List<byte[]> records) throws IOException {
    long before = sizeBytes;
    try {
      write(channel, records);
      sizeBytes = channel.position();
    } catch (IOException e) {
      channel.truncate(before); // half a record would hide all that come after it
      channel.position(before);
      throw e;
    }
  }

  private void write(FileChannel target, List<byte[]> records) throws IOException {
    int total = 0;
    for (byte[] record : records) {
      total += HEAD_BYTES + record.length;
    }
    ByteBuffer all = ByteBuffer.allocate(total);
    for (byte[] record : records) {
      all.putInt(record.length).putInt(crc(record)).put(record);
    }
    all.flip();
    while (all.hasRemaining()) {
      target.write(all);
    }
    if (fsync) {
      target.force(false);
    }
  }

  /** Puts a file with only these records in the place of the present one. */
  void rewrite(List<byte[]> records) throws IOException {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    FileChannel replacement = openForWriting(fresh);
    try {
      write(replacement, records);
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      if (fsync) {
        syncDirectory();
      }
    } catch (IOException e) {
      replacement.close();
      throw e;
    }
    channel.close();
    channel = replacement;
    sizeBytes = channel.position();
  }

  private void syncDirectory() throws IOException {
    try (FileChannel directory = FileChannel.open(path.getParent(), StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  long sizeBytes() {
    return sizeBytes;
  }

  void close() {
    try {
      channel.close();
      lockChannel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
