-- room_test.lua: several users at once.

local test = require "spectrum.test"

local function join(t, name)
  local user = t:login(name .. "@localhost")
  user:expect("connected")
  user:send("join_room", { room = "lobby", nickname = name })
  user:expect("participant_changed", { room = "lobby", nickname = name, flag = { "me" } })
  user:expect("room_subject_changed", { buddy_name = "lobby" })
  return user
end

test.case("the room is announced", function(t)
  t:start()
  t:expect("backend_config", { config = t.pattern "muc=1" })
  t:expect("room_list", { room = { "lobby" } })
end)

test.case("a user who joins sees the others, and they see the user", function(t)
  local alice = join(t, "alice")
  local bob = join(t, "bob")
  bob:expect("participant_changed", { nickname = "alice", status = "online" })
  alice:expect("participant_changed", { nickname = "bob", status = "online" })
end)

test.case("a message reaches all occupants, including its author", function(t)
  local alice, bob = join(t, "alice"), join(t, "bob")
  alice:say("lobby", "hello")
  for _, user in ipairs { alice, bob } do
    user:expect("conv_message", { buddy_name = "lobby", nickname = "alice", message = "hello" })
  end
end)

test.case("a private message reaches one occupant", function(t)
  local alice, bob, carol = join(t, "alice"), join(t, "bob"), join(t, "carol")
  alice:say("lobby/bob", "psst")
  bob:expect("conv_message", { buddy_name = "lobby", nickname = "alice", message = "psst", pm = true })
  carol:never("conv_message")
end)

test.case("the topic is kept for users who join later", function(t)
  local alice = join(t, "alice")
  alice:send("room_subject_changed", { buddy_name = "lobby", message = "tea" })
  alice:expect("room_subject_changed", { nickname = "alice", message = "tea" })
  local bob = t:login "bob@localhost"
  bob:send("join_room", { room = "lobby", nickname = "bob" })
  bob:expect("room_subject_changed", { nickname = "alice", message = "tea" })
end)

test.case("a nickname in use and an unknown room are refused", function(t)
  join(t, "alice")
  local bob = t:login "bob@localhost"
  bob:send("join_room", { room = "lobby", nickname = "alice" })
  bob:expect("participant_changed", { nickname = "alice", status = "none", flag = { "conflict" } })
  bob:send("join_room", { room = "cellar", nickname = "bob" })
  bob:expect("participant_changed", { room = "cellar", flag = { "room_not_found" } })
end)

test.case("users leave the room, or log out in it", function(t)
  local alice, bob, carol = join(t, "alice"), join(t, "bob"), join(t, "carol")
  bob:send("leave_room", { room = "lobby", nickname = "bob" })
  alice:expect("participant_changed", { nickname = "bob", status = "none" })
  carol:logout()
  alice:expect("participant_changed", { nickname = "carol", status = "none" })
  alice:say("lobby", "anybody?")
  bob:never("conv_message")
end)
