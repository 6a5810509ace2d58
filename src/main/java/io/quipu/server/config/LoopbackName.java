package io.quipu.server.config;

/** Host names under which only this machine calls itself. */
public final class LoopbackName {
  private LoopbackName() {}

  /**
   * Whether a Host header names loopback, with or without a port.
   *
   * @param host empty if there is none
   */
  public static boolean isOne(String host) {
    return host.matches("(?i)(localhost|127(\\.\\d{1,3}){3}|\\[::1])(:\\d{1,5})?");
  }
}
