package io.quipu.model;

/**
 * A member of a conversation now.
 *
 * @param sinceSeq the entry by which he joined
 */
public record Member(UserId user, Role role, long sinceSeq) {}
