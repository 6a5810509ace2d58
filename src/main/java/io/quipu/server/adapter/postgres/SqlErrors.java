package io.quipu.server.adapter.postgres;

import io.quipu.model.ErrorCode;
import io.quipu.model.Outcome;
import io.quipu.model.QuipuException;
import io.vertx.pgclient.PgException;

/** What a failure of the driver or of PostgreSQL means. */
final class SqlErrors {
  static final String UNIQUE_VIOLATION = "23505";

  private SqlErrors() {}

  /**
   * STORE_REFUSED if PostgreSQL will never take these values (it says so of a statement, which then
   * has written nothing); else STORE_DOWN with outcome UNKNOWN, since the answer may have been lost
   * after the commit.
   */
  static QuipuException translate(Throwable failure) {
    if (failure instanceof QuipuException expected) {
      return expected;
    }
    if (failure instanceof PgException refusal) {
      String detail = refusal.getSqlState() + " " + refusal.getErrorMessage();
      return isAboutTheValues(refusal.getSqlState())
          ? new QuipuException(ErrorCode.STORE_REFUSED, detail)
          : new QuipuException(ErrorCode.STORE_DOWN, detail);
    }
    String message = failure.getMessage() == null ? "" : ": " + failure.getMessage();
    return new QuipuException(ErrorCode.STORE_DOWN, failure.getClass().getSimpleName() + message);
  }

  /** Nothing was sent to PostgreSQL. */
  static QuipuException notSent(String why) {
    return new QuipuException(ErrorCode.STORE_DOWN, Outcome.NOT_APPLIED, why);
  }

  static boolean isUniqueViolation(Throwable failure) {
    return failure instanceof PgException refusal && UNIQUE_VIOLATION.equals(refusal.getSqlState());
  }

  /**
   * Classes of PostgreSQL's appendix A. Not 42: a statement that is wrong, or a missing permission,
   * is nothing that a sender should be refused for. XX001 and XX002 are a damaged table or index:
   * one conversation on a damaged page must not stop all others.
   */
  private static boolean isAboutTheValues(String sqlState) {
    return switch (sqlState.substring(0, Math.min(2, sqlState.length()))) {
      case "21", "22", "23", "27", "44", "54", "P0" -> true;
      case "XX" -> !sqlState.equals("XX000");
      default -> false;
    };
  }
}
