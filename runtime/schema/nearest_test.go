package schema

import "testing"

func TestNearestValueHasTheSameMeaning(t *testing.T) {
	status := TypeByName("buddy_changed").Payload.Field("status").Enum
	flag := TypeByName("participant_changed").Payload.Field("flag").Enum
	reason := TypeByName("disconnected").Payload.Field("error").Enum
	for _, test := range []struct {
		name, word, want string
		enum             *Enum
	}{
		{"offline is not online", "offline", "none", status},
		{"unavailable", "Unavailable", "none", status},
		{"busy", "busy", "dnd", status},
		{"several words", "do not disturb", "dnd", status},
		{"a typo", "onlin", "online", status},
		{"no value with that meaning", "purple", "", status},
		{"a meaning that another enum has", "op", "", status},
		{"an operator", "op", "moderator", flag},
		{"the user", "self", "me", flag},
		{"a password", "wrong_password", "authentication_failed", reason},
		{"a timeout", "timeout", "network_error", reason},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.enum.Nearest(test.word); got != test.want {
				t.Errorf("Nearest(%q) = %q, want %q", test.word, got, test.want)
			}
		})
	}
}

func TestMeaningsAreValues(t *testing.T) {
	known := map[string]bool{}
	for _, typ := range Types() {
		if typ.Payload == nil {
			continue
		}
		for _, f := range typ.Payload.Fields {
			if f.Enum != nil {
				for _, name := range f.Enum.Names {
					known[name] = true
				}
			}
		}
	}
	for word, name := range meanings {
		if !known[name] {
			t.Errorf("%q means %q, which no enum has", word, name)
		}
	}
}
