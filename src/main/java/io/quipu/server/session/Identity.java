package io.quipu.server.session;

import io.quipu.model.UserId;

/**
 * Whom a token names.
 *
 * @param expiresAtMs Unix time from which the token counts as expired, the leeway included
 */
public record Identity(UserId user, long expiresAtMs) {}
