//go:build e2e

package e2e_test

import (
	"strings"
	"time"
	"unicode/utf8"
)

// An ircStep is one feature, in the words of users.
type ircStep struct {
	name string
	play func(s *ircScene)
}

// ircSteps run one after the other on the same bed.
var ircSteps = []ircStep{
	{"Join a room: the user sees its occupants and topic", joins},
	{"Operators of the room are moderators", showsOperators},
	{"The user sees who joins", showsOthers},
	{"Messages from XMPP to IRC", speaksToIRC},
	{"Messages from IRC to XMPP", hearsFromIRC},
	{"Messages between two users of the transport, once each", speaksToOther},
	{"`/me`, both ways", acts},
	{"Private messages in a room, both ways", whispers},
	{"Contacts: private messages with people in no common room", writesToContact},
	{"A message to an unknown nick: the user receives an error", writesToNobody},
	{"Notices", isNoticed},
	{"Topic from XMPP", setsTopicOnIRC},
	{"Topic from IRC", seesTopic},
	{"Bold, italic, underlined from IRC", seesStyles},
	{"Colours from IRC", seesColours},
	{"Bold, italic, underlined to IRC", sendsStyles},
	{"Long messages are split without losses", sendsLong},
	{"Each line of a text becomes a message", sendsLines},
	{"Text that is not UTF-8", seesLatin1},
	{"Control characters in a message do not end the connection", seesControls},
	{"`/whois` with a known nick", looksUp},
	{"`/whois` with an unknown nick", looksUpNobody},
	{"The user sees who is away", seesAway},
	{"IRC shows that the user is away", goesAway},
	{"Another person changes their nick", seesRename},
	{"`/nick`: the user's own nick changes", renames},
	{"`/nick` with a nick that is in use: the user receives an error", renamesToUsed},
	{"A nick that is in use at login: the user gets another nick", joinsWithUsedNick},
	{"Operators gain and lose their status", seesModes},
	{"Another person leaves or quits: the user sees the reason", seesLeaving},
	{"Invitations", isInvited},
	{"A room with a key", joinsWithKey},
	{"A room that bans the user: the user receives an error", joinsBanned},
	{"A room that needs an invitation: the user receives an error", joinsUninvited},
	{"CTCP VERSION is answered", isAskedVersion},
	{"The list of rooms", listsRooms},
	{"`/topic`, `/msg`, `/invite`, `/kick`", commands},
	{"Another person is kicked: the user sees who and why", seesKick},
	{"The user is kicked and returns", isKicked},
	{"Leave a room", leaves},
	{"The script is reloaded: all users stay in their rooms", reloads},
	{"The connection to the server is lost: the user receives a message", losesServer},
	{"The server returns: the user is in the same rooms again", getsServerBack},
	{"Logout: the user leaves IRC", logsOut},
}

func joins(s *ircScene) {
	s.alice.join(s.room, "alice")
	s.alice.wait("carol is in the room", occupant(s.room, "carol"))
	s.carol.wait(":alice!", " JOIN ", "#room")
	s.alice.wait("the topic", topicIs(s.room, "first topic"))
}

func showsOperators(s *ircScene) {
	s.alice.waitFrom(0, "carol is a moderator", role(s.room, "carol", "moderator"))
}

func showsOthers(s *ircScene) {
	s.dora.join(s.room, "dora")
	s.dora.wait("alice is in the room", occupant(s.room, "alice"))
	s.alice.wait("dora is in the room", occupant(s.room, "dora"))
}

func speaksToIRC(s *ircScene) {
	s.alice.sayIn(s.room, "hello, çarol 🌍 <&>")
	s.carol.wait(":alice!", " PRIVMSG #room :hello, çarol 🌍 <&>")
}

func hearsFromIRC(s *ircScene) {
	s.carol.send("PRIVMSG #room :hello, ålice 🌍 <&>")
	s.alice.wait("carol speaks", saidIn(s.room, "carol", "hello, ålice 🌍 <&>"))
	s.dora.wait("carol speaks", saidIn(s.room, "carol", "hello, ålice 🌍 <&>"))
}

