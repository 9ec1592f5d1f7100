package store

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
)

// nameSize is the length of a key's name in bytes.
const nameSize = 8

// secretKey is a key that encrypts secrets. Its name is stored with each secret and
// reveals nothing about the key.
type secretKey struct {
	key  [32]byte
	name [nameSize]byte
}

func newSecretKey(key [32]byte) *secretKey {
	k := &secretKey{key: key}
	sum := sha256.Sum256(append([]byte("spectrum2-lua key name"), key[:]...))
	copy(k.name[:], sum[:])
	return k
}

// Keyring holds the keys of secrets. The first one encrypts, all of them decrypt.
// It reads the keys when it first needs them, and again when their file has
// changed. It is safe for concurrent use. The first call may take a second.
type Keyring struct {
	// Passphrase, if it is not empty, is the first key. The keys in the file then
	// decrypt older secrets.
	Passphrase string
	// Path is a file with one key on each line, in hexadecimal, or as "passphrase:"
	// and a text. Without a Passphrase the file is created, readable for this user
	// only, when the first secret is written. "" selects a key that is lost with
	// the process.
	Path string

	mu     sync.Mutex
	state  fileState
	loaded bool
	keys   []*secretKey
	stray  map[string]*secretKey // derived keys, by passphrase: deriving a key is slow
}

// fileState is compared to detect changes of a file.
type fileState struct {
	size  int64
	inode uint64
	time  time.Time
}

// KeyringFor returns the keyring for a database. It uses [database] encryption_key,
// and a file next to SQLite's file, or in [service] working_dir if the database is
// a server.
func KeyringFor(c *config.Config, p database.Source) *Keyring {
	k := &Keyring{}
	k.Passphrase, _ = c.Get("database.encryption_key")
	switch {
	case p.Temporary:
	case p.Path != "":
		k.Path = KeyFile(filepath.Dir(p.Path))
	default:
		k.Path = KeyFile(c.WorkingDir())
	}
	return k
}

// KeyFile returns the name of the key file in a folder.
func KeyFile(dir string) string { return filepath.Join(dir, "spectrum2-lua.key") }

// first returns the key that encrypts, and creates it if necessary.
func (k *Keyring) first() (*secretKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return nil, err
	}
	if len(k.keys) > 0 {
		return k.keys[0], nil
	}
	if k.Path == "" {
		var key [32]byte
		_, _ = rand.Read(key[:]) // never fails
		k.keys = []*secretKey{newSecretKey(key)}
		return k.keys[0], nil
	}
	if err := makeKeyFile(k.Path); err != nil {
		return nil, fmt.Errorf("the key of secrets cannot be created: %w; make %s readable and its folder writable, or set [database] encryption_key", err, k.Path)
	}
	if err := k.load(); err != nil {
		return nil, err
	}
	if len(k.keys) == 0 {
		return nil, fmt.Errorf("%s contains no key: put the key back, or remove the file if you do not need its secrets", k.Path)
	}
	return k.keys[0], nil
}

// find returns the key with that name.
func (k *Keyring) find(name [nameSize]byte) (*secretKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return nil, err
	}
	for _, key := range k.keys {
		if key.name == name {
			return key, nil
		}
	}
	return nil, fmt.Errorf("the key %x of this secret is missing: it belongs in %s, or it is another [database] encryption_key", name, k.where())
}

func (k *Keyring) where() string {
	if k.Path == "" {
		return "a key file"
	}
	return k.Path
}

