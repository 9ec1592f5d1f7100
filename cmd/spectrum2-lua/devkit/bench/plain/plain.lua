-- plain.lua: the script of `make bench`. It answers each message with an echo, and nothing
-- else, so that the figures are those of the runtime.

local on = {}

function on.login(session)
  session:connected()
end

function on.conv_message(session, m)
  local rooms = session.data.rooms or {}
  session:conv_message {
    buddy_name = m.buddy_name,
    message = m.message,
    xhtml = m.xhtml,
    nickname = rooms[m.buddy_name],
    pm = m.pm,
  }
end

return on
