package serve_test

import (
	"os"
	"strings"
	"testing"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/stanza"
)

// instructions returns the instructions of the registration form.
func (s *scene) instructions(id string) string {
	s.t.Helper()
	s.send(`<iq type="get" id="` + id + `" from="bob@localhost/x" to="` + transport + `"><query xmlns="jabber:iq:register"/></iq>`)
	n := s.expect("the form", from("iq", transport, "result"))
	text, err := n.Text(1 << 20)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// TestHangupAppliesTheConfig changes keys of each kind while a user is online.
func TestHangupAppliesTheConfig(t *testing.T) {
	s := newScene(t, transport, echo, "[registration]\ninstructions=The old way\n[mine]\nprefix=old\n")
	s.start()
	s.up()
	s.register()
	s.online()
	s.say("!")
	s.answer("old!")
	if text := s.instructions("f1"); !strings.Contains(text, "The old way") {
		t.Errorf("the form is %s", text)
	}

	s.replace("a.cfg", "The old way", "The new way")
	s.replace("a.cfg", "prefix=old", "prefix=new")
	s.replace("a.cfg", "password=secret", "password=hunter22")
	s.hangups <- os.Interrupt
	s.logged("these keys of the config have changed and apply now keys=\"[mine] prefix, [registration] instructions\"")
	s.logged("these keys of the config have changed and need a restart keys=\"[service] password\"")
	s.logged("generation 2")
	s.say("!")
	s.answer("new!")
	if text := s.instructions("f2"); !strings.Contains(text, "The new way") {
		t.Errorf("the form is %s", text)
	}

	s.replace("a.cfg", "The new way", "Nobody sees this")
	s.replace("a.cfg", "[lua]", "[lua]\nreloads=1")
	s.replace("script.lua", "prefix ..", "'script' ..")
	s.hangups <- os.Interrupt
	s.logged("the config is not used")
	s.logged("generation 3")
	s.say("!")
	s.answer("script!")
	if text := s.instructions("f3"); !strings.Contains(text, "The new way") {
		t.Errorf("the form is %s", text)
	}
	s.server.Disconnect() // the next login has the old password
	if err := s.server.WaitLogout(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.up()
	if log := s.read("log"); strings.Contains(log, "hunter22") {
		t.Errorf("the log has a password:\n%s", log)
	}
}

// TestReloadOfAnAdminAppliesTheConfig reloads through the admin socket, as SIGHUP does.
func TestReloadOfAnAdminAppliesTheConfig(t *testing.T) {
	s := newScene(t, transport, echo, "[mine]\nprefix=old\n")
	s.start()
	s.up()
	s.register()
	s.online()
	sockets, err := admin.Find(s.dir, transport)
	if err != nil || len(sockets) != 1 {
		t.Fatalf("the sockets are %v, the error %v", sockets, err)
	}
	client := admin.Dial(sockets[0])
	t.Cleanup(client.Close)
	var p admin.Process

	s.replace("a.cfg", "prefix=old", "prefix=new")
	if err := client.Post(s.ctx, "/reload", nil, &p); err != nil || p.Generation != 2 {
		t.Fatalf("generation %d, error %v", p.Generation, err)
	}
	s.say("!")
	s.answer("new!")

	s.replace("a.cfg", "[lua]", "[lua]\nreloads=1")
	err = client.Post(s.ctx, "/reload", nil, &p)
	if err == nil || !strings.Contains(err.Error(), "the config is not used, and the previous one stays: ") || !strings.Contains(err.Error(), "reloads") {
		t.Errorf("the error of a config with a mistake is %v", err)
	}
	s.logged("generation 3") // the script is loaded in any case
}

// TestHangupWithAWrongSectionThatNeedsARestart has a mistake with which the transport could not
// start again.
func TestHangupWithAWrongSectionThatNeedsARestart(t *testing.T) {
	for name, section := range map[string]string{
		"[files] listen":   "[files]\nlisten=nonsense\n",
		"[metrics] listen": "[metrics]\nlisten=nonsense\n",
		"[database] type":  "[database]\ntype=nonsense\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, transport, echo, "")
			s.start()
			s.up()
			s.replace("a.cfg", "[lua]", section+"[lua]")
			s.hangups <- os.Interrupt
			s.logged("generation 2")
			if log := s.read("log"); !strings.Contains(log, "the config is not used, and the previous one stays: ") || !strings.Contains(log, name) {
				t.Errorf("the log lacks the mistake:\n%s", log)
			}
		})
	}
}

// TestClientsLearnOfTheHandlersOfANewScript reloads in each way.
func TestClientsLearnOfTheHandlersOfANewScript(t *testing.T) {
	const handler = "function on.reaction() end\nreturn on"
	for _, c := range []struct {
		name, lines string
		reload      func(s *scene)
	}{
		{"SIGHUP", "", func(s *scene) { s.hangups <- os.Interrupt }},
		{"a changed file", "reload=1\n", func(*scene) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, transport, echo, c.lines)
			s.start()
			s.up()
			s.register()
			s.online()
			old := s.capsOfEcho()
			s.replace("script.lua", "return on", handler)
			c.reload(s)
			if s.capsOfEcho() == old {
				t.Error("the capabilities are the same")
			}
		})
	}
}

// capsOfEcho returns the version in the next presence of the contact.
func (s *scene) capsOfEcho() string {
	s.t.Helper()
	n := s.expect("the presence of the contact", from("presence", "echo@"+transport, ""))
	return stanza.Attr(stanza.Child(n, stanza.Capabilities, "c"), "ver")
}
