package pb_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spectrumlua/pb"
)

// types is Spectrum's table of types: number, name, payload, and the direction: "out"
// if a backend may send it, "in" if Spectrum sends it, or neither.
const types = `
1 CONNECTED Connected out
2 DISCONNECTED Disconnected out
3 LOGIN Login in
4 LOGOUT Logout in
6 BUDDY_CHANGED Buddy in out
7 BUDDY_REMOVED Buddy in out
8 CONV_MESSAGE ConversationMessage in out
9 PING - in
10 PONG - out
11 JOIN_ROOM Room in
12 LEAVE_ROOM Room in
13 PARTICIPANT_CHANGED Participant out
14 ROOM_NICKNAME_CHANGED Room out
15 ROOM_SUBJECT_CHANGED ConversationMessage in out
16 VCARD VCard in out
17 STATUS_CHANGED Status in
18 BUDDY_TYPING Buddy in out
19 BUDDY_STOPPED_TYPING Buddy in out
20 BUDDY_TYPED Buddy in out
21 AUTH_REQUEST Buddy out
22 ATTENTION ConversationMessage in out
23 STATS Stats out
24 FT_START raw
25 FT_FINISH raw
26 FT_DATA raw
27 FT_PAUSE raw
28 FT_CONTINUE raw
29 EXIT - in
30 BACKEND_CONFIG BackendConfig out
31 QUERY BackendConfig in out
32 ROOM_LIST RoomList out
33 CONV_MESSAGE_ACK ConversationMessage out
34 RAW_XML raw in out
35 BUDDIES Buddies in
36 API_VERSION APIVersion in`

// messages is Spectrum's table of fields: number, whether the field is required,
// optional or repeated, name, and kind if the field is not a string.
const messages = `
Connected: 1r user
Disconnected: 1r user, 2r error ConnectionError, 3o message
Login: 1r user, 2r legacyName, 3r password, 4* extraFields, 5o settings UserSettings
UserSettings: 1* value map<string,string>
Logout: 1r user, 2r legacyName
Buddy: 1r userName, 2r buddyName, 3o alias, 4* group, 5o status StatusType, 6o statusMessage, 7o iconHash, 8o blocked bool
Buddies: 1* buddy Buddy
ConversationMessage: 1r userName, 2r buddyName, 3r message, 4o nickname, 5o xhtml, 6o timestamp, 7o headline bool, 8o id, 9o pm bool, 10o carbon bool, 11* attachment Attachment
Attachment: 1r url, 2o mimeType, 3o description
Room: 1r userName, 2r nickname, 3r room, 4o password
RoomList: 1* room, 2* name, 3o user
Participant: 1r userName, 2r room, 3r nickname, 4r flag int32, 5r status StatusType, 6o statusMessage, 7o newname, 8o iconHash, 9o alias
VCard: 1r userName, 2r buddyName, 3r id int32, 4o fullname, 5o nickname, 6o photo bytes
Status: 1r userName, 3r status StatusType, 4o statusMessage
Stats: 1r res int32, 2r init_res int32, 3r shared int32, 4r id
BackendConfig: 1r config
APIVersion: 1r version int32
WrapperMessage: 1r type Type, 2o payload bytes`

// enums is Spectrum's table of enum values, without their prefixes.
const enums = `
StatusType: ONLINE 0, AWAY 1, FFC 2, XA 3, DND 4, NONE 5, INVISIBLE 6
ConnectionError: NETWORK_ERROR 0, INVALID_USERNAME 1, AUTHENTICATION_FAILED 2, AUTHENTICATION_IMPOSSIBLE 3, NO_SSL_SUPPORT 4, ENCRYPTION_ERROR 5, NAME_IN_USE 6, INVALID_SETTINGS 7, CERT_NOT_PROVIDED 8, CERT_UNTRUSTED 9, CERT_EXPIRED 10, CERT_NOT_ACTIVATED 11, CERT_HOSTNAME_MISMATCH 12, CERT_FINGERPRINT_MISMATCH 13, CERT_SELF_SIGNED 14, CERT_OTHER_ERROR 15, OTHER_ERROR 16
ParticipantFlag: NONE 0, MODERATOR 1, CONFLICT 2, BANNED 4, NOT_AUTHORIZED 8, ME 16, KICKED 32, ROOM_NOT_FOUND 64`

// firstOwn is the first number of the types that Spectrum does not know, and of such fields
// in its messages.
const firstOwn = 1000

func lines(table string) []string { return strings.Split(strings.TrimSpace(table), "\n") }

func TestTypesMatchSpectrums(t *testing.T) {
	var got []string
	values := pb.WrapperMessage_Type(0).Descriptor().Values()
	for i := range values.Len() {
		v := values.Get(i)
		traits := proto.GetExtension(v.Options(), pb.E_Traits).(*pb.TypeOptions)
		if gatewayOnly := traits.GetGatewayOnly(); gatewayOnly != (v.Number() >= firstOwn) {
			t.Errorf("%s: gateway_only is %v", v.Name(), gatewayOnly)
		}
		if v.Number() >= firstOwn {
			continue
		}
		line := fmt.Sprintf("%d %s ", v.Number(), strings.TrimPrefix(string(v.Name()), "TYPE_"))
		switch {
		case traits.GetRaw():
			line += "raw"
		case traits.GetPayload() == "":
			line += "-"
		default:
			line += traits.GetPayload()
		}
		if traits.GetToScript() {
			line += " in"
		}
		if traits.GetFromScript() {
			line += " out"
		}
		got = append(got, line)
	}
	compare(t, got, lines(types))
}

