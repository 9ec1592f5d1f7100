package launch

import (
	"fmt"
	"strings"

	"spectrumlua/runtime/config"
)

// flag is one that is known here.
type flag struct {
	name   string // --name
	letter byte   // -l, or 0

	// value puts the flag's value into the reader; nil if it takes none.
	value func(*reader) *text
	// on is for a flag without value; nil if it means nothing here.
	on func(*Args)
	// short tells that Spectrum takes any unique beginning of the name for it.
	short bool
}

// flags are Spectrum's to a backend and, where short is set, those of Spectrum's
// own command line that it passes on.
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

// text is a flag's value.
type text struct {
	text  string
	given bool
	bare  bool // given, but no value came with it
}

// word is an argument that is neither a flag nor a known flag's value.
type word struct {
	text    string
	leading bool // before --host
	loose   bool // directly after a flag that may take it as its value
}

// override is an Override that may still turn out to be none.
type override struct {
	config.Override
	word int // the index of the word that is its value; -1: it has one for sure
}

// reader holds what was read so far.
type reader struct {
	Args
	host, port, jid, config text
	words                   []word
	overrides               []override
	loose                   bool // the last argument was a flag that may take the next word
	problems                []string
}

func (r *reader) wrong(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// read takes all arguments apart; what is in the reader then is still to be
// settled.
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

// long reads --name or --name=value and returns how many of the arguments after
// it belong to it.
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

// letters reads -n, -jJID, or several such in one as in -ndj JID, and returns
// how many of the arguments after it belong to it.
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

// take gives f the next argument as its value, unless that is a known flag.
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

// unknown notes a flag that means nothing here; open tells that the next word
// may be its value.
func (r *reader) unknown(name string, open bool) {
	r.Ignored = append(r.Ignored, name)
	r.loose = open
}

func (f *flag) enable(a *Args) {
	if f.on != nil {
		f.on(a)
	}
}

// find returns the flag of that name, or of the only name that starts so, or
// nil.
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

// isKey tells if a flag's name is a config file's key.
func isKey(name string) bool {
	section, key, _ := strings.Cut(name, ".")
	return section != "" && key != ""
}

// isFlag tells if an argument is a flag, known or not.
func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// isKnown tells if an argument is a flag that is known here, and so not the
// value of the one before it.
func isKnown(arg string) bool {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, assigned := strings.Cut(name, "=")
		return name == "" || find(name) != nil || isKey(name) && assigned
	}
	return isFlag(arg) && byLetter(arg[1]) != nil
}
