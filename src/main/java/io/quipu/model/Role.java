package io.quipu.model;

/** What a member of a group may do; each may what those before it may. */
public enum Role {
  /** Writes. */
  MEMBER,
  /** Renames, configures, adds, removes members, recalls and edits what others wrote. */
  ADMIN,
  /** Gives and takes roles, removes admins. A group always has one. */
  OWNER
}
