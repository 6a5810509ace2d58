package io.quipu.it;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A socket of a test, byte by byte: TCP with its lengths, or a WebSocket made by hand. Whole
 * messages or any bytes go out; messages come in.
 */
final class RawSocket implements AutoCloseable {
  /** What travels in one envelope. */
  enum Kind {
    TCP,
    BINARY,
    TEXT
  }

  static final String PATH = "/v1/connect";
  static final int TEXT_MESSAGE = 1;
  static final int BINARY_MESSAGE = 2;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;
  private static final int CONNECT_MS = 10_000;

  private final Socket socket;
  private final Kind kind;
  private final DataInputStream in;
  private final OutputStream out;
  private final AtomicLong received = new AtomicLong();
  private int closeCode;

  private RawSocket(Socket socket, Kind kind) throws IOException {
    this.socket = socket;
    this.kind = kind;
    this.in =
        new DataInputStream(
            new FilterInputStream(new BufferedInputStream(socket.getInputStream())) {
              @Override
              public int read() throws IOException {
                int one = super.read();
                received.addAndGet(one < 0 ? 0 : 1);
                return one;
              }

              @Override
              public int read(byte[] into, int offset, int length) throws IOException {
                int count = super.read(into, offset, length);
                received.addAndGet(Math.max(0, count));
                return count;
              }
            });
    this.out = socket.getOutputStream();
  }

  static RawSocket tcp(int port) throws IOException {
    return new RawSocket(connected(port), Kind.TCP);
  }

  /** Asks for the upgrade with these headers; anything but 101 is an {@link UpgradeRefused}. */
  static RawSocket webSocket(int port, Kind kind, String path, List<String> headers)
      throws IOException {
    RawSocket made = new RawSocket(connected(port), kind);
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\n");
    request.append("Host: 127.0.0.1:").append(port).append("\r\n");
    request.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
    request.append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    headers.forEach(header -> request.append(header).append("\r\n"));
    made.raw((request + "\r\n").getBytes(StandardCharsets.US_ASCII));
    String status = made.readLine();
    boolean upgraded = status.startsWith("HTTP/1.1 101");
    for (String line = made.readLine(); !line.isEmpty(); line = made.readLine()) {
      // nothing in the other headers is wanted
    }
    if (!upgraded) {
      made.close();
      throw new UpgradeRefused(Integer.parseInt(status.split(" ", 3)[1]));
    }
    return made;
  }

  private static Socket connected(int port) throws IOException {
    Socket socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MS);
    return socket;
  }

  private String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("the socket ended in the answer to the upgrade");
      }
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.US_ASCII);
  }

  /** One frame in the envelope of this socket. */
  void message(byte[] frame) throws IOException {
    switch (kind) {
      case TCP -> raw(io.quipu.protocol.LengthPrefix.withFrame(frame));
      case BINARY -> raw(webSocketFrame(true, BINARY_MESSAGE, frame));
      case TEXT -> raw(webSocketFrame(true, TEXT_MESSAGE, frame));
    }
  }

  /** Any bytes at all. */
  synchronized void raw(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  /** Masked, as clients must, with a mask of zeros: the bytes stand as they are. */
  static byte[] webSocketFrame(boolean last, int opcode, byte[] payload) {
    byte[] header = webSocketHeader(last, opcode, payload.length);
    byte[] all = java.util.Arrays.copyOf(header, header.length + payload.length);
    System.arraycopy(payload, 0, all, header.length, payload.length);
    return all;
  }

  static byte[] webSocketHeader(boolean last, int opcode, long length) {
    ByteBuffer header = ByteBuffer.allocate(14);
    header.put((byte) ((last ? 0x80 : 0) | opcode));
    if (length < 126) {
      header.put((byte) (0x80 | length));
    } else if (length < 65_536) {
      header.put((byte) (0x80 | 126)).putShort((short) length);
    } else {
      header.put((byte) (0x80 | 127)).putLong(length);
    }
    header.putInt(0);
    return java.util.Arrays.copyOf(header.array(), header.position());
  }

  /** The next frame, without its envelope; empty when the socket has ended. */
  Optional<byte[]> read() {
    try {
      return kind == Kind.TCP ? Optional.of(readTcp()) : readWebSocket();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private byte[] readTcp() throws IOException {
    int length = 0;
    int shift = 0;
    byte b;
    do {
      b = in.readByte();
      length |= (b & 0x7f) << shift;
      shift += 7;
    } while (b < 0);
    byte[] frame = new byte[length];
    in.readFully(frame);
    return frame;
  }

  private Optional<byte[]> readWebSocket() throws IOException {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    while (true) {
      int first = in.readUnsignedByte();
      long length = in.readUnsignedByte();
      if (length == 126) {
        length = in.readUnsignedShort();
      } else if (length == 127) {
        length = in.readLong();
      }
      byte[] payload = new byte[(int) length];
      in.readFully(payload);
      int opcode = first & 0x0f;
      if (opcode == CLOSE) {
        closeCode = length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xffff;
        raw(webSocketFrame(true, CLOSE, payload));
        return Optional.empty();
      }
      if (opcode == PING) {
        raw(webSocketFrame(true, PONG, payload));
      } else if (opcode != PONG) {
        message.write(payload);
        if ((first & 0x80) != 0) {
          return Optional.of(message.toByteArray());
        }
      }
    }
  }

  /** Bytes that have come as frames, with their envelopes. */
  long received() {
    return received.get();
  }

  /** Takes whatever comes, and answers nothing. */
  void readToTheEnd() throws IOException {
    in.transferTo(OutputStream.nullOutputStream());
  }

  /** Of a WebSocket that was closed by the server; else 0. */
  int closeCode() {
    return closeCode;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** The answer to an upgrade was not 101. */
  static final class UpgradeRefused extends IOException {
    private final int status;

    UpgradeRefused(int status) {
      super("HTTP " + status);
      this.status = status;
    }

    int status() {
      return status;
    }
  }
}
