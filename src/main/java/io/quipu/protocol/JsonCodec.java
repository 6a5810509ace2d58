package io.quipu.protocol;

import io.quipu.model.ErrorCode;
import io.quipu.model.QuipuException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The dress of text WebSockets (sub-protocol quipu.v1.json): one JSON object, one line of UTF-8.
 */
public final class JsonCodec implements FrameCodec {
  @Override
  public Frame decode(byte[] bytes, int offset, int length) {
    String json;
    try {
      json =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(bytes, offset, length))
              .toString();
    } catch (CharacterCodingException e) {
      throw new QuipuException(ErrorCode.MALFORMED_FRAME, "not UTF-8");
    }
    return FromWire.frame(JsonReading.frame(json));
  }

  @Override
  public byte[] encode(Frame frame) {
    return JsonWriting.frame(ToWire.frame(frame));
  }
}
