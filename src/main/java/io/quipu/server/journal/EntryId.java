package io.quipu.server.journal;

import java.util.UUID;

/** The identity of a send within its conversation; unique in the store as long as that exists. */
public record EntryId(long senderKey, UUID clientMessageId) {}
