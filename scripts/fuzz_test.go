// Package scripts_test tests the scripts that ship with invalid input from networks.
package scripts_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// ircParts is a script that reads and writes a line and a text with the functions of
// irc.lua.
const ircParts = `
package.path = "SCRIPTS/?.lua;" .. package.path
local spectrum, encoding, xml = require "spectrum", require "spectrum.encoding", require "spectrum.xml"
local message, text, isupport = require "irc.message", require "irc.text", require "irc.isupport"

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

local function line(s)
  local m = message.parse(s)
  if not m then return end
  assert(m.command ~= "" and not m.command:find " ", "command")
  for i, param in ipairs(m.params) do
    assert(i == #m.params or param ~= "" and not param:find " ", "parameter " .. i)
  end
  if m.command:find "^[%w]+$" and not s:find "[%z\r\n\t\v\f]" then
    local written = message.format(m.command, m.params, m.tags)
    assert(not written:find "[%z\r\n]", "a line within a line")
    local again = message.parse(written)
    assert(again.command == m.command and same(again.params, m.params), "written as " .. written)
  end
end

local function said(s)
  local plain, html = text.from_irc(s)
  assert(not plain:find "[%z\1-\8\11-\31\127]", "codes are left")
  if html then
    assert(xml.parse("<body>" .. encoding.utf8.clean(html) .. "</body>"), html)
  end
  for one in (plain .. "\n"):gmatch("([^\n]*)\n") do -- a text of several lines comes from a batch
    assert(text.plain(one) == one)
  end
  for _, piece in ipairs(message.split(s, 80)) do
    assert(#piece <= 80, "a piece is too long")
  end
  for _, out in ipairs(text.to_irc(s) or {}) do
    assert(not out:find "[%z\r\n]", "a line within a line")
  end
end

local on = {}
function on.query(m)
  local s = encoding.base64.decode(m.config)
  local _, problem = pcall(function() line(s) said(s) end)
  spectrum.send("query", { config = tostring(problem) })
end
return on
`

// FuzzIRC passes any line to the functions that read lines and texts of IRC. They raise
// no error, they write a line as they have read it, and no text can end a line.
func FuzzIRC(f *testing.F) {
	for _, seed := range []string{
		"@time=2026-01-01T12:00:00.000Z;a=\\:\\s\\ :dan!d@example.org PRIVMSG #lua :Hello there", ":s 005 a CHANMODES=b,k,l,imnt PREFIX=(ov)@+ :are",
		"PRIVMSG #a :\x02bold \x0304,12red\x03 \x1ditalic\x0f \x04ff0000,00ff00x\x04 \x16\x11\x1e\x1f", ":", "@", " ", ": ", "@a :b", "\x00\xff\xfe", "A\x01ACTION x\x01",
		"<p>a <b>b</b><br/><a href='http://x'>c</a></p>", "\x0399,99" + strings.Repeat("ä", 200), strings.Repeat("\x02", 300),
		"PRIVMSG a :https://example.org/?a=b&c=d). \x03,5 <&>", ":x 001  :  ", "mode #c +ov-b a b :c d", "\x80A\n",
	} {
		f.Add(seed)
	}
	dir, err := os.Getwd()
	if err != nil {
		f.Fatal(err)
	}
	st := luatest.Start(f, strings.Replace(ircParts, "SCRIPTS", filepath.ToSlash(dir), 1))
	query := schema.TypeByNumber(pb.WrapperMessage_TYPE_QUERY)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		payload, err := proto.Marshal(&pb.BackendConfig{Config: proto.String(base64.StdEncoding.EncodeToString([]byte(text)))})
		if err != nil {
			t.Fatal(err)
		}
		st.Host.Sessions().Receive(context.Background(), query, payload, nil)
		var answer pb.BackendConfig
		if err := proto.Unmarshal(st.Sent.Next(t, query.Number), &answer); err != nil || answer.GetConfig() != "nil" {
			t.Errorf("%q: %s, %v", text, answer.GetConfig(), err)
		}
	})
}
