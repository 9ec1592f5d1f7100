//go:build e2e

package e2e_test

import (
	"crypto/sha1"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nastyNames are Lua strings that cannot be part of a JID. Most of them are valid in XML.
var nastyNames = []struct{ what, lua string }{
	{"an empty name", `""`},
	{"a control character", `"a\3b"`},
	{"broken UTF-8", `"a\255b"`},
	{"U+FFFD, which replaces broken UTF-8", `"a\239\191\189b"`},
	{"DEL", `"a\127b"`},
	{"two lines", `"a\nb"`},
	{"a mark for the direction of writing", `"a\226\128\142b"`},
	{"Arabic after Latin letters", `"a \216\161"`},
	{"a no-break space", `"a\194\160b"`},
	{"private use", `"a\238\128\128b"`},
	{"2,000 letters", `("x"):rep(2000)`},
}

// nastyScript sends texts that would close the component's stream, which all users share. A
// word of the user selects the text. The script sends its error to the user.
const nastyScript = `local spectrum = require "spectrum"
local on = {}
local say = {}

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Ec\1ho\255", status = "online", status_message = "a\2b" }
end

function say.control(session)
  session:conv_message { buddy_name = "echo", message = "begin \3" .. "04red\15 \0 \27[1m end" }
end

function say.broken(session)
  session:conv_message { buddy_name = "echo", message = "begin \233 \255\254 \237\160\128 \239\191\191 end" }
end

function say.unclosed(session)
  session:conv_message { buddy_name = "echo", message = "begin plain end", xhtml = "<p>begin <b>bold</p>" }
end

function say.entity(session)
  session:conv_message { buddy_name = "echo", message = "begin plain end", xhtml = "<p>begin &nbsp; & end</p>" }
end

function say.styled(session)
  session:conv_message { buddy_name = "echo", message = "begin plain end", xhtml = "<p><strong>styled</strong></p>" }
end

function say.delayed(session)
  session:conv_message { buddy_name = "echo", message = "begin plain end", timestamp = 1000000000 }
end

function say.timestamp(session)
  session:conv_message { buddy_name = "echo", message = "never seen", timestamp = "yesterday" }
end

function say.huge(session)
  session:conv_message { buddy_name = "echo", message = ("x"):rep(1024 * 1024) }
end

function say.stray(session)
  spectrum.send("raw_xml", "</stream:stream>")
end

local room = "#room@irc.example.net"
local names = { NAMES }

function on.join_room(session, m)
  session:participant_changed { room = m.room, nickname = m.nickname, status = "online" }
end

function say.name(session, number)
  local name = names[tonumber(number)]
  pcall(session.participant_changed, session, { room = room, nickname = name, status = "online" })
  pcall(session.participant_changed, session, { room = room, nickname = "a", newname = name, status = "online" })
  pcall(session.conv_message, session, { buddy_name = room, nickname = name, message = "hello" })
  pcall(session.conv_message, session, { buddy_name = name, message = "hello" })
  pcall(session.buddy_changed, session, { buddy_name = name, status = "online" })
  pcall(session.auth_request, session, { buddy_name = name })
end

function say.nobody(session)
  error("nobody catches this")
end

function on.conv_message(session, m)
  local word, argument = m.message:match("^(%a+) ?(%d*)$")
  local act = say[word]
  if not act then
    session:conv_message { buddy_name = m.buddy_name, message = m.message }
  elseif word == "nobody" then
    act(session)
  else
    local ok, problem = pcall(act, session, argument)
    if not ok then
      session:conv_message { buddy_name = "echo", message = "refused: " .. tostring(problem) }
    end
  end
end

function on.vcard(session, m)
  local sizes = { small = 100 * 1024, big = 1024 * 1024 }
  local card = { buddy_name = m.buddy_name, id = m.id, fullname = m.buddy_name }
  card.photo = ("p"):rep(sizes[m.buddy_name])
  local ok, problem = pcall(session.vcard, session, card)
  if not ok then
    card.photo, card.nickname = nil, "refused: " .. tostring(problem)
    session:vcard(card)
  end
end

return on
`

// meetsNastyScript receives everything that nastyScript sends.
func (c *client) meetsNastyScript() {
	c.bed.t.Helper()
	c.online()
	c.wait("echo is online", presence(c.bed.contact("echo"), ""))
	c.befriend("echo")
	c.hearsNastyTexts()
	c.seesPhotos()
	c.echoes()
}

// TestNasty sends all texts through one stream.
func TestNasty(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: nastyScript})
	alice := b.client("alice")
	defer b.streamHolds()
	alice.meetsNastyScript()

	alice.step("hears nothing of an error in a handler")
	alice.do(command{"do": "message", "to": b.contact("echo"), "body": "nobody"})
	b.waitLog("backend-1.log", fmt.Sprintf(`script\.lua:%d: nobody catches this`,
		lineOf(t, nastyScript, "nobody catches this")))
	alice.echoes()
}

