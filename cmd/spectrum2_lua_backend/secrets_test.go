package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// secretScript passes passwords to each function that accepts one, with addresses where
// nothing listens, and sends the error messages to its user.
const secretScript = `
local spectrum, net, http = require "spectrum", require "spectrum.net", require "spectrum.http"
local websocket, sql, crypto = require "spectrum.websocket", require "spectrum.sql", require "spectrum.crypto"
local process = require "spectrum.process"
local S, nobody = "hunter2", "127.0.0.1:1"

local tries = {
  function() return net.connect("irc.example:6697", { proxy = "socks5://bot:" .. S .. "@" .. nobody }) end,
  function() return net.connect("irc.example:6697", { proxy = "http://bot:" .. S .. "@" .. nobody }) end,
  function() return net.connect("irc.example:6697", { proxy = "hunter2://bot:" .. S .. "@" .. nobody }) end,
  function() return http.get("http://bot:" .. S .. "@" .. nobody .. "/" .. S .. "?token=" .. S) end,
  function() return http.get("http://bot:" .. S .. "@[" .. nobody) end,
  function() return http.post("http://" .. nobody, nil, { form = { password = S }, auth = { bearer = S }, headers = { ["X-Token"] = S } }) end,
  function() return http.get("http://" .. nobody, { auth = { user = "bot", password = S }, query = { key = S } }) end,
  function() return http.get("http://" .. nobody, { headers = { Authorization = S .. "\n" } }) end,
  function() return http.get("http://" .. nobody, { proxy = "http://bot:" .. S .. "@" .. nobody }) end,
  function() return websocket.connect("ws://bot:" .. S .. "@" .. nobody .. "/?token=" .. S) end,
  function() return websocket.connect("ws://" .. nobody, { headers = { Authorization = "Bearer " .. S } }) end,
  function() return sql.open("postgres://bot:" .. S .. "@" .. nobody .. "/db?connect_timeout=1") end,
  function() return sql.open("mysql://bot:" .. S .. "@" .. nobody .. "/db") end,
  function() return assert(sql.open("postgres://bot:" .. S .. "@" .. nobody .. "/db")):query("SELECT 1") end,
  function() return assert(sql.open("mysql://bot:" .. S .. "@" .. nobody .. "/db")):query("SELECT 1") end,
  function() return spectrum.store.open():get("x") end,
  function() return crypto.scram_client { username = "bot", password = S }:final("r=nonsense") end,
  function() return net.connect("irc://bot:" .. S .. "@" .. nobody) end,
  function() return http.get("http://" .. nobody, { auth = S }) end,
  function() return http.get("http://" .. nobody, { headers = S }) end,
  function() return http.get("http://" .. nobody, { query = S }) end,
  function() return http.post("http://" .. nobody, nil, { form = { S } }) end,
  function() return websocket.connect("ws://" .. nobody, { auth = S }) end,
  function() return process.start { "true", env = S } end,
  function() return process.start { "/no/such/program", env = { PASSWORD = S } } end,
  function() return process.start { "/no/such/program", env = { PASSWORD = S }, stdin = S } end,
}

local on = {}
function on.login(session, m)
  spectrum.log.info("login", m)
  spectrum.log.info("login", { password = m.password, settings = m.settings })
  print(m)
  print("the password is " .. m.password, (m.password:gsub(".", function(c) return string.format("%%%02x", c:byte()) end)))
  local encoding = require "spectrum.encoding"
  print(encoding.base64.encode("\0alice\0" .. m.password), encoding.hex.encode(m.password))
  for i, try in ipairs(tries) do
    local ok, value, message = pcall(try)
    session:conv_message { buddy_name = "b", message = i .. ": " .. tostring(ok and message or value) }
  end
  session:connected()
end
function on.join_room(session, m)
  spectrum.log.info("room", m)
  error(m)
end
function on.conv_message(session, m)
  if m.message == "fail" then
    session:disconnected { error = "network_error", message = "https://bot:" .. S .. "@" .. nobody .. " is down" }
    error("no answer to PASS " .. S)
  end
  session:conv_message { buddy_name = "b", message = "sent", nonsense = 1 }
end
return on`

// TestSecretsStayOut searches for passwords in the complete log, in the record and in
// messages to users. It also checks the permissions of the files.
func TestSecretsStayOut(t *testing.T) {
	dir := t.TempDir()
	logging := filepath.Join(dir, "logging.cfg")
	write(t, logging, "log4j.rootLogger=TRACE, R\nlog4j.appender.R=RollingFileAppender\nlog4j.appender.R.File="+dir+"/backend.log\n"+
		"log4j.appender.R.layout=PatternLayout\nlog4j.appender.R.layout.ConversionPattern=%d %p %c: %m%n\n")
	config := folder(t, secretScript,
		"record = "+filepath.Join(dir, "record.jsonl"),
		"store = postgres://bot:hunter2@127.0.0.1:1/db",
		"[service]", "password = hunter2",
		"[database]", "type = pqxx", "password = hunter2", "server = 127.0.0.1", "port = 1",
		"[proxy]", "type = http", "host = 127.0.0.1", "port = 1", "user = bot", "password = hunter2",
		"[irc]", "server_password = hunter2",
		"[logging]", "backend_config = "+logging)
	p, b := startUnder(t, config)
	u := b.Login("alice@localhost", "alice", "hunter2")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	u.Send(pb.WrapperMessage_TYPE_JOIN_ROOM, &pb.Room{UserName: proto.String(u.JID), Nickname: proto.String("a"), Room: proto.String("#r"), Password: proto.String("hunter2")})
	u.Say("b", "hello")
	u.Say("b", "fail")
	b.Ping()
	u.Logout("alice")
	b.Exit()
	if code := exitCode(t, p); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := messagesTo(b, u.JID); n < 15 {
		t.Errorf("the script made only %d attempts", n)
	}
	sent, _ := b.Frames()
	for _, f := range sent {
		if f.Direction == simulator.FromBackend && bytes.Contains(f.Bytes, []byte("hunter2")) {
			t.Errorf("a message has the password: %q", f.Bytes)
		}
	}
	if strings.Contains(p.Output(), "hunter2") {
		t.Errorf("standard error has the password: %s", p.Output())
	}
	for _, name := range []string{"backend.log", "record.jsonl"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		for line := range strings.Lines(string(text)) {
			for _, part := range []string{"hunter2", "%68%75", "68756e", "h1bnRlc"} {
				if strings.Contains(line, part) {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
		if len(text) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "record.jsonl"))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the record is %v", info.Mode())
	}
}