func TestMessagesMatchSpectrums(t *testing.T) {
	var spectrums []string // the messages in Spectrum's protocol
	for _, line := range lines(messages) {
		name, _, _ := strings.Cut(line, ":")
		spectrums = append(spectrums, name)
	}
	var got []string
	all := pb.File_protocol_proto.Messages()
	for i := range all.Len() {
		m := all.Get(i)
		if !slices.Contains(spectrums, string(m.Name())) {
			continue
		}
		var fields []string
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			about, _ := proto.GetExtension(f.Options(), pb.E_About).(*pb.FieldOptions)
			if about.GetGatewayOnly() != (f.Number() >= firstOwn) {
				t.Errorf("%s: gateway_only is %v", f.FullName(), about.GetGatewayOnly())
			}
			if f.Number() < firstOwn {
				fields = append(fields, describe(f))
			}
		}
		got = append(got, string(m.Name())+": "+strings.Join(fields, ", "))
	}
	want := lines(messages)
	slices.Sort(got)
	slices.Sort(want)
	compare(t, got, want)
}

// describe returns a field in the format of the table above.
func describe(f protoreflect.FieldDescriptor) string {
	rule := map[protoreflect.Cardinality]string{protoreflect.Required: "r", protoreflect.Optional: "o", protoreflect.Repeated: "*"}
	text := fmt.Sprintf("%d%s %s", f.Number(), rule[f.Cardinality()], f.Name())
	switch {
	case f.IsMap():
		return fmt.Sprintf("%s map<%s,%s>", text, f.MapKey().Kind(), f.MapValue().Kind())
	case f.Kind() == protoreflect.EnumKind:
		return text + " " + string(f.Enum().Name())
	case f.Kind() == protoreflect.MessageKind:
		return text + " " + string(f.Message().Name())
	case f.Kind() == protoreflect.StringKind:
		return text
	}
	return text + " " + f.Kind().String()
}

func TestEnumsMatchSpectrums(t *testing.T) {
	prefix := regexp.MustCompile(`(.)([A-Z])`)
	for _, line := range lines(enums) {
		name, want, _ := strings.Cut(line, ": ")
		t.Run(name, func(t *testing.T) {
			e := pb.File_protocol_proto.Enums().ByName(protoreflect.Name(name))
			if e == nil {
				t.Fatal("the enum is missing")
			}
			var got []string
			for i := range e.Values().Len() {
				v := e.Values().Get(i)
				cut := strings.ToUpper(prefix.ReplaceAllString(name, "${1}_$2")) + "_"
				got = append(got, strings.TrimPrefix(string(v.Name()), cut)+" "+strconv.Itoa(int(v.Number())))
			}
			compare(t, got, strings.Split(want, ", "))
		})
	}
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("unexpected: %s", line)
		}
	}
	if !t.Failed() && !slices.Equal(got, want) {
		t.Errorf("another order:\n%s", strings.Join(got, "\n"))
	}
}

// TestProtocolCoversARecordedSession decodes all frames of a real session.
func TestProtocolCoversARecordedSession(t *testing.T) {
	file, err := os.Open("testdata/session.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := map[string]int{}
	input := bufio.NewScanner(file)
	for number := 1; input.Scan(); number++ {
		var line struct{ Dir, Frame string }
		if err := json.Unmarshal(input.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Dir == "" {
			continue // the arguments
		}
		frame, err := base64.StdEncoding.DecodeString(line.Frame)
		if err != nil {
			t.Fatal(err)
		}
		typ, err := checkFrame(line.Dir, frame)
		if err != nil {
			t.Errorf("line %d, %s: %v", number, typ, err)
		}
		seen[line.Dir+" "+typ]++
	}
	if err := input.Err(); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int{
		"in TYPE_PING": 1, "out TYPE_PONG": 1, "out TYPE_STATS": 1, "in TYPE_LOGIN": 1, "out TYPE_CONNECTED": 1,
		"in TYPE_CONV_MESSAGE": 5, "in TYPE_STATUS_CHANGED": 27, "in TYPE_VCARD": 2, "in TYPE_EXIT": 1,
	} {
		if seen[what] != want {
			t.Errorf("%s: %d times, want %d", what, seen[what], want)
		}
	}
}

// checkFrame checks that the protocol explains every byte of a frame.
func checkFrame(direction string, frame []byte) (string, error) {
	number, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		return "?", err
	}
	v := number.Descriptor().Values().ByNumber(number.Number())
	if v == nil {
		return "?", fmt.Errorf("the type %d is unknown", number)
	}
	typ := string(v.Name())
	traits := proto.GetExtension(v.Options(), pb.E_Traits).(*pb.TypeOptions)
	if direction == "in" && !traits.GetToScript() || direction == "out" && !traits.GetFromScript() {
		return typ, fmt.Errorf("the type must not be sent in the direction %s", direction)
	}
	if again := pb.AppendWrapper(nil, number, payload); string(again) != string(frame) {
		return typ, fmt.Errorf("%x is encoded again as %x", frame, again)
	}
	if traits.GetPayload() == "" {
		if payload != nil {
			return typ, fmt.Errorf("unexpected payload %q", payload)
		}
		return typ, nil
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName("spectrumlua.pb." + protoreflect.FullName(traits.GetPayload()))
	if err != nil {
		return typ, err
	}
	message := kind.New()
	if err := proto.Unmarshal(payload, message.Interface()); err != nil {
		return typ, err
	}
	if unknown := message.GetUnknown(); len(unknown) > 0 {
		return typ, fmt.Errorf("unknown fields: %x", unknown)
	}
	return typ, nil
}
