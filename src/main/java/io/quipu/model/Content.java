package io.quipu.model;

import com.google.protobuf.ByteString;

/**
 * What a message holds. Bodies are opaque; text differs from bytes only in how the JSON dress shows
 * it. Two contents are the same when kind and bytes are.
 */
public sealed interface Content {
  /** UTF-8, kept as bytes: a server never needs the characters. */
  record Text(ByteString utf8) implements Content {
    /** This text. */
    public static Text of(String text) {
      return new Text(ByteString.copyFromUtf8(text));
    }

    /** The characters. */
    public String text() {
      return utf8.toStringUtf8();
    }

    @Override
    public String toString() {
      return "Text[" + utf8.size() + " bytes]"; // what people write never reaches a log
    }
  }

  /** Bytes that only the clients understand. */
  record Body(ByteString bytes) implements Content {
    @Override
    public String toString() {
      return "Body[" + bytes.size() + " bytes]";
    }
  }

  /** A change of the conversation or of one of its messages. */
  record Changed(Change change) implements Content {
    @Override
    public String toString() {
      return "Changed[" + change.getClass().getSimpleName() + "]";
    }
  }

  /** Erased by retention or because its sender was erased; the place in the log stays. */
  record Erased() implements Content {}

  /** Taken back by a recall; the place in the log stays. */
  record Recalled() implements Content {}

  /** Of a kind that only a newer version knows; the place in the log stays. Only ever received. */
  record Unknown() implements Content {}
}
