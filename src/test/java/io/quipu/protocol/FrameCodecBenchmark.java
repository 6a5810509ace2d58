package io.quipu.protocol;

import com.google.protobuf.ByteString;
import io.quipu.model.Content;
import io.quipu.model.ConversationId;
import io.quipu.model.Message;
import io.quipu.model.MessageRange;
import io.quipu.model.UserId;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** What the codecs cost for one message of 100 bytes, each frame of its way. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class FrameCodecBenchmark {
  @Param({"binary", "json"})
  public String dress = "binary";

  private FrameCodec codec = new BinaryCodec();
  private Frame sendAck = new Frame.Ping(1);
  private Frame deliver = sendAck;
  private Frame ackConfirm = sendAck;
  private byte[] send = {};
  private byte[] deliverAck = {};

  public static void main(String[] args) throws RunnerException {
    new Runner(new OptionsBuilder().include(FrameCodecBenchmark.class.getSimpleName()).build())
        .run();
  }

  @Setup
  public void frames() {
    codec = dress.equals("binary") ? new BinaryCodec() : new JsonCodec();
    UserId alice = new UserId("user-000123");
    ConversationId conversation = ConversationId.direct(alice, new UserId("user-000456"));
    UUID id = UUID.fromString("01936d2e-7b4c-7c3d-9a1f-5e6f7a8b9c0d");
    Content body = new Content.Body(ByteString.copyFrom(new byte[100]));
    long now = 1_795_000_000_000L;
    sendAck = new Frame.SendAck(17, id, conversation, 123_456, now, false);
    deliver =
        new Frame.Deliver(
            new MessageRange(
                conversation,
                123_456,
                123_456,
                List.of(new Message(123_456, alice, id, now, body)),
                List.of()),
            false);
    ackConfirm = new Frame.AckConfirm(conversation, 123_456);
    send =
        codec.encode(
            new Frame.Send(17, id, Optional.of(conversation), Optional.empty(), false, body));
    deliverAck = codec.encode(new Frame.DeliverAck(conversation, 123_456));
  }

  @Benchmark
  public Frame decodeSend() {
    return codec.decode(send, 0, send.length);
  }

  @Benchmark
  public byte[] encodeSendAck() {
    return codec.encode(sendAck);
  }

  @Benchmark
  public byte[] encodeDeliver() {
    return codec.encode(deliver);
  }

  @Benchmark
  public Frame decodeDeliverAck() {
    return codec.decode(deliverAck, 0, deliverAck.length);
  }

  @Benchmark
  public byte[] encodeAckConfirm() {
    return codec.encode(ackConfirm);
  }
}
