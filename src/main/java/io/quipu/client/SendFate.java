package io.quipu.client;

import io.quipu.model.SendState;
import java.util.UUID;

/**
 * What the server says has become of a send.
 *
 * @param seq with STORED, else 0
 * @param storedAtMs with STORED, else 0; Unix time
 */
public record SendFate(UUID clientMessageId, SendState state, long seq, long storedAtMs) {}
