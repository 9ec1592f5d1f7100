package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// Violation is a frame that would harm the real Spectrum or its XMPP server.
type Violation struct {
	// Frame is the frame. It has no bytes if the framing is broken or if a frame is
	// missing.
	Frame Frame
	// Text says what is wrong and what happens then.
	Text string
}

// Error implements error.
func (v Violation) Error() string {
	if v.Frame.Seq == 0 && v.Frame.Bytes == nil {
		return v.Text
	}
	return v.Text + ": " + Describe(v.Frame)
}

// keepViolations limits the number of kept violations.
const keepViolations = 1000

// violations checks the frames of a backend and keeps the violations.
type violations struct {
	ponged bool   // only the reading goroutine uses ponged and config
	config string // the last BACKEND_CONFIG before the first PONG
	// gateway allows what only the gateway knows.
	gateway bool

	mu   sync.Mutex
	list []Violation
}

// Violations returns the rules of the real Spectrum that the backend has broken so far,
// oldest first, at most a thousand.
func (b *Backend) Violations() []Violation {
	b.violations.mu.Lock()
	defer b.violations.mu.Unlock()
	return append([]Violation(nil), b.violations.list...)
}

func (v *violations) add(found Violation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.list) < keepViolations {
		v.list = append(v.list, found)
	}
}

// check checks one frame and its position. Only the reading goroutine calls it.
func (v *violations) check(f Frame) {
	for _, text := range append(v.order(f), check(f, v.gateway)...) {
		v.add(Violation{Frame: f, Text: text})
	}
}

// order checks which types may precede and follow the first PONG.
func (v *violations) order(f Frame) []string {
	if !f.understood() {
		return nil
	}
	switch {
	case f.Type == pb.WrapperMessage_TYPE_PONG:
		v.ponged = true
	case f.Type == pb.WrapperMessage_TYPE_BACKEND_CONFIG && !v.ponged:
		v.config = string(f.Payload)
	case f.Type == pb.WrapperMessage_TYPE_BACKEND_CONFIG && string(f.Payload) != v.config:
		// A reload repeats the message unchanged, which Spectrum ignores.
		return []string{"BACKEND_CONFIG after the first PONG: Spectrum has opened its XMPP side already"}
	case f.Type != pb.WrapperMessage_TYPE_BACKEND_CONFIG && !v.ponged:
		return []string{f.TypeName() + " before the first PONG, where only BACKEND_CONFIG belongs"}
	}
	return nil
}

// Check returns the problems of a backend's frame, regardless of earlier frames. It returns
// nil if Spectrum and the XMPP server accept the frame.
func Check(f Frame) []string { return check(f, false) }

// Check is like the function Check, for what the simulator plays.
func (b *Backend) Check(f Frame) []string { return check(f, b.opts.Gateway) }

func check(f Frame, gateway bool) []string {
	if !f.understood() {
		return []string{"Spectrum cannot parse the frame: " + f.Err.Error()}
	}
	typ := schema.TypeByNumber(f.Type)
	if typ == nil || !typ.FromScript || typ.GatewayOnly && !gateway {
		return []string{f.TypeName() + " is not a type that Spectrum accepts from a backend: Spectrum stops reading"}
	}
	c := checker{}
	if f.Err != nil {
		c.report("Spectrum drops the message: %v", f.Err)
	}
	if f.Message != nil {
		c.message(f.Message.ProtoReflect(), typ.Payload, "")
	}
	if extra := extraChecks[f.Type]; extra != nil {
		extra(&c, f)
	}
	if !internalTypes[f.Type] && c.size+stanzaEnvelope > MaxStanza {
		c.report("the stanza has about %d bytes, more than the %d after which an XMPP server closes the stream for all", c.size+stanzaEnvelope, MaxStanza)
	}
	return c.found
}

// MaxStanza is the size of a stanza, in bytes, that the strictest of the usual XMPP servers
// accepts.
const MaxStanza = 512 << 10

// stanzaEnvelope is roughly the size of the XML that Spectrum adds to the texts of a message.
const stanzaEnvelope = 256

// internalTypes are the types that cause no stanza.
var internalTypes = map[pb.WrapperMessage_Type]bool{
	pb.WrapperMessage_TYPE_PONG:           true,
	pb.WrapperMessage_TYPE_STATS:          true,
	pb.WrapperMessage_TYPE_BACKEND_CONFIG: true,
	pb.WrapperMessage_TYPE_QUERY:          true,
}

// extraChecks are the checks for one type.
var extraChecks = map[pb.WrapperMessage_Type]func(*checker, Frame){
	pb.WrapperMessage_TYPE_RAW_XML:        (*checker).rawXML,
	pb.WrapperMessage_TYPE_BACKEND_CONFIG: (*checker).backendConfig,
	pb.WrapperMessage_TYPE_STATS:          (*checker).stats,
}