func speaksToOther(s *ircScene) {
	s.alice.sayIn(s.room, "hello dora")
	s.dora.wait("alice speaks", saidIn(s.room, "alice", "hello dora"))
	s.dora.sayIn(s.room, "hello alice")
	s.alice.wait("dora speaks", saidIn(s.room, "dora", "hello alice"))
	for _, c := range []*client{s.alice, s.dora} {
		if n := len(c.seen(saidIn(s.room, "alice", "hello dora"))); n != 1 {
			s.miss("%s saw alice's message %d times", c.name, n)
		}
	}
}

func acts(s *ircScene) {
	s.alice.sayIn(s.room, "/me waves")
	s.carol.wait(" PRIVMSG #room :\x01ACTION waves\x01")
	s.carol.send("PRIVMSG #room :\x01ACTION bows\x01")
	s.alice.wait("carol bows", saidIn(s.room, "carol", "/me bows"))
}

func whispers(s *ircScene) {
	s.alice.sayTo(s.room+"/carol", "psst")
	s.carol.wait(":alice!", " PRIVMSG carol :psst")
	s.carol.send("PRIVMSG alice :what?")
	s.alice.wait("carol's private message in the room", func(e event) bool {
		return e.Event == "message" && e.Type == "chat" && e.From == s.room+"/carol" && e.Body == "what?"
	})
}

func writesToContact(s *ircScene) {
	dave := s.personJID("dave")
	s.alice.sayTo(dave, "are you there?")
	s.dave.wait(":alice!", " PRIVMSG dave :are you there?")
	s.dave.send("PRIVMSG alice :yes")
	s.alice.wait("dave's answer", func(e event) bool { return messageFrom(dave)(e) && e.Body == "yes" })
}

func writesToNobody(s *ircScene) {
	s.alice.sayTo(s.personJID("nobody"), "are you there?")
	s.alice.wait("the error for an unknown nick", told("o such"))
}

func isNoticed(s *ircScene) {
	s.carol.send("NOTICE #room :the kettle boils")
	s.alice.wait("the notice in the room", func(e event) bool {
		return told("the kettle boils")(e) && bare(e.From) == s.room
	})
}

func topicIs(room, topic string) func(event) bool {
	return func(e event) bool { return e.Event == "message" && bare(e.From) == room && e.Subject == topic }
}

func setsTopicOnIRC(s *ircScene) {
	s.alice.do(command{"do": "message", "to": s.room, "type": "groupchat", "subject": "Thème du jour"})
	s.carol.wait(":alice!", " TOPIC #room :Thème du jour")
	s.dora.wait("the topic", topicIs(s.room, "Thème du jour"))
}

func seesTopic(s *ircScene) {
	s.carol.send("TOPIC #room :carol's topic")
	s.alice.wait("the topic", topicIs(s.room, "carol's topic"))
}

// styled matches a message of carol with a plain body and all of the parts in its XHTML.
func styled(s *ircScene, body string, inHTML ...string) func(event) bool {
	return func(e event) bool {
		return saidIn(s.room, "carol", body)(e) && hasAll(strings.ToLower(e.HTML), inHTML)
	}
}

func seesStyles(s *ircScene) {
	s.carol.send("PRIVMSG #room :\x02thick\x02 and \x1dthin\x1d and \x1flined\x1f & <plain>")
	s.alice.wait("the styles in XHTML, and no codes in the text",
		styled(s, "thick and thin and lined & <plain>", "thick<", "thin<", "underline"))
}

func seesColours(s *ircScene) {
	s.carol.send("PRIVMSG #room :\x034red\x03 and \x033,1green on black\x03 and \x0399none")
	s.alice.wait("the colours in XHTML, and no codes in the text",
		styled(s, "red and green on black and none", "color"))
}

