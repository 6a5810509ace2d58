package io.quipu.server.metrics;

/** How frames travel on a connection. */
public enum Dress {
  TCP,
  WEBSOCKET_BINARY,
  WEBSOCKET_JSON
}
