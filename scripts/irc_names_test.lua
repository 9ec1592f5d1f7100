-- irc_names_test.lua: the names of rooms and users on both sides (irc/names.lua). No name can
-- inject anything into a line or a stanza.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local join, log_in = fake.join, fake.log_in

test.case("characters that a JID must not contain are escaped and unescaped", function(t)
  local alice = log_in(t, {}, function(conn)
    fake.enter(conn, "alice", "#a/b&c", "dan")
    conn:write_line ":dan/matrix!d@example.org PRIVMSG alice :hello"
    conn:expect_line "^PRIVMSG dan/matrix yes$"
    conn:write_line ":joe\\20!j@example.org PRIVMSG alice :hello"
    conn:expect_line "^PRIVMSG joe\\20 yes$"
    conn:write_line ":dan!d@example.org PRIVMSG #a/b&c :done"
  end)
  join(alice, "#a\\2fb\\26c")
  alice:expect("room_subject_changed", { buddy_name = "#a\\2fb\\26c" })
  alice:expect("conv_message", { buddy_name = "dan\\2fmatrix", message = "hello" })
  alice:say("dan\\2fmatrix", "yes")
  alice:expect("conv_message", { buddy_name = "joe\\5c20", message = "hello" })
  alice:say("joe\\5c20", "yes")
  alice:expect("conv_message", { buddy_name = "#a\\2fb\\26c", nickname = "dan", message = "done" })
end)

test.case("an invitation with unusual names is valid XML", function(t)
  local alice = log_in(t, {}, function(conn)
    conn:write_line(":100%s!d@host.example INVITE alice #a/b<c>")
  end)
  alice:expect("conv_message", { message = "100%s invites you to #a\\2fb\\3cc\\3e. To accept, join that room." })
  t:expect("raw_xml", t.pattern('from="#a\\2fb\\3cc\\3e@irc.localhost"'))
end)

test.case("names of rooms are folded by CASEMAPPING as soon as it is known", function(t)
  local server = fake.serve(t, { isupport = "CASEMAPPING=ascii CHANTYPES=#" }, function(conn, n)
    fake.enter(conn, "alice", "#[x]", n == 1 and "dan" or "eve")
    if n == 2 then
      conn:write_line(":eve!e@host.example TOPIC #{x} :elsewhere", ":eve!e@host.example TOPIC #[X] :here")
      fake.hold(conn)
    end
  end)
  t:start { config = { irc = { network = "red " .. server.address, flood_seconds = 0, away_timeout = 0 } } }
  local alice = t:login()
  join(alice, "#[x]@red")
  alice:expect("participant_changed", { room = "#[x]@red", nickname = "dan" })
  alice:expect("room_subject_changed", { buddy_name = "#[x]@red" })
  alice:expect("conv_message", { buddy_name = "#[x]@red", message = t.pattern "^No connection" })
  t:advance(5)
  alice:expect("participant_changed", { room = "#[x]@red", nickname = "eve" })
  alice:expect("room_subject_changed", { buddy_name = "#[x]@red", nickname = "eve", message = "here" })
  t:never "raw_xml" -- no invitation: the name means the same room
end)

test.case("an empty key of a room counts as no key", function(t)
  local alice = log_in(t, {}, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
  end)
  join(alice, "#lua", { password = "" })
  alice:expect("room_subject_changed", { buddy_name = "#lua" })
end)

test.case("a client that escapes the server's name", function(t)
  local server = fake.serve(t, {}, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    fake.hold(conn)
  end)
  t:start { config = { irc = { network = "red " .. server.address, flood_seconds = 0, away_timeout = 0 } } }
  local alice = t:login()
  join(alice, "#lua\\40red")
  alice:expect("participant_changed", { room = "#lua\\40red", nickname = "dan" })
end)

test.case("codes in names, reasons and modes are not shown", function(t)
  local alice = log_in(t, {}, function(conn)
    fake.enter(conn, "alice", "#lua", "dan eve")
    conn:write_line(
      ":dan!d@host.example MODE #lua +b \0034,1red!*@*",
      ":dan!d@host.example KICK #lua eve :\2out\2",
      ":dan!d@host.example PART #lua :\0035bye"
    )
  end)
  join(alice, "#lua")
  alice:expect("conv_message", { message = "dan sets mode +b red!*@*" })
  alice:expect("participant_changed", { nickname = "eve", status_message = "kicked by dan: out" })
  alice:expect("participant_changed", { nickname = "dan", status = "none", status_message = "bye" })
end)

test.case("the user leaves a room and returns at once", function(t)
  local alice = log_in(t, {}, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line "^PART #lua$"
    conn:expect_line "^JOIN #lua$"
    conn:write_line(":alice!~a@host.example PART #lua", ":alice!~a@host.example JOIN #lua")
    fake.say(conn, "353 alice = #lua :alice eve", "366 alice #lua :End of /NAMES list")
  end)
  join(alice, "#lua")
  alice:expect("room_subject_changed", { buddy_name = "#lua" })
  fake.leave(alice, "#lua")
  join(alice, "#lua")
  alice:expect("participant_changed", { nickname = "alice", status = "none" })
  alice:expect("participant_changed", { nickname = "eve", status = "online" })
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" }, status = "online" })
  t:settle()
  t:never "raw_xml"
end)

test.case("the echo of a password is not shown", function(t)
  local config = {
    identify = "NickServ identify $name $password",
    command = { "PRIVMSG Q@services :AUTH $password", "/MODE $nick +i" },
  }
  fake.start(t, { caps = "message-tags echo-message batch", config = config }, function(conn)
    local mask = ":alice!~alice@host.example "
    conn:write_line(mask .. conn:expect_line "^PRIVMSG NickServ :identify alice secret$")
    conn:write_line(mask .. conn:expect_line "^PRIVMSG Q@services :AUTH secret$")
    conn:expect_line "^MODE alice %+i$"
    conn:write_line(":dan!d@host.example PRIVMSG alice :done")
    fake.hold(conn)
  end)
  local alice = t:login { legacy_name = "alice", password = "secret" }
  alice:expect "connected"
  local first = alice:expect "conv_message"
  t.equal(first.message, "done")
end)
