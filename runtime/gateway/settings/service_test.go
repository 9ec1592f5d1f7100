package settings_test

import (
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/gateway/settings"
)

// TestCaseOfJIDsDoesNotMatter has JIDs in the config in another case than in stanzas.
func TestCaseOfJIDsDoesNotMatter(t *testing.T) {
	s, err := settings.Read(parse(t, "[service]\njid=MyChat.Example.org\npassword=x\nallowed_servers=Example.org\nadmin_jid=Alice@Example.org\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Service.JID != "mychat.example.org" || !s.Service.Allows("example.org") || !slices.Equal(s.Service.AdminJIDs, []string{"alice@example.org"}) {
		t.Errorf("the settings are %+v", s.Service)
	}
}

func TestFullwidthLettersOfAJIDAreLetters(t *testing.T) {
	s, err := settings.Read(parse(t, "[service]\njid=ｍychat．example.org\npassword=x\n"))
	if err != nil || s.Service.JID != "mychat.example.org" {
		t.Errorf("the JID is %s, the error %v", s.Service.JID, err)
	}
}

func TestJIDWithABlankIsWrong(t *testing.T) {
	_, err := settings.Read(parse(t, "[service]\njid=my chat\npassword=x\n"))
	if err == nil || !strings.Contains(err.Error(), "[service] jid") || !strings.Contains(err.Error(), `"my chat" has a blank`) {
		t.Errorf("the error is %v", err)
	}
}
