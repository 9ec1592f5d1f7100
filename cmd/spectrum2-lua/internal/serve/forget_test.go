package serve_test

import (
	"path/filepath"
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/store"
)

// TestUnregisteringDeletesTheStores has a script that stores a value for its user.
func TestUnregisteringDeletesTheStores(t *testing.T) {
	s := newScene(t, transport, `local on = {}
function on.login(session)
  session:store():set("token", "x")
  session:connected()
end
return on
`, "")
	db := database.New(database.File(filepath.Join(s.dir, database.FileName)))
	defer db.Close()
	kv, err := store.New(db, store.Options{Keys: &store.Keyring{}})
	if err != nil {
		t.Fatal(err)
	}
	scopes := func() int {
		t.Helper()
		all, err := kv.Scopes(s.ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	s.start()
	s.up()
	s.register()
	s.online()
	if n := scopes(); n != 1 {
		t.Errorf("%d stores exist before the user unregisters", n)
	}
	s.send(`<iq type="set" id="r2" from="` + client + `" to="` + transport + `"><query xmlns="jabber:iq:register"><remove/></query></iq>`)
	s.expect("the user is unregistered", from("iq", transport, "result"))
	if n := scopes(); n != 0 {
		t.Errorf("%d stores exist after it", n)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}
