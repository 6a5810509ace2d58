package io.quipu.tools.bench;

import picocli.CommandLine.Command;

/** {@code bench}: the measurements, each a command of its own. */
@Command(
    name = "bench",
    header = {"Puts load on a node and measures it.", ""},
    description = "Each measurement is a command of its own.")
public final class BenchCommand {}
