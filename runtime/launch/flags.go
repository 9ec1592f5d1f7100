package launch

import (
	"fmt"
	"strings"

	"spectrumlua/runtime/config"
)

// flag is a flag that this program knows.
type flag struct {
	name   string // --name
	letter byte   // -l, or 0

	// value returns the field of the reader for the flag's value. It is nil if the
	// flag has no value.
	value func(*reader) *text
	// on applies a flag without a value. It is nil if the flag has no effect.
	on func(*Args)
	// short is true if Spectrum accepts any unique prefix of the name.
	short bool
}

// flags holds the flags that Spectrum gives a backend. The ones with short belong to
// Spectrum's own command line, which it passes on.
var flags = []flag{
	{name: "host", value: func(r *reader) *text { return &r.host }},
	{name: "port", value: func(r *reader) *text { return &r.port }},
	{name: "jid", letter: 'j', short: true, value: func(r *reader) *text { return &r.jid }},
	{name: "config", short: true, value: func(r *reader) *text { return &r.config }},
	{name: "no-daemonize", letter: 'n', short: true},
	{name: "no-debug", letter: 'd', short: true},
	{name: "help", letter: 'h', on: func(a *Args) { a.Help = true }},
	{name: "version", letter: 'v', on: func(a *Args) { a.Version = true }},
}

// text is the value of a flag.
type text struct {
	text  string
	given bool
	bare  bool // given without a value
}

// word is an argument that is neither a flag nor the value of a known flag.
type word struct {
	text    string
	leading bool // before --host
	loose   bool // directly after a flag that may have a value
}

// override is an Override whose value may turn out to be the config file.
type override struct {
	config.Override
	word int // the index of its value in words; -1: its value is certain
}

// reader reads the arguments and holds the results.
type reader struct {
	Args
	host, port, jid, config text
	words                   []word
	overrides               []override
	loose                   bool // the last argument was a flag that may have the next word as its value
	problems                []string
}

func (r *reader) wrong(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// read splits all arguments into flags, overrides and words.
func (r *reader) read(args []string) {
	for i := 0; i < len(args); i++ {
		arg, rest := args[i], args[i+1:]
		loose := r.loose
		r.loose = false
		switch {
		case arg == "--":
			for _, text := range rest {
				r.words = append(r.words, word{text: text})
			}
			return
		case strings.HasPrefix(arg, "--"):
			i += r.long(arg[2:], rest)
		case len(arg) > 1 && arg[0] == '-':
			i += r.letters(arg[1:], rest)
		case arg != "":
			r.words = append(r.words, word{text: arg, loose: loose})
		}
	}
}

// long reads --name or --name=value. It returns the number of arguments after it
// that it has used.
func (r *reader) long(arg string, rest []string) int {
	name, value, assigned := strings.Cut(arg, "=")
	f := find(name)
	switch {
	case f != nil && f.value == nil:
		f.enable(&r.Args)
	case f != nil && assigned:
		r.give(f, value)
	case f != nil:
		return r.take(f, rest)
	case isKey(name) && assigned:
		r.overrides = append(r.overrides, override{config.Override{Key: name, Value: value}, -1})
	case isKey(name) && len(rest) > 0 && rest[0] != "" && !isFlag(rest[0]):
		r.overrides = append(r.overrides, override{config.Override{Key: name, Value: rest[0]}, len(r.words)})
		r.loose = true
	default:
		r.unknown("--"+name, !assigned)
	}
	return 0
}

// letters reads -n, -jJID, or several letters as in -ndj JID. It returns the number
// of arguments after it that it has used.
func (r *reader) letters(arg string, rest []string) int {
	for i := range len(arg) {
		f := byLetter(arg[i])
		switch {
		case f == nil:
			r.unknown("-"+arg[i:i+1], i+1 == len(arg))
			return 0
		case f.value == nil:
			f.enable(&r.Args)
		case i+1 < len(arg):
			r.give(f, arg[i+1:])
			return 0
		default:
			return r.take(f, rest)
		}
	}
	return 0
}

// take uses the next argument as the value of f, unless that is a known flag.
func (r *reader) take(f *flag, rest []string) int {
	if len(rest) > 0 && !isKnown(rest[0]) {
		r.give(f, rest[0])
		return 1
	}
	r.give(f, "")
	f.value(r).bare = true
	return 0
}

func (r *reader) give(f *flag, value string) {
	*f.value(r) = text{text: value, given: true}
	if f.name != "host" {
		return
	}
	for i := range r.words {
		r.words[i].leading = true
	}
}

// unknown records a flag without an effect. open is true if the next word may be
// its value.
func (r *reader) unknown(name string, open bool) {
	r.Ignored = append(r.Ignored, name)
	r.loose = open
}

func (f *flag) enable(a *Args) {
	if f.on != nil {
		f.on(a)
	}
}

// find returns the flag with that name, or the only one with that prefix, or nil.
func find(name string) *flag {
	var found *flag
	for i := range flags {
		f := &flags[i]
		switch {
		case f.name == name:
			return f
		case !f.short || name == "" || !strings.HasPrefix(f.name, name):
		case found != nil:
			return nil
		default:
			found = f
		}
	}
	return found
}

func byLetter(letter byte) *flag {
	for i := range flags {
		if flags[i].letter == letter && letter != 0 {
			return &flags[i]
		}
	}
	return nil
}

// isKey reports whether a flag's name is a key of the config file.
func isKey(name string) bool {
	section, key, _ := strings.Cut(name, ".")
	return section != "" && key != ""
}

// isFlag reports whether an argument is a flag.
func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// isKnown reports whether an argument is a known flag, and therefore not a value.
func isKnown(arg string) bool {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, assigned := strings.Cut(name, "=")
		return name == "" || find(name) != nil || isKey(name) && assigned
	}
	return isFlag(arg) && byLetter(arg[1]) != nil
}
