package io.quipu;

import io.quipu.server.command.ConfCheckCommand;
import io.quipu.server.command.ServeCommand;
import io.quipu.server.command.Signals;
import io.quipu.server.command.StoresCommand;
import io.quipu.server.command.TokenCommand;
import io.quipu.server.config.ConfigurationException;
import io.quipu.tools.bench.BenchCommand;
import io.quipu.tools.bench.EchoCommand;
import io.quipu.tools.bench.IdleCommand;
import io.quipu.tools.bench.PairsCommand;
import io.quipu.tools.bench.SyncCommand;
import io.quipu.tools.chat.ChatCommand;
import io.quipu.tools.checker.CheckCommand;
import io.quipu.tools.cluster.ClusterCommand;
import io.quipu.tools.demo.DemoCommand;
import io.quipu.tools.node.Tokens;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The command line. The only class that knows both the server and the tools. Exit codes: 0 done, 1
 * it failed while running, 2 it was asked for something that cannot be: wrong usage or
 * configuration.
 */
@Command(
    name = "quipu",
    description = {
      "An instant-messaging server: no message is lost, none shows twice, everybody sees the same"
          + " order.",
      "",
      "Without a command: serve, on this machine only, with a PostgreSQL of its own in ./data.",
      ""
    },
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:ran into a failure",
      "2:wrong usage or wrong configuration; the message says which"
    },
    synopsisSubcommandLabel = "COMMAND")
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments.length == 0 ? new String[] {"serve"} : arguments));
  }

  /** The whole command line; a test gives it arguments and writers. */
  static CommandLine commandLine() {
    CommandLine root = new CommandLine(new Main());
    Tokens tokens = new CommandLineTokens();
    root.addSubcommand(new ServeCommand());
    root.addSubcommand(new ClusterCommand(() -> Signals.firstOf(List.of("TERM", "INT", "HUP"))));
    root.addSubcommand(new StoresCommand());
    root.addSubcommand(new TokenCommand());
    root.addSubcommand("conf", conf());
    root.addSubcommand(new ChatCommand(tokens));
    root.addSubcommand(new DemoCommand(tokens));
    root.addSubcommand(
        new CommandLine(new BenchCommand())
            .addSubcommand(new PairsCommand(tokens))
            .addSubcommand(new IdleCommand(tokens))
            .addSubcommand(new SyncCommand(tokens))
            .addSubcommand(new EchoCommand()));
    root.addSubcommand(new CheckCommand());
    root.setCommandName(program());
    dress(root);
    root.setParameterExceptionHandler(wrongUsage());
    root.setExecutionExceptionHandler(failure());
    return root;
  }

  private static CommandLine conf() {
    CommandSpec spec = CommandSpec.create().name("conf");
    spec.usageMessage().header("Questions about a configuration.", "");
    spec.usageMessage().description("Each question is a command of its own.");
    return new CommandLine(spec).addSubcommand("check", new ConfCheckCommand());
  }

  /** What every command has: help, the version, the same width. */
  private static void dress(CommandLine command) {
    CommandSpec spec = command.getCommandSpec();
    spec.mixinStandardHelpOptions(true);
    spec.version("Quipu " + version());
    spec.usageMessage().width(100).abbreviateSynopsis(true);
    command.getSubcommands().values().forEach(Main::dress);
  }

  private static String version() {
    return Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
        .orElse("(unpacked classes)");
  }

  /** What the user types before a command. */
  private static String program() {
    String classPath = System.getProperty("java.class.path", "");
    return classPath.endsWith(".jar") && !classPath.contains(java.io.File.pathSeparator)
        ? "java -jar " + Path.of(classPath)
        : "quipu";
  }

  private static IParameterExceptionHandler wrongUsage() {
    return (ParameterException e, String[] arguments) -> {
      CommandLine command = e.getCommandLine();
      PrintWriter err = command.getErr();
      err.println(e.getMessage());
      CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
      err.println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
      err.flush();
      return 2;
    };
  }

  /** Expected failures are one message; anything else is a bug, and its trace goes to the log. */
  private static IExecutionExceptionHandler failure() {
    return (Exception e, CommandLine command, CommandLine.ParseResult result) -> {
      PrintWriter err = command.getErr();
      if (e instanceof ConfigurationException) {
        err.println(e.getMessage());
        err.flush();
        return 2;
      }
      LoggerFactory.getLogger(Main.class).error("{} failed", command.getCommandName(), e);
      return 1;
    };
  }
}
