-- hello.lua: the smallest transport. Its one contact, `hello`, greets every user who
-- writes to it.

local on = {} -- the handlers, by the names of their messages

-- A user logs in: connect the user, and show the contact.
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "hello", alias = "Hello", status = "online" }
end

-- The user writes to a contact.
function on.conv_message(session, m)
  if m.buddy_name ~= "hello" then
    return
  end
  session:conv_message {
    buddy_name = "hello",
    message = "Hello, " .. session.legacy_name .. "! You wrote: " .. m.message,
  }
end

return on
