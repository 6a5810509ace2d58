package io.quipu.server.cluster;

/** What travels on the bus: immutable, so that within a node the same object arrives. */
public sealed interface BusMessage permits Appends, NodeParcel, Outbound, UserNews, Whisper {}
