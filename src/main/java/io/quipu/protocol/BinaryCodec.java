package io.quipu.protocol;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import java.io.IOException;

/**
 * The dress of TCP and of binary WebSockets (sub-protocol quipu.v1): protobuf's binary encoding.
 */
public final class BinaryCodec implements FrameCodec {
  private static final int LAST_FIELD = io.quipu.protocol.wire.Frame.HISTORY_PAGE_FIELD_NUMBER;

  @Override
  public Frame decode(byte[] bytes, int offset, int length) {
    try {
      checkOneFrame(bytes, offset, length);
      return FromWire.frame(io.quipu.protocol.wire.Frame.parser().parseFrom(bytes, offset, length));
    } catch (InvalidProtocolBufferException e) {
      throw malformed(e.getMessage());
    } catch (IOException e) {
      throw new AssertionError("no I/O on an array", e);
    }
  }

  @Override
  public byte[] encode(Frame frame) {
    return ToWire.frame(frame).toByteArray();
  }

  /** Protobuf lets a later frame of the oneof win in silence; here a second one is an error. */
  private static void checkOneFrame(byte[] bytes, int offset, int length) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(bytes, offset, length);
    boolean found = false;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (WireFormat.getTagFieldNumber(tag) <= LAST_FIELD) {
        if (found) {
          throw malformed("two frames in one");
        }
        found = true;
      }
      in.skipField(tag);
    }
  }

  private static QuipuException malformed(String detail) {
    return new QuipuException(ErrorCode.MALFORMED_FRAME, detail);
  }
}
