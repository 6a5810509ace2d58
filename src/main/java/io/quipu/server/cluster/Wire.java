package io.quipu.server.cluster;

/** Bytes to an address of another node: at most once, never fails, never blocks. */
@FunctionalInterface
interface Wire {
  void send(String address, byte[] bytes);
}
