package io.quipu.server.cluster;

/** A running node; another one after a restart. */
public record NodeId(String value) {
  @Override
  public String toString() {
    return value;
  }
}
