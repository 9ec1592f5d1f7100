package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spectrumlua/runtime/store"
)

func TestStoreAdvisesRootIfPermissionIsDenied(t *testing.T) {
	denied := &fs.PathError{Op: "stat", Path: "/var/lib/spectrum2", Err: fs.ErrPermission}
	if err := adviseRoot(denied, 1000); !errors.Is(err, denied) || !strings.Contains(err.Error(), "run this as root") {
		t.Error(err)
	}
	for _, err := range []error{adviseRoot(denied, 0), adviseRoot(nil, 1000), adviseRoot(fs.ErrNotExist, 1000)} {
		if err != nil && strings.Contains(err.Error(), "run this as root") {
			t.Error(err)
		}
	}
}

// TestStoreThroughAPrivateFolder runs as root on the layout that systemd makes for a
// service with DynamicUser: a link into a folder that only root can enter. All new
// files must belong to the service's user.
func TestStoreThroughAPrivateFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files that belong to another user")
	}
	const service = 61234
	dir := t.TempDir()
	state := filepath.Join(dir, "private/spectrum2")
	err := errors.Join(os.MkdirAll(state, 0o755), os.Chmod(filepath.Dir(state), 0o700), os.Chown(state, service, service),
		os.Symlink("private/spectrum2", filepath.Join(dir, "spectrum2")))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "t.cfg")
	text := fmt.Sprintf("[service]\njid=x.localhost\nworking_dir=%s/spectrum2/$jid\n[lua]\nscript=x.lua\n[database]\ntype=sqlite3\n", dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err = withNewStore(config, func(s *store.Store, _ *store.Keyring) error {
		ctx := t.Context()
		err := s.Write(ctx, s.DB(), store.Scope{}, "secret", store.Value{Data: []byte(`"x"`), Secret: true})
		wal := 0
		return errors.Join(err, filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if strings.HasSuffix(path, "-wal") {
				wal++
			}
			belongsTo(t, path, service)
			return nil
		}), errIf(wal != 1, "the database is not open"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(state, "x.localhost/spectrum2-lua.key")); err != nil {
		t.Error(err)
	}
}

func errIf(wrong bool, text string) error {
	if wrong {
		return errors.New(text)
	}
	return nil
}

// belongsTo checks the owner of a file.
func belongsTo(t *testing.T, path string, uid uint32) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != uid {
		t.Errorf("%s belongs to %d, want %d", path, s.Uid, uid)
	}
}
