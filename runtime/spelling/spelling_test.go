package spelling_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/spelling"
)

var (
	options = []string{"script", "reload", "max_frame", "max_queue", "max_string", "exit_timeout",
		"handler_timeout", "logout_grace", "logout_timeout", "login_delay", "login_delay_max"}
	handlers = []string{"login", "logout", "conv_message", "conv_message_ack", "buddy_changed",
		"buddy_removed", "raw_xml", "query", "exit"}
)

func TestNameFindsTheNearestName(t *testing.T) {
	tests := []struct {
		name, word, want string
		known            []string
	}{
		{"letter left out", "scrpt", "script", options},
		{"letter added", "scripts", "script", options},
		{"letter replaced", "relaod_", "reload", options},
		{"neighbours swapped", "relaod", "reload", options},
		{"case", "SCRIPT", "script", options},
		{"camel case", "maxFrame", "max_frame", options},
		{"dash for underscore", "exit-timeout", "exit_timeout", options},
		{"the closer of two", "max_fram", "max_frame", options},
		{"the exact one among longer ones", "login_delay", "login_delay", options},
		{"a part of only one name", "grace", "logout_grace", options},
		{"a part of several", "timeout", "", options},
		{"name within the word", "on_login", "login", handlers},
		{"the protocol's spelling", "ConvMessage", "conv_message", handlers},
		{"plural", "conv_messages", "conv_message", handlers},
		{"no similar name", "colour", "", options},
		{"too short", "a", "", options},
		{"empty word", "", "", options},
		{"three letters of a long name", "buddy_renamed", "", handlers},
		{"another verb", "buddy_added", "", handlers},
		{"the opposite by a prefix", "undisclosed", "", []string{"disclosed"}},
		{"the opposite in the middle", "offline", "", []string{"online", "away"}},
		{"the opposite at the end", "logout_max", "", []string{"login_max"}},
		{"the opposite of a word with a prefix", "enable", "", []string{"disable"}},
		{"the opposite verb", "set_timeout", "", []string{"get_timeout"}},
		{"a name that the opposite contains", "disconnected", "", []string{"connected"}},
		{"a typo, with the opposite also known", "connectd", "connected", []string{"connected", "disconnected"}},
		{"only separators", "_-_", "", options},
		{"no known names", "script", "", nil},
		{"equally close: the first", "cat", "bat", []string{"bat", "rat"}},
		{"letters beyond ASCII", "größe", "grösse", []string{"weite", "grösse"}},
		{"broken UTF-8", "scri\xffpt", "script", options},
		{"far too long", strings.Repeat("script", 1000), "", options},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := spelling.Name(test.word, test.known); got != test.want {
				t.Errorf("Name(%q) = %q, want %q", test.word, got, test.want)
			}
		})
	}
}
