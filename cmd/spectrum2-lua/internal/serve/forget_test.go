package serve_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/store"
	"spectrumlua/runtime/xmltree"
)

// TestUnregisteringDeletesTheStores has a script that stores a value for its user.
func TestUnregisteringDeletesTheStores(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server := componenttest.New(t, transport, "secret")
	file := configFor(t, server.Listen(t))
	dir := filepath.Dir(file)
	script := filepath.Join(dir, "store.lua")
	const text = `local on = {}
function on.login(session)
  session:store():set("token", "x")
  session:connected()
end
return on
`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := regexp.MustCompile(`script=.*`).ReplaceAllString(string(old), "script="+script)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	db := database.New(database.File(filepath.Join(dir, database.FileName)))
	defer db.Close()
	kv, err := store.New(db, store.Options{Keys: &store.Keyring{}})
	if err != nil {
		t.Fatal(err)
	}
	scopes := func() int {
		t.Helper()
		all, err := kv.Scopes(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	running, stop := context.WithCancel(ctx)
	tr, err := serve.Open(running, file)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- tr.Run(running) }()
	if err := server.WaitLogin(ctx); err != nil {
		t.Fatal(err)
	}
	step := func(xml string, match func(n *xmltree.Node) bool) {
		t.Helper()
		if err := server.Send(xml); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Expect(ctx, match); err != nil {
			t.Fatalf("%s: %v", xml, err)
		}
	}
	result := func(id string) func(n *xmltree.Node) bool {
		return func(n *xmltree.Node) bool {
			return stanza.Attr(n, "id") == id && stanza.Attr(n, "type") == "result"
		}
	}
	step(`<iq type="set" id="r1" from="`+client+`" to="`+transport+`"><query xmlns="jabber:iq:register"><username>bob</username><password>pw</password></query></iq>`, result("r1"))
	step(`<presence from="`+client+`" to="`+transport+`"/>`, func(n *xmltree.Node) bool {
		return n.Name == "presence" && stanza.Attr(n, "from") == transport && stanza.Attr(n, "type") == ""
	})
	if n := scopes(); n != 1 {
		t.Errorf("%d stores exist before the user unregisters", n)
	}
	step(`<iq type="set" id="r2" from="`+client+`" to="`+transport+`"><query xmlns="jabber:iq:register"><remove/></query></iq>`, result("r2"))
	if n := scopes(); n != 0 {
		t.Errorf("%d stores exist after it", n)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
}