// checker collects the problems of one frame.
type checker struct {
	found []string
	size  int // of the texts, as XML
}

func (c *checker) report(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// message checks the fields of m. prefix is the name of m in the payload.
func (c *checker) message(m protoreflect.Message, s *schema.Message, prefix string) {
	for _, field := range s.Fields {
		d := field.Descriptor
		if !m.Has(d) {
			continue
		}
		name, v := prefix+field.Name, m.Get(d)
		switch {
		case d.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				c.text(k.String(), pb.Format_FORMAT_TEXT, name)
				c.value(v, field.Message.FieldByNumber(2), name)
				return true
			})
		case d.IsList():
			for i := range v.List().Len() {
				c.value(v.List().Get(i), field, name)
			}
		default:
			c.value(v, field, name)
		}
	}
}

func (c *checker) value(v protoreflect.Value, field *schema.Field, name string) {
	switch field.Descriptor.Kind() {
	case protoreflect.StringKind:
		c.text(v.String(), field.Format, name)
	case protoreflect.BytesKind:
		c.size += (len(v.Bytes()) + 2) / 3 * 4
	case protoreflect.EnumKind:
		if field.Enum.Name(int32(v.Enum())) == "" {
			c.report("%s is %d, which Spectrum does not know", name, v.Enum())
		}
	case protoreflect.MessageKind:
		c.message(v.Message(), field.Message, name+".")
	}
}

func (c *checker) text(s string, format pb.Format, name string) {
	if bad := illegalText(s); bad != "" {
		c.report("%s holds %s, which closes the component's stream for all", name, bad)
	}
	switch {
	case format == pb.Format_FORMAT_XHTML:
		c.size += len(s)
		if err := wellFormed(s); err != nil {
			c.report("%s is not well-formed, which closes the component's stream for all: %v", name, err)
		}
		return
	case format == pb.Format_FORMAT_TIMESTAMP && s != "":
		if _, err := time.Parse(schema.TimeLayout, s); err != nil || len(s) != len(schema.TimeLayout) {
			c.report("%s is not of the form YYYYMMDDTHHMMSS: Spectrum drops the message", name)
		}
	}
	c.size += len(s) + 4*strings.Count(s, "&") + 3*strings.Count(s, "<") + 3*strings.Count(s, ">")
}

// illegalText describes the first character of s that XML 1.0 does not allow. It
// returns "" if all are allowed.
func illegalText(s string) string {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return fmt.Sprintf("invalid UTF-8 (byte 0x%02X at offset %d)", s[i], i)
		case !legalRune(r):
			return fmt.Sprintf("%U at offset %d", r, i)
		}
		i += n
	}
	return ""
}

// legalRune reports whether r is a Char of XML 1.0.
func legalRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

func (c *checker) rawXML(f Frame) {
	s := string(f.Payload)
	c.size += len(s)
	if bad := illegalText(s); bad != "" {
		c.report("the stanza holds %s, which breaks the parser that all backends share", bad)
		return
	}
	if err := oneStanza(s); err != nil {
		c.report("it is not exactly one stanza, which breaks the parser that all backends share: %v", err)
	}
}

// booleanKeys are the keys of BACKEND_CONFIG that Spectrum reads as booleans.
var booleanKeys = map[string]bool{
	"registration.needpassword":      true,
	"registration.needregistration":  true,
	"features.muc":                   true,
	"features.rawxml":                true,
	"features.receipts":              true,
	"features.disable_jid_escaping":  true,
	"features.send_buddies_on_login": true,
}

// booleans are the texts that Spectrum reads as booleans.
var booleans = map[string]bool{
	"1": true, "0": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true,
}

func (c *checker) backendConfig(f Frame) {
	message, _ := f.Message.(*pb.BackendConfig)
	section := ""
	for line := range strings.Lines(message.GetConfig()) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		key, value, isPair := strings.Cut(line, "=")
		switch {
		case line == "":
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1:len(line)-1] + "."
		case !isPair:
			c.report("the line %q is neither [section] nor key=value", line)
		case booleanKeys[strings.ToLower(section+strings.TrimSpace(key))]:
			if value = strings.TrimSpace(value); !booleans[strings.ToLower(value)] {
				c.report("%s%s=%s is not a boolean: Spectrum loses the PONG after it and never connects to the XMPP server", section, strings.TrimSpace(key), value)
			}
		}
	}
}

func (c *checker) stats(f Frame) {
	message, _ := f.Message.(*pb.Stats)
	if pid, err := strconv.Atoi(message.GetId()); err != nil || pid <= 0 {
		c.report("id is %q, not a process id: Spectrum cannot stop the process", message.GetId())
	}
}
