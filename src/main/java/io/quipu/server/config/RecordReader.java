package io.quipu.server.config;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Records out of JSON whose keys are their components; the schema has checked types and ranges. */
final class RecordReader {
  private RecordReader() {}

  static <R extends Record> R read(Class<R> type, JsonObject json) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = value(components[i].getGenericType(), json.getValue(components[i].getName()));
    }
    try {
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("conf.schema.json and " + type.getName() + " differ", e);
    }
  }

  private static Object value(Type type, Object json) {
    if (type instanceof ParameterizedType generic) {
      Type element = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == Optional.class) {
        return Optional.ofNullable(json).map(present -> value(element, present));
      }
      if (generic.getRawType() == List.class) {
        return ((JsonArray) json).stream().map(each -> value(element, each)).toList();
      }
    }
    if (type == int.class) {
      return ((Number) json).intValue();
    }
    if (type == boolean.class || type == String.class) {
      return json;
    }
    if (type instanceof Class<?> other && other.isRecord()) {
      return read(other.asSubclass(Record.class), (JsonObject) json);
    }
    throw new AssertionError("no JSON becomes a " + type);
  }
}
