package chat

import (
	"maps"
	"slices"
	"strings"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/words"
)

// candidates returns the words that may follow; before is the line up to the word.
type candidates func(c *Chat, before string) []string

func fixed(words ...string) candidates { return func(*Chat, string) []string { return words } }

var (
	switches    = fixed("on", "off")
	wireWords   = fixed("on", "off", "all")
	logWords    = fixed("on", "off", "debug")
	typingWords = fixed("start", "pause", "stop")
	buddyVerbs  = fixed(verbs...)
	settingKeys = func(*Chat, string) []string {
		var words []string
		for _, key := range slices.Sorted(maps.Keys(spectrumSettings)) {
			words = append(words, key+"=")
		}
		return words
	}
)

func statuses(*Chat, string) []string { return enumNames("status_changed", "status") }

func users(c *Chat, _ string) []string {
	var names []string
	for _, u := range c.people.all() {
		names = append(names, shortName(u.jid))
	}
	return names
}

func contacts(c *Chat, _ string) []string {
	return quoted(slices.Sorted(maps.Keys(c.people.me().contacts)))
}

func rooms(c *Chat, _ string) []string { return quoted(c.people.roomNames()) }

// partners returns contacts, rooms and occupants of rooms.
func partners(c *Chat, before string) []string {
	names := append(contacts(c, before), rooms(c, before)...)
	for name, r := range c.people.me().rooms {
		for person := range r.people {
			names = append(names, quoted([]string{name + "/" + person})...)
		}
	}
	slices.Sort(names)
	return names
}

// quoted quotes names with blanks.
func quoted(names []string) []string {
	for i, name := range names {
		if strings.ContainsAny(name, " \t\"") {
			names[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
		}
	}
	return names
}

func types(*Chat, string) []string {
	var names []string
	for _, typ := range schema.Types() {
		if typ.Handled() {
			names = append(names, typ.Name)
		}
	}
	return names
}

// fields returns the fields of the type that the line names.
func fields(_ *Chat, before string) []string {
	_, rest := split(before)
	name, _, _ := words.Cut(rest)
	typ := schema.TypeByName(name)
	if typ == nil || typ.Payload == nil {
		return nil
	}
	var words []string
	for _, f := range typ.Payload.Fields {
		if !f.User {
			words = append(words, f.Name)
		}
	}
	return words
}

func commandWords(*Chat, string) []string { return commandNames() }

// Complete returns the words that may replace the last word of a line, and the position
// where this word starts.
func (c *Chat) Complete(before string) (start int, words []string) {
	if !strings.HasPrefix(before, "/") {
		return 0, nil
	}
	start = strings.LastIndexAny(before, " \t{,") + 1
	if start == 0 {
		for _, name := range commandNames() {
			words = append(words, "/"+name)
		}
		return 0, words
	}
	cmd, _ := split(before)
	if cmd == nil || len(cmd.words) == 0 {
		return start, nil
	}
	place := len(strings.Fields(before[:start])) - 1
	if from := cmd.words[min(max(place, 0), len(cmd.words)-1)]; from != nil {
		words = from(c, before[:start])
	}
	return start, words
}