// sendsStyles puts all styles into one element, as clients do. Of several elements, Spectrum
// 2.2.1 forwards only the last; the plain text must then be complete.
func sendsStyles(s *ircScene) {
	const text = "thick and thin and lined"
	const html = `<strong>thick</strong> and <em>thin</em> and <span style="text-decoration: underline">lined</span>`
	say := command{"do": "message", "to": s.room, "type": "groupchat", "body": text, "html": html}
	s.alice.do(say)
	s.carol.wait("PRIVMSG #room :", "thick", " and ", "thin", "lined")
	s.carol.step()
	say["html"] = "<p>" + html + "</p>"
	s.alice.do(say)
	s.carol.wait("PRIVMSG #room :", "\x02thick", "\x1dthin", "\x1flined")
}

// sendsLong sends a message that needs several lines of IRC. The server truncates lines at
// 512 bytes.
func sendsLong(s *ircScene) {
	text := strings.Repeat("éléphant über ", 80) + "end."
	s.alice.sayIn(s.room, text)
	s.carol.wait("PRIVMSG #room :", "end.")
	var parts []string
	for _, line := range s.carol.seen(":alice!", "PRIVMSG #room :") {
		part := saidOnIRC(line, "#room")
		if !utf8.ValidString(part) {
			s.miss("a character was cut apart: %q", part)
		}
		parts = append(parts, strings.TrimSpace(part))
	}
	if strings.Join(parts, " ") != text {
		s.miss("the message arrived as %q", parts)
	}
}

func sendsLines(s *ircScene) {
	s.alice.sayIn(s.room, "first\nsecond\nthird")
	for _, word := range []string{"first", "second", "third"} {
		s.carol.wait("PRIVMSG #room :" + word)
	}
}

func seesLatin1(s *ircScene) {
	s.carol.send("PRIVMSG #room :caf\xe9")
	s.alice.wait("the word", saidIn(s.room, "carol", "café"))
}

func seesControls(s *ircScene) {
	s.carol.send("PRIVMSG #room :\x07bell \x1b[31m \x0f \x16reverse \x1a \x7f end")
	s.alice.wait("the message without control characters", func(e event) bool { return told("bell", "end")(e) && bare(e.From) == s.room })
	s.carol.send("PRIVMSG #room :still here")
	s.alice.wait("the next message", saidIn(s.room, "carol", "still here"))
	if n := s.streamsClosed(); n != 0 {
		s.miss("the XMPP server has closed the transport's stream %d times", n)
	}
}

func looksUp(s *ircScene) {
	s.alice.sayIn(s.room, "/whois carol")
	s.alice.wait("the answer about carol", told("carol", "irc.example.net"))
}

func looksUpNobody(s *ircScene) {
	s.alice.sayIn(s.room, "/whois nobody")
	s.alice.wait("the error for an unknown nick", told("nobody: No such client"))
}

func showIs(room, nick, show string) func(event) bool {
	return func(e event) bool { return occupant(room, nick)(e) && e.Show == show }
}

// seesAway takes a second, the interval in which the backend asks for away users.
func seesAway(s *ircScene) {
	s.carol.send("AWAY :gone fishing")
	s.alice.wait("carol is away", showIs(s.room, "carol", "away"))
	s.alice.step("and back")
	s.carol.send("AWAY")
	s.alice.wait("carol is back", showIs(s.room, "carol", ""))
}

func goesAway(s *ircScene) {
	s.alice.do(command{"do": "presence", "show": "away", "status": "out for lunch"})
	s.untilIRC("alice is away on IRC", func() bool { return s.awayOnIRC("alice") })
	if len(s.carol.seen(" 301 ", "out for lunch")) == 0 {
		s.miss("the reason is missing: %q", s.carol.seen(" 301 "))
	}
	s.alice.do(command{"do": "presence"})
	s.untilIRC("alice is back on IRC", func() bool { return !s.awayOnIRC("alice") })
}

