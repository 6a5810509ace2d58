package io.quipu.server.adapter.postgres;

import io.quipu.server.journal.StoreUnfitException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** The programs of PostgreSQL, unpacked from the jar once. */
record Engine(Path directory) {

  Path program(String name) {
    return directory.resolve("bin").resolve(isWindows() ? name + ".exe" : name);
  }

  /** Unpacks below {@code parent}, unless these very programs are there. */
  static Engine unpack(Path parent) throws IOException {
    String archive = "postgres-%s-%s.txz".formatted(system(), architecture());
    URL resource = Engine.class.getResource("/" + archive);
    if (resource == null) {
      throw new StoreUnfitException(
          "this jar holds no PostgreSQL for %s on %s: set postgres.uri to a server of your own"
              .formatted(System.getProperty("os.name"), System.getProperty("os.arch")));
    }
    URLConnection connection = resource.openConnection();
    connection.setUseCaches(false);
    Path home = parent.resolve("engine-" + fingerprint(connection));
    if (!Files.isDirectory(home)) {
      Files.createDirectories(parent);
      Path unfinished = Files.createTempDirectory(parent, "engine-");
      try (InputStream in = connection.getInputStream()) {
        untar(in, unfinished);
      }
      moveIntoPlace(unfinished, home);
    } else {
      connection.getInputStream().close();
    }
    return new Engine(home);
  }

  /** Two who unpack at once make the same. */
  private static void moveIntoPlace(Path unfinished, Path home) throws IOException {
    try {
      Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      deleteTree(unfinished);
      if (!Files.isDirectory(home)) {
        throw e;
      }
    }
  }

  private static String fingerprint(URLConnection connection) throws IOException {
    return connection instanceof JarURLConnection jar
        ? Long.toHexString(jar.getJarEntry().getCrc())
        : Long.toHexString(connection.getContentLengthLong());
  }

  private static void untar(InputStream in, Path target) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(in)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path path = target.resolve(entry.getName()).normalize();
        if (!path.startsWith(target)) {
          throw new IOException("an entry outside of the archive: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
          continue;
        }
        Files.createDirectories(path.getParent());
        if (entry.isSymbolicLink()) {
          createLink(path, entry.getLinkName());
        } else {
          Files.copy(tar, path, StandardCopyOption.REPLACE_EXISTING);
          if (path.getParent().endsWith("bin") && !path.toFile().setExecutable(true)) {
            throw new IOException("cannot make executable: " + path);
          }
        }
      }
    }
  }

  private static void createLink(Path path, String linkTarget) throws IOException {
    try {
      Files.createSymbolicLink(path, Path.of(linkTarget));
    } catch (FileAlreadyExistsException e) {
      // The archive names it twice.
    }
  }

  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(root)) {
      paths
          .sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.deleteIfExists(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  static boolean isLinux() {
    return system().equals("linux");
  }

  private static boolean isWindows() {
    return system().equals("windows");
  }

  /** As the archives are called. */
  private static String system() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return name.startsWith("mac") ? "darwin" : name.startsWith("windows") ? "windows" : name;
  }

  private static String architecture() {
    String name = System.getProperty("os.arch");
    return switch (name) {
      case "amd64", "x86_64" -> "x86_64";
      case "aarch64" -> "arm_64";
      default -> name;
    };
  }
}