// TestNastyNames uses the names as senders. Names become part of a JID, which allows fewer
// characters than XML.
func TestNastyNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, name := range nastyNames {
		names = append(names, name.lua)
	}
	b := newBed(t, bedConfig{script: strings.Replace(nastyScript, "NAMES", strings.Join(names, ", "), 1)})
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.join(b.room(), "alice")
	for i, name := range nastyNames {
		alice.step("is to hear from a name with %s", name.what)
		closed := b.streamsClosed()
		alice.do(command{"do": "message", "to": b.contact("echo"), "body": fmt.Sprintf("name %d", i+1)})
		alice.do(command{"do": "message", "to": b.contact("echo"), "body": "still there?"})
		b.until("the stream's answer or its end", func() bool {
			return len(alice.seen(messageFrom(b.contact("echo")))) > 0 || b.streamsClosed() > closed
		})
		if b.streamsClosed() > closed {
			t.Errorf("a name with %s has closed the stream", name.what)
			b.until("Spectrum is back", func() bool {
				return b.streamsOpened() > b.streamsClosed()
			})
		}
	}
}

// lineOf returns the line number of a text in the script.
func lineOf(t *testing.T, script, text string) int {
	t.Helper()
	before, _, found := strings.Cut(script, text)
	if !found {
		t.Fatalf("%q is missing from the script", text)
	}
	return strings.Count(before, "\n") + 1
}

// hearsNastyTexts asks for each text of the script that could break the stream.
func (c *client) hearsNastyTexts() {
	c.bed.t.Helper()
	for _, word := range []string{"control", "broken", "unclosed", "entity", "styled", "delayed"} {
		c.hearsNasty(word)
		c.echoes()
	}
	for word, at := range map[string]string{
		"timestamp": `"yesterday"`, "huge": "rep(1024 * 1024) }", "stray": "</stream:stream>",
	} {
		c.hearsRefusal(word, lineOf(c.bed.t, nastyScript, at))
		c.echoes()
	}
}

// hearsNasty checks that the user receives all characters of a text that XML can carry.
func (c *client) hearsNasty(word string) {
	t := c.bed.t
	t.Helper()
	e := c.say("echo", word)
	if !strings.HasPrefix(e.Body, "begin ") || !strings.HasSuffix(e.Body, " end") {
		t.Errorf("%s: %q", word, e.Body)
	}
	if !utf8.ValidString(e.Body) || strings.ContainsFunc(e.Body, unicode.IsControl) {
		t.Errorf("%s: unreadable characters: %q", word, e.Body)
	}
	if styled := strings.Contains(e.HTML, "<strong>styled</strong>") || strings.Contains(e.HTML, ":strong>styled<"); styled != (word == "styled") {
		t.Errorf("%s: XHTML %q", word, e.HTML)
	}
	if word == "delayed" && e.Stamp != "2001-09-09T01:46:40Z" {
		t.Errorf("sent at %q", e.Stamp)
	}
}

// hearsRefusal checks that the script's error names its line.
func (c *client) hearsRefusal(word string, line int) {
	t := c.bed.t
	t.Helper()
	e := c.say("echo", word)
	if !regexp.MustCompile(fmt.Sprintf(`^refused: script\.lua:%d: `, line)).MatchString(e.Body) {
		t.Errorf("%s: %q", word, e.Body)
	}
}

func (c *client) seesPhotos() {
	t := c.bed.t
	t.Helper()
	c.step("looks at a photo")
	small := c.do(command{"do": "vcard", "to": c.bed.contact("small")}).VCard
	if want := fmt.Sprintf("%x", sha1.Sum([]byte(strings.Repeat("p", 100*1024)))); small == nil || small.PhotoSHA1 != want {
		t.Errorf("a photo of 100 kB: %+v", small)
	}
	c.step("looks at a photo of 1 MB")
	big := c.do(command{"do": "vcard", "to": c.bed.contact("big")}).VCard
	if big == nil || big.PhotoSize != 0 || !strings.HasPrefix(big.Nickname, "refused: ") {
		t.Errorf("a photo of 1 MB: %+v", big)
	}
}