// awayOnIRC asks the server, which does not announce away users.
func (s *ircScene) awayOnIRC(nick string) bool {
	s.t.Helper()
	s.carol.step()
	s.carol.send("WHOIS %s", nick)
	s.carol.wait(" 318 ")
	return len(s.carol.seen(" 301 ")) > 0
}

func (s *ircScene) untilIRC(what string, so func() bool) {
	s.t.Helper()
	for end := time.Now().Add(s.patience); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			s.miss("timed out after %v: %s", s.patience, what)
		}
	}
}

func seesRename(s *ircScene) {
	s.dave.join("#room")
	s.alice.wait("dave is in the room", occupant(s.room, "dave"))
	s.dave.send("NICK david")
	s.alice.wait("dave changes nick to david", func(e event) bool {
		return gone(s.room, "dave", 303)(e) && e.MUC.Nick == "david"
	})
	s.alice.wait("david is in the room", occupant(s.room, "david"))
	s.dave.send("NICK dave")
	s.alice.wait("david changes nick to dave", gone(s.room, "david", 303))
	s.dave.send("PART #room")
	s.alice.wait("dave leaves", gone(s.room, "dave", 0))
}

// renames uses a command, because Spectrum 2.2.1 does not forward a client's request for
// another nick.
func renames(s *ircScene) {
	s.alice.sayIn(s.room, "/nick alicia")
	s.carol.wait(":alice!", " NICK :alicia")
	s.alice.wait("the old nick leaves", gone(s.room, "alice", 303))
	s.alice.wait("alice has the new nick", func(e event) bool { return occupant(s.room, "alicia")(e) && hasCode(e, 110) })
	s.dora.wait("alice changes nick", gone(s.room, "alice", 303))
	s.step("and back")
	s.alice.sayIn(s.room, "/nick alice")
	s.carol.wait(":alicia!", " NICK :alice")
	s.alice.wait("the old nick is back", occupant(s.room, "alice"))
}

func renamesToUsed(s *ircScene) {
	s.alice.sayIn(s.room, "/nick carol")
	s.alice.wait("the error for a nick in use", told("carol", "use"))
	s.alice.sayIn(s.room, "still alice")
	s.carol.wait(":alice!", "PRIVMSG #room :still alice")
	s.alice.wait("alice's message under the old nick", saidIn(s.room, "alice", "still alice"))
}

// joinsWithUsedNick registers erin with the nick of carol.
func joinsWithUsedNick(s *ircScene) {
	erin := s.client("erin")
	defer erin.stop()
	erin.onlineAs("carol")
	erin.step("joins as carol")
	erin.do(command{"do": "join", "room": s.room, "nick": "carol"})
	self := erin.wait("is in the room under another nick", func(e event) bool {
		return e.Event == "presence" && e.Type == "" && bare(e.From) == s.room &&
			resource(e.From) != "carol" && hasCode(e, 110)
	})
	nick := resource(self.From)
	erin.sayIn(s.room, "it is me")
	s.carol.wait(":"+nick+"!", "PRIVMSG #room :it is me")
	erin.goOffline()
	s.alice.wait("erin leaves", gone(s.room, nick, 0))
}

func seesModes(s *ircScene) {
	s.carol.send("MODE #room +o dora")
	s.alice.wait("dora is a moderator", role(s.room, "dora", "moderator"))
	s.alice.step("no more")
	s.carol.send("MODE #room -o dora")
	s.alice.wait("dora is a participant", role(s.room, "dora", "participant"))
}

func seesLeaving(s *ircScene) {
	frank := s.server.user("frank")
	frank.join("#room")
	s.alice.wait("frank is in the room", occupant(s.room, "frank"))
	frank.send("PART #room :late for tea")
	left := s.alice.wait("frank is gone", gone(s.room, "frank", 0))
	frank.join("#room")
	s.alice.step("again")
	s.alice.wait("frank is in the room", occupant(s.room, "frank"))
	frank.send("QUIT :lights out")
	quit := s.alice.wait("frank is gone", gone(s.room, "frank", 0))
	if !strings.Contains(left.XML, "late for tea") || !strings.Contains(quit.XML, "lights out") {
		s.miss("frank's reasons are missing: %s, %s", left.XML, quit.XML)
	}
}

