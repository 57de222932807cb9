"""A conversation on a terminal: what is typed is carried out and shown, until the user ends it."""

from __future__ import annotations

from thinkcap.errors import ThinkcapError
from thinkcap.runs.conversation import Conversation
from thinkcap.runs.slash_commands import carry_out
from thinkcap.show.live.conversation_view import ConversationView
from thinkcap.show.live.line_editor import LineEditor
from thinkcap.text import with_flags


def converse(conversation: Conversation, editor: LineEditor, view: ConversationView) -> None:
    """Runs the conversation. An error, or Ctrl-C, ends what is being done; Ctrl-D ends the conversation."""
    profile = conversation.engine.profile
    view.close()
    view.say(f"{profile.name} {profile.quant}: type a problem; /help lists the commands, Ctrl-D ends the session.")
    while not conversation.ended:
        try:
            view.say("")
            _carry_out(editor.read(), conversation, view)
        except EOFError:
            return
        except KeyboardInterrupt:
            view.close()
            view.say("Ctrl-D or /quit ends the session.")


def _carry_out(line: str, conversation: Conversation, view: ConversationView) -> None:
    try:
        view.begin()
        for happening in carry_out(line, conversation):
            view.show(happening)
    except ThinkcapError as error:
        view.close()
        view.say(with_flags(str(error), "/"))
