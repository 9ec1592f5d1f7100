package luabind_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// contact returns the BUDDY_CHANGED that Spectrum sends for a contact.
func contact(name, alias string, groups ...string) *pb.Buddy {
	return &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String(name), Alias: proto.String(alias), Group: groups,
		Status: pb.StatusType_STATUS_TYPE_NONE.Enum()}
}

// blocked returns the BUDDY_CHANGED that Spectrum sends if the user blocks a contact.
func blocked(name string) *pb.Buddy {
	return &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String(name), Blocked: proto.Bool(true)}
}

// Each case has the contacts that the script sends, those that Spectrum reports, and the
// origins that the handler receives.
func TestOriginOfAChangedContact(t *testing.T) {
	const changed, removed = "buddy_changed", "buddy_removed"
	type report struct {
		typ   string
		buddy *pb.Buddy
	}
	for _, c := range []struct {
		name, login string
		reports     []report
		want        string
	}{
		{"a contact that the user adds", "", []report{{changed, contact("carol", "")}}, "carol user"},
		{"the same report again", "", []report{{changed, contact("carol", "C")}, {changed, contact("carol", "C")}}, "carol user carol echo"},
		{"an echo", `session:buddy_changed { buddy_name = "carol", alias = "Carol", group = { "a", "b" }, status = "online" }`,
			[]report{{changed, contact("carol", "Carol", "b", "a")}}, "carol echo"},
		{"an echo of a contact without alias", `session:buddy_changed { buddy_name = "carol" }`, []report{{changed, contact("carol", "carol")}}, "carol echo"},
		{"the user renames a contact", `session:buddy_changed { buddy_name = "carol", alias = "Carol" }`,
			[]report{{changed, contact("carol", "Carol")}, {changed, contact("carol", "Caro")}, {changed, contact("carol", "Caro")}}, "carol echo carol user carol echo"},
		{"the user moves a contact", `session:buddy_changed { buddy_name = "carol", alias = "Carol", group = { "a" } }`,
			[]report{{changed, contact("carol", "Carol", "b")}}, "carol user"},
		{"a status does not matter", `session:buddy_changed { buddy_name = "carol", alias = "Carol", status = "away" } session:update_buddy { buddy_name = "carol", status = "dnd" }`,
			[]report{{changed, contact("carol", "Carol")}}, "carol echo"},
		{"the user blocks a contact", `session:buddy_changed { buddy_name = "carol", alias = "Carol" }`,
			[]report{{changed, blocked("carol")}, {changed, contact("carol", "Carol")}}, "carol user carol echo"},
		{"another contact", `session:buddy_changed { buddy_name = "carol", alias = "Carol" }`, []report{{changed, contact("dave", "Carol")}}, "dave user"},
		{"the user accepts", `session:auth_request { buddy_name = "erin" }`,
			[]report{{changed, contact("erin", "")}, {changed, contact("erin", "")}, {changed, contact("erin", "E")}}, "erin authorized erin echo erin user"},
		{"the user refuses", `session:auth_request { buddy_name = "erin" }`, []report{{removed, contact("erin", "")}, {changed, contact("erin", "")}}, "erin refused erin user"},
		{"the user removes a contact", `session:buddy_changed { buddy_name = "carol", alias = "Carol" }`,
			[]report{{removed, contact("carol", "")}, {changed, contact("carol", "Carol")}}, "carol user carol user"},
		{"the script has taken the request back", `session:auth_request { buddy_name = "erin" } session:buddy_removed { buddy_name = "erin" }`,
			[]report{{changed, contact("erin", "")}}, "erin user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := luatest.New(t, `local on, heard = {}, {}
function on.login(session) `+c.login+` session:connected() end
local function note(_, m, origin) heard[#heard + 1] = m.buddy_name .. " " .. origin end
on.buddy_changed, on.buddy_removed = note, note
function on.conv_message(session) session:conv_message { buddy_name = "x", message = table.concat(heard, " ") } end
return on`)
			if err := f.Host.Load(); err != nil {
				t.Fatal(err)
			}
			f.Login(alice)
			f.Expect("connected", nil)
			for _, r := range c.reports {
				f.Receive(r.typ, r.buddy)
			}
			f.Say(alice, "x", "what?")
			f.ExpectSaid(c.want)
		})
	}
}

func TestRosterSendsOnlyDifferences(t *testing.T) {
	f := luatest.New(t, `local on = {}
function on.login(session)
  session:connected()
end
local lists = {
  { { buddy_name = "carol", alias = "Carol" }, { buddy_name = "dave", status = "away" } },
  { { buddy_name = "carol", alias = "Carol" }, { buddy_name = "dave", status = "online" }, { buddy_name = "erin" } },
  { { buddy_name = "erin" } },
  {},
}
function on.conv_message(session, m)
  session:roster(lists[tonumber(m.message)])
  session:conv_message { buddy_name = "x", message = "done" }
end
return on`)
	if err := f.Host.Load(); err != nil {
		t.Fatal(err)
	}
	f.Login(alice)
	f.Expect("connected", nil)
	f.Receive("buddies", &pb.Buddies{Buddy: []*pb.Buddy{contact("old", "Old"), contact("carol", "Carol")}})
	expect := func(typ string, names ...string) {
		t.Helper()
		for _, name := range names {
			b := &pb.Buddy{}
			f.Expect(typ, b)
			if b.GetBuddyName() != name {
				t.Fatalf("%s of %s, want %s", typ, b.GetBuddyName(), name)
			}
		}
	}
	for i, c := range []struct{ removed, changed []string }{
		{[]string{"old"}, []string{"carol", "dave"}},
		{nil, []string{"dave", "erin"}},
		{[]string{"carol", "dave"}, nil},
		{[]string{"erin"}, nil},
		{nil, nil},
	} {
		f.Say(alice, "x", fmt.Sprint(min(i+1, 4)))
		expect("buddy_removed", c.removed...)
		expect("buddy_changed", c.changed...)
		f.ExpectSaid("done")
	}
}

func TestRosterRejectsMistakesBeforeItSendsAnything(t *testing.T) {
	for _, c := range []struct{ name, list, want string }{
		{"no list", `nil`, "bad argument #1 to roster (table expected, got nil)"},
		{"a contact that is no table", `{ { buddy_name = "a" }, "carol" }`, "roster: contact 2: table of fields expected (as in { buddy_name = … }), got string"},
		{"an unknown field", `{ { buddy_name = "a" }, { buddy_nam = "b" } }`, `roster: contact 2: there is no field "buddy_nam"; did you mean "buddy_name"?`},
		{"no name", `{ {} }`, `roster: contact 1: `},
		{"the same contact twice", `{ { buddy_name = "a" }, { buddy_name = "b" }, { buddy_name = "a" } }`, `roster: contacts 1 and 3 have the same buddy_name "a"`},
		{"one contact and no list", `{ buddy_name = "a" }`, `roster: list of contacts expected, but the table has the key "buddy_name"`},
		{"too many", `(function() local t = {} for i = 1, 100001 do t[i] = true end return t end)()`, "roster: 100001 contacts are too many: at most 100000 are allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := luatest.New(t, `local on = {}
function on.login(session)
  session:connected()
  session:conv_message { buddy_name = "x", message = select(2, pcall(function() session:roster(`+c.list+`) end)) }
end
return on`)
			if err := f.Host.Load(); err != nil {
				t.Fatal(err)
			}
			f.Login(alice)
			f.Expect("connected", nil)
			said := &pb.ConversationMessage{}
			f.Expect("conv_message", said) // and no buddy_changed before
			if !strings.Contains(said.GetMessage(), c.want) {
				t.Errorf("the error is %q, want %q", said.GetMessage(), c.want)
			}
		})
	}
}