func isInvited(s *ircScene) {
	s.carol.join("#parlour")
	s.carol.send("INVITE alice #parlour")
	s.alice.wait("the invitation", told("#parlour"))
	s.carol.send("PART #parlour")
}

func joinsWithKey(s *ircScene) {
	s.carol.join("#vault")
	s.carol.send("MODE #vault +k sesame")
	s.carol.wait("MODE #vault +k")
	vault := s.roomJID("#vault")
	s.alice.do(command{"do": "join", "room": vault, "nick": "alice", "password": "wrong"})
	s.alice.wait("an error for the wrong key", refused(vault))
	s.alice.step("with the key")
	s.alice.do(command{"do": "join", "room": vault, "nick": "alice", "password": "sesame"})
	s.alice.wait("carol is in the room", occupant(vault, "carol"))
	s.alice.do(command{"do": "presence", "to": vault + "/alice", "type": "unavailable"})
	s.carol.wait(":alice!", " PART #vault")
	s.carol.send("PART #vault")
}

func joinsBanned(s *ircScene) { joinsInVain(s, "#club", "+b alice!*@*") }

func joinsUninvited(s *ircScene) { joinsInVain(s, "#lounge", "+i") }

func joinsInVain(s *ircScene, channel, mode string) {
	s.t.Helper()
	s.carol.join(channel)
	s.carol.send("MODE %s %s", channel, mode)
	s.carol.wait("MODE " + channel)
	room := s.roomJID(channel)
	s.alice.do(command{"do": "join", "room": room, "nick": "alice"})
	s.alice.wait("an error", refused(room))
	s.alice.step("without the ban")
	s.carol.send("MODE %s -%s", channel, mode[1:])
	s.carol.wait("MODE " + channel + " -")
	s.alice.join(room, "alice")
	s.alice.do(command{"do": "presence", "to": room + "/alice", "type": "unavailable"})
	s.carol.wait(":alice!", " PART "+channel)
	s.carol.send("PART %s", channel)
}

func isAskedVersion(s *ircScene) {
	s.carol.send("PRIVMSG alice :\x01VERSION\x01")
	s.carol.wait(":alice!", " NOTICE carol :\x01VERSION ")
}

// listsRooms searches for the room in service discovery, as clients do.
func listsRooms(s *ircScene) {
	s.alice.sayIn(s.room, "/list")
	s.untilIRC("#room is in service discovery", func() bool {
		items := s.alice.try(command{"do": "disco_items", "to": s.jid})
		for _, item := range items.Items {
			if strings.HasPrefix(item["jid"], "#room") {
				return true
			}
		}
		return false
	})
}

func commands(s *ircScene) {
	s.carol.send("MODE #room +o alice")
	s.alice.wait("alice is a moderator", role(s.room, "alice", "moderator"))
	s.alice.sayIn(s.room, "/topic by command")
	s.carol.wait(":alice!", "TOPIC #room :by command")
	s.alice.sayIn(s.room, "/msg dave by command")
	s.dave.wait(":alice!", "PRIVMSG dave :by command")
	s.alice.sayIn(s.room, "/invite dave")
	s.dave.wait(":alice!", "INVITE dave")
	s.dave.join("#room")
	s.alice.wait("dave is in the room", occupant(s.room, "dave"))
	s.alice.sayIn(s.room, "/kick dave by command")
	s.dave.wait("KICK #room dave :by command")
	s.carol.send("MODE #room -o alice")
	s.alice.wait("alice is a participant", role(s.room, "alice", "participant"))
}

// Spectrum 2.2.1 sends no status code for a kick, so seesKick checks the reason.

