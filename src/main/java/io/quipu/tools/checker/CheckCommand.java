package io.quipu.tools.checker;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code check}: the verdict on a recorded history. */
@Command(
    name = "check",
    header = {"Judges a recorded history: was anything lost, doubled, reordered, leaked?", ""},
    description = {
      "A history is a file of lines in which clients have written down what they sent, what they were",
      "told and what they received. `demo` and `bench pairs` write one with --history FILE, and so can",
      "any client; HISTORY.md has the format, and every rule of the judgement.",
      "",
      "Each anomaly is shown with the fewest lines of the history that prove it. What could not be",
      "judged, since it was not recorded, is named as well.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no anomaly",
      "1:anomalies",
      "2:wrong usage, or a file that cannot be read as a history; the message says where"
    })
public final class CheckCommand implements Callable<Integer> {
  @Parameters(
      arity = "1..*",
      paramLabel = "HISTORY",
      description = "one file, or several of one run: each process writes its own")
  private List<Path> files = new ArrayList<>();

  @Option(names = "--json", description = "print the verdict as one JSON object")
  private boolean json;

  @Option(
      names = "--late-ms",
      paramLabel = "MS",
      description = "the bound of a delivery on a live connection; default: the history's own")
  private Optional<Long> lateMs = Optional.empty();

  @Option(
      names = "--show",
      paramLabel = "N",
      defaultValue = "10",
      description = "so many anomalies of each rule; all are counted; default ${DEFAULT-VALUE}")
  private int show;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    require("--show", show >= 1 && show <= 10_000, "from 1 to 10000", show);
    lateMs.ifPresent(
        ms -> require("--late-ms", ms >= 1 && ms <= 86_400_000, "from 1 to 86400000", ms));
    if (files.size() > 1_000) {
      throw new ParameterException(spec.commandLine(), "at most 1000 files");
    }
    PrintWriter err = spec.commandLine().getErr();
    Checker.Settings settings =
        new Checker.Settings(lateMs.map(OptionalLong::of).orElse(OptionalLong.empty()), show);
    CheckReport report;
    try {
      report =
          Checker.check(
              files,
              settings,
              line -> {
                err.println(line);
                err.flush();
              });
    } catch (HistoryUnreadableException e) {
      err.println("check: " + e.getMessage());
      err.flush();
      return 2;
    }
    PrintWriter out = spec.commandLine().getOut();
    out.print(json ? report.json(files).encodePrettily() + "\n" : report.text(files));
    out.flush();
    return report.good() ? 0 : 1;
  }

  private void require(String option, boolean holds, String allowed, long found) {
    if (!holds) {
      throw new ParameterException(
          spec.commandLine(), option + ": found " + found + ", allowed: " + allowed);
    }
  }
}