// load reads the keys unless the file is unchanged. mu is held.
func (k *Keyring) load() error {
	state, err := stateOf(k.Path)
	if err != nil {
		return fmt.Errorf("the keys of secrets cannot be read: %w", err)
	}
	if k.loaded && state == k.state {
		return nil
	}
	var keys []*secretKey
	if k.Passphrase != "" {
		key, err := k.derived(k.Passphrase)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	if state != (fileState{}) {
		more, err := k.readFile()
		if err != nil {
			return err
		}
		keys = append(keys, more...)
	}
	if k.Path == "" && k.loaded {
		return nil // keep the temporary key
	}
	k.keys, k.state, k.loaded = keys, state, true
	return nil
}

func stateOf(path string) (fileState, error) {
	if path == "" {
		return fileState{}, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileState{}, nil
	case err != nil:
		return fileState{}, err
	}
	state := fileState{size: info.Size(), time: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		state.inode = sys.Ino
	}
	return state, nil
}

// readFile reads the keys in the file.
func (k *Keyring) readFile() ([]*secretKey, error) {
	data, err := os.ReadFile(k.Path)
	if err != nil {
		return nil, fmt.Errorf("the keys of secrets cannot be read: %w", err)
	}
	var keys []*secretKey
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if text, ok := strings.CutPrefix(line, "passphrase:"); ok {
			key, err := k.derived(strings.TrimSpace(text))
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
			continue
		}
		raw, err := hex.DecodeString(line)
		if err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("%s:%d: a key is 64 hexadecimal digits, or passphrase: and a text", k.Path, i+1)
		}
		keys = append(keys, newSecretKey([32]byte(raw)))
	}
	return keys, nil
}

// rounds makes guessing a passphrase slow. The salt is constant, because every
// process must derive the same key.
var rounds = 600_000

func (k *Keyring) derived(passphrase string) (*secretKey, error) {
	if key := k.stray[passphrase]; key != nil {
		return key, nil
	}
	raw, err := pbkdf2.Key(sha256.New, passphrase, []byte("spectrum2-lua store"), rounds, 32)
	if err != nil {
		return nil, fmt.Errorf("the key of secrets: %w", err)
	}
	key := newSecretKey([32]byte(raw))
	if k.stray == nil {
		k.stray = map[string]*secretKey{}
	}
	k.stray[passphrase] = key
	return key, nil
}

// keyFileHead explains the file to its readers.
const keyFileHead = `# The keys of what scripts store as secrets. The first encrypts, all decrypt.
# Keep a copy apart from the database's: without it the secrets are lost.
`

// newKeyLine returns a new random key.
func newKeyLine() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	return hex.EncodeToString(key[:]) + "\n"
}

// makeKeyFile creates the file atomically, unless another process has created it.
func makeKeyFile(path string) error {
	return writeKeyFile(path, []byte(keyFileHead+newKeyLine()), func(temporary string) error {
		err := os.Link(temporary, path)
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	})
}

// Rotate puts a new key at the front of the file, and creates the file if
// necessary. From then on every process encrypts with the new key.
func (k *Keyring) Rotate() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.Passphrase != "":
		return fmt.Errorf("[database] encryption_key is the first key: change it, and put the line \"passphrase: OLD TEXT\" into %s", k.Path)
	case k.Path == "":
		return errors.New("the keys are not kept in a file")
	}
	if _, err := os.Stat(k.Path); errors.Is(err, fs.ErrNotExist) {
		return makeKeyFile(k.Path)
	}
	f, err := lockKeyFile(k.Path)
	if err != nil {
		return err
	}
	defer f.Close() // also releases the lock
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte(keyFileHead))
	return writeKeyFile(k.Path, append([]byte(keyFileHead+newKeyLine()), data...), func(temporary string) error {
		return os.Rename(temporary, k.Path)
	})
}

// lockKeyFile opens and locks the file at path. Without the lock, one of two
// concurrent rotations would lose its key.
func lockKeyFile(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		mine, err := f.Stat()
		now, statErr := os.Stat(path)
		if err = errors.Join(err, statErr); err == nil && os.SameFile(mine, now) {
			return f, nil
		}
		_ = f.Close() // another process has rotated it meanwhile
		if err != nil {
			return nil, err
		}
	}
}

// writeKeyFile writes a file next to path. put then moves it to its place.
func writeKeyFile(path string, data []byte, put func(temporary string) error) error {
	dir := filepath.Dir(path)
	if err := database.MakeFolder(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".spectrum2-lua-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a rename has moved it
	_, err = f.Write(data)
	err = errors.Join(err, database.LikeFolder(f), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := put(f.Name()); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
