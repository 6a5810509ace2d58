package io.quipu.model;

/**
 * How far a conversation's messages have come with one of its members. Seqs; 0 = nothing yet.
 *
 * @param deliveredFirstSeq everything up to it is with at least one of his devices
 * @param deliveredAllSeq everything up to it is with each of his devices, one that has not been
 *     here for long among them
 * @param readSeq his read mark
 */
public record MemberReceipt(
    UserId user, long deliveredFirstSeq, long deliveredAllSeq, long readSeq) {}
