package store_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/store"
)

// TestExportIsImportedUnchanged moves all values to another database and exports them
// again.
func TestExportIsImportedUnchanged(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		keys := &store.Keyring{Path: store.KeyFile(t.TempDir())}
		from := open(t, database.Temporary(), keys)
		later := time.Now().Add(time.Hour)
		strange := store.Scope{Owner: "\xff@x", Name: "<&>\x00"}
		set(t, from, alice, "json", text(`{"a":[1,2.5,"<é>"],"b":9007199254740991}`))
		set(t, from, alice, "blob\xfe\x00", store.Value{Data: []byte{0, 1, 255}, Blob: true, Expires: later})
		set(t, from, alice, "empty", store.Value{Blob: true})
		set(t, from, strange, "secret", store.Value{Data: []byte("hunter2"), Secret: true})
		set(t, from, strange, "secret blob", store.Value{Data: []byte("hunter2\xff"), Secret: true, Blob: true})
		set(t, from, alice, "gone", store.Value{Data: []byte("1"), Expires: time.Now().Add(-time.Hour)})
		if err := from.Remember(soon(t), from.DB(), alice, "a", "b", later); err != nil {
			t.Fatal(err)
		}
		for i := range 600 { // more than one batch
			set(t, from, store.Scope{}, strings.Repeat("k", i+1), text("1"))
		}

		var first bytes.Buffer
		n, err := from.Export(soon(t), &first)
		if err != nil || n != 607 {
			t.Fatal(n, err)
		}
		if strings.Contains(first.String(), "hunter2") {
			t.Error("the export contains a secret in plain text")
		}
		to := open(t, p, keys)
		if n, err := to.Import(soon(t), bytes.NewReader(first.Bytes())); err != nil || n != 607 {
			t.Fatal(n, err)
		}
		var second bytes.Buffer
		if n, err := to.Export(soon(t), &second); err != nil || n != 607 {
			t.Fatal(n, err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("the export of the imported values differs")
		}
		if got := get(t, to, strange, "secret"); got != "hunter2" {
			t.Errorf("got %q", got)
		}
		if got, found, err := to.Ours(soon(t), to.DB(), alice, "b"); got != "a" || !found || err != nil {
			t.Error(got, found, err)
		}
		scopes, err := to.Scopes(soon(t), to.DB())
		if err != nil || len(scopes) != 3 || scopes[0].Keys != 600 || scopes[1].Scope != alice || scopes[1].Keys != 3 {
			t.Error(scopes, err)
		}
	})
}

func TestInvalidExportIsRejected(t *testing.T) {
	const head = `{"spectrum2_lua_store":1}` + "\n"
	tests := []struct{ name, text, want string }{
		{"nothing", "", "this is not an export of a store"},
		{"something else", `{"a":1}`, "this is not an export of a store"},
		{"a newer version", `{"spectrum2_lua_store":2}`, "version 2"},
		{"no JSON", head + "oops", "line 2: "},
		{"no key", head + `{"key":"a","json":1}` + "\n" + `{"json":1}`, "line 3: a key has at least one byte"},
		{"no value", head + `{"key":"a"}`, "line 2: the line has no value"},
		{"no byte", head + `{"key":[256],"json":1}`, "line 2: 256 is not a byte"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, database.Temporary(), nil)
			_, err := s.Import(soon(t), strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestResealEncryptsWithTheFirstKey(t *testing.T) {
	keyFile := store.KeyFile(t.TempDir())
	p := database.File(t.TempDir() + "/a.sqlite")
	s := open(t, p, &store.Keyring{Path: keyFile})
	set(t, s, alice, "secret", store.Value{Data: []byte("x"), Secret: true})
	set(t, s, alice, "open", text("1"))
	if err := (&store.Keyring{Path: keyFile}).Rotate(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if n, err := s.Reseal(soon(t)); n != want || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := store.DropOldKeys(keyFile); err != nil {
		t.Fatal(err)
	}
	if got := get(t, open(t, p, &store.Keyring{Path: keyFile}), alice, "secret"); got != "x" {
		t.Errorf("got %q with only the new key", got)
	}
}
