package io.quipu.server.adapter.postgres;

import io.quipu.model.Role;

/** Roles as members.role has them. */
final class Roles {
  private static final short MEMBER = 0;
  private static final short OWNER = 1;
  private static final short ADMIN = 2;

  private Roles() {}

  static short stored(Role role) {
    return switch (role) {
      case MEMBER -> MEMBER;
      case ADMIN -> ADMIN;
      case OWNER -> OWNER;
    };
  }

  static Role of(short stored) {
    return switch (stored) {
      case MEMBER -> Role.MEMBER;
      case OWNER -> Role.OWNER;
      case ADMIN -> Role.ADMIN;
      default -> throw new IllegalStateException("role " + stored);
    };
  }
}
