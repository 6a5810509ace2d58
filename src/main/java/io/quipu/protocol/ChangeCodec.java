package io.quipu.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.quipu.model.Change;
import io.quipu.model.Content;
import io.quipu.model.ErrorCode;
import io.quipu.model.GroupSettings;
import io.quipu.model.QuipuException;
import io.quipu.model.UserId;
import io.quipu.protocol.wire.AddMembers;
import io.quipu.protocol.wire.Block;
import io.quipu.protocol.wire.Configure;
import io.quipu.protocol.wire.CreateGroup;
import io.quipu.protocol.wire.Edit;
import io.quipu.protocol.wire.EraseUser;
import io.quipu.protocol.wire.Leave;
import io.quipu.protocol.wire.React;
import io.quipu.protocol.wire.Recall;
import io.quipu.protocol.wire.RemoveMembers;
import io.quipu.protocol.wire.Rename;
import io.quipu.protocol.wire.SetRole;
import io.quipu.protocol.wire.Unblock;
import java.util.List;

/** Changes as they stand in frames and in the store: a quipu.v1.Change. */
public final class ChangeCodec {
  private ChangeCodec() {}

  public static ByteString encode(Change change) {
    return toWire(change).toByteString();
  }

  /**
   * @throws QuipuException INVALID_CONTENT if this is no change
   */
  public static Change decode(ByteString bytes) {
    try {
      return fromWire(io.quipu.protocol.wire.Change.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      throw new QuipuException(ErrorCode.INVALID_CONTENT, "not a change: " + e.getMessage());
    }
  }

  /**
   * A change of the store; one that a newer version wrote, whole or in part, is unknown content.
   */
  public static Content stored(ByteString bytes) {
    try {
      return FromWire.received(io.quipu.protocol.wire.Change.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      return new Content.Unknown();
    }
  }

  static io.quipu.protocol.wire.Change toWire(Change change) {
    var wire = io.quipu.protocol.wire.Change.newBuilder();
    if (change instanceof Change.Create create) {
      CreateGroup.Builder group =
          CreateGroup.newBuilder().setTitle(create.title()).addAllMembers(names(create.members()));
      if (!create.settings().equals(GroupSettings.UNCHANGED)) {
        group.setSettings(SettingsCodec.toWire(create.settings()));
      }
      wire.setCreate(group);
    } else if (change instanceof Change.Add add) {
      wire.setAdd(AddMembers.newBuilder().addAllMembers(names(add.members())));
    } else if (change instanceof Change.Remove remove) {
      wire.setRemove(RemoveMembers.newBuilder().addAllMembers(names(remove.members())));
    } else if (change instanceof Change.Leave) {
      wire.setLeave(Leave.getDefaultInstance());
    } else if (change instanceof Change.Rename rename) {
      wire.setRename(Rename.newBuilder().setTitle(rename.title()));
    } else if (change instanceof Change.SetRole set) {
      wire.setSetRole(
          SetRole.newBuilder()
              .setUser(set.user().value())
              .setRole(SettingsCodec.toWire(set.role())));
    } else if (change instanceof Change.Configure configure) {
      wire.setConfigure(
          Configure.newBuilder().setSettings(SettingsCodec.toWire(configure.settings())));
    } else if (change instanceof Change.OfMessage ofMessage) {
      putOfMessage(wire, ofMessage);
    } else if (change instanceof Change.Block) {
      wire.setBlock(Block.getDefaultInstance());
    } else if (change instanceof Change.Unblock) {
      wire.setUnblock(Unblock.getDefaultInstance());
    } else if (change instanceof Change.EraseUser) {
      wire.setEraseUser(EraseUser.getDefaultInstance());
    }
    return wire.build();
  }

  private static void putOfMessage(
      io.quipu.protocol.wire.Change.Builder wire, Change.OfMessage change) {
    if (change instanceof Change.Edit edit) {
      Edit.Builder edited = Edit.newBuilder().setSeq(edit.seq());
      if (edit.content() instanceof Content.Text text) {
        edited.setTextBytes(text.utf8());
      } else if (edit.content() instanceof Content.Body body) {
        edited.setBody(body.bytes());
      }
      wire.setEdit(edited);
    } else if (change instanceof Change.Recall recall) {
      wire.setRecall(Recall.newBuilder().setSeq(recall.seq()));
    } else if (change instanceof Change.React react) {
      wire.setReact(
          React.newBuilder().setSeq(react.seq()).setKey(react.key()).setRemove(react.remove()));
    }
  }

  static Change fromWire(io.quipu.protocol.wire.Change wire) {
    return switch (wire.getChangeCase()) {
      case CREATE ->
          new Change.Create(
              wire.getCreate().getTitle(),
              users(wire.getCreate().getMembersList()),
              SettingsCodec.settings(wire.getCreate().getSettings()));
      case ADD -> new Change.Add(users(wire.getAdd().getMembersList()));
      case REMOVE -> new Change.Remove(users(wire.getRemove().getMembersList()));
      case LEAVE -> new Change.Leave();
      case RENAME -> new Change.Rename(wire.getRename().getTitle());
      case SET_ROLE ->
          new Change.SetRole(
              new UserId(wire.getSetRole().getUser()),
              SettingsCodec.role(wire.getSetRole().getRole())
                  .orElseThrow(
                      () ->
                          new QuipuException(
                              ErrorCode.INVALID_CONTENT, "a role is MEMBER, ADMIN or OWNER")));
      case CONFIGURE ->
          new Change.Configure(SettingsCodec.settings(wire.getConfigure().getSettings()));
      case EDIT -> edit(wire.getEdit());
      case RECALL -> new Change.Recall(wire.getRecall().getSeq());
      case REACT ->
          new Change.React(
              wire.getReact().getSeq(), wire.getReact().getKey(), wire.getReact().getRemove());
      case BLOCK -> new Change.Block();
      case UNBLOCK -> new Change.Unblock();
      case ERASE_USER -> new Change.EraseUser();
      case CHANGE_NOT_SET ->
          throw new QuipuException(
              ErrorCode.INVALID_CONTENT, "a change that this version does not know");
    };
  }

  private static Change edit(Edit wire) {
    return new Change.Edit(
        wire.getSeq(),
        switch (wire.getContentCase()) {
          case TEXT -> new Content.Text(wire.getTextBytes());
          case BODY -> new Content.Body(wire.getBody());
          case CONTENT_NOT_SET -> new Content.Unknown();
        });
  }

  private static List<String> names(List<UserId> users) {
    return users.stream().map(UserId::value).toList();
  }

  private static List<UserId> users(List<String> names) {
    return names.stream().map(UserId::new).toList();
  }
}