func seesKick(s *ircScene) {
	s.dave.join("#room")
	s.alice.wait("dave is in the room", occupant(s.room, "dave"))
	s.carol.send("KICK #room dave :too loud")
	kicked := s.alice.wait("dave is kicked", gone(s.room, "dave", 0))
	if !hasAll(kicked.Status, []string{"carol", "too loud"}) {
		s.miss("the reason for dave's departure is missing: %q", kicked.Status)
	}
}

func isKicked(s *ircScene) {
	s.carol.send("KICK #room dora :too loud")
	kicked := s.dora.wait("dora is kicked", gone(s.room, "dora", 110))
	if !hasAll(kicked.Status, []string{"carol", "too loud"}) {
		s.miss("dora does not receive the reason: %q", kicked.Status)
	}
	if s.ours && !s.config.serve { // Spectrum ignores a join until an error has ended the stay
		s.dora.wait("Spectrum forgets the room", refused(s.room))
	}
	s.dora.join(s.room, "dora")
	s.carol.wait(":dora!", "JOIN ", "#room")
	s.alice.wait("dora is back", occupant(s.room, "dora"))
}

func leaves(s *ircScene) {
	s.dora.do(command{"do": "presence", "to": s.room + "/dora", "type": "unavailable"})
	s.carol.wait(":dora!", " PART #room")
	s.alice.wait("dora leaves", gone(s.room, "dora", 0))
}

// reloads saves the script and one of its modules.
func reloads(s *ircScene) {
	if !s.ours {
		s.miss("this backend has no script")
	}
	s.write("irc/talk.lua", s.config.files["irc/talk.lua"]+"\n-- edited\n")
	s.write("script.lua", repositoryFile(s.t, s.config.file)+"\n-- edited\n")
	s.waitLog("backend-1.log", `generation [2-9], sha256`)
	s.alice.sayIn(s.room, "did you notice?")
	s.carol.wait(":alice!", "PRIVMSG #room :did you notice?")
	s.carol.send("PRIVMSG #room :what?")
	s.alice.wait("carol speaks", saidIn(s.room, "carol", "what?"))
	for _, word := range []string{" PART ", " QUIT ", " JOIN ", " NICK "} {
		if seen := s.carol.seen(word); len(seen) > 0 {
			s.miss("carol noticed: %q", seen)
		}
	}
	if seen := s.alice.seen(func(e event) bool { return e.Event == "presence" }); len(seen) > 0 {
		s.miss("alice noticed: %s", seen[0].XML)
	}
}

func losesServer(s *ircScene) {
	s.server.stop()
	s.alice.wait("the message about the lost connection", func(e event) bool {
		return told("onnect")(e) || told("server")(e) || told("etwork")(e)
	})
}

func getsServerBack(s *ircScene) {
	if !s.server.process.ended() {
		s.server.stop()
	}
	s.server.start()
	s.carol = s.server.user("carol")
	s.carol.join("#room")
	if len(s.carol.seen(" 353 ", "alice")) == 0 {
		s.carol.wait(":alice!", " JOIN ", "#room")
	}
	s.untilIRC("alice hears carol", func() bool {
		s.carol.send("PRIVMSG #room :welcome back")
		return s.alice.hears(time.Second, saidIn(s.room, "carol", "welcome back"))
	})
	s.alice.sayIn(s.room, "here again")
	s.carol.wait(":alice!", "PRIVMSG #room :here again")
}

// hears waits for an event up to a limit.
func (c *client) hears(limit time.Duration, match func(event) bool) bool {
	return c.bed.poll(limit, func() bool { return len(c.seen(match)) > 0 })
}

// logsOut logs alice out. Before that, Spectrum makes the user leave all rooms, so others see
// a PART.
func logsOut(s *ircScene) {
	s.alice.goOffline()
	s.untilIRC("alice is not on IRC any more", func() bool {
		s.carol.step()
		s.carol.send("WHOIS alice")
		s.carol.wait(" 318 ")
		return len(s.carol.seen(" 401 ", "alice")) > 0
	})
}
