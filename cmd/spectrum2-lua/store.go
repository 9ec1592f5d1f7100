package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	luajson "spectrumlua/luabind/modules/json"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/store"
)

func newStore(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "List, read, change and move what scripts have stored",
		Long: `store works on what scripts keep with spectrum.store: in the database that the
transport's config names, also while backends run. Run it as root: with Debian's
unit nobody else reaches /var/lib/spectrum2 from outside of the service. What it
makes belongs to the owner of the folder, so that backends can use it.

Without --user it is about the transport's own store, with it about one user's;
--name is what the script calls the store. docs/admin/operations.md has more.`,
		Example: `  spectrum2-lua store list echo.cfg
  spectrum2-lua store get echo.cfg position --user alice@example.net
  spectrum2-lua store export echo.cfg > backup.jsonl`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, sub := range []func(*terminal) *cobra.Command{
		newStoreList, newStoreGet, newStoreSet, newStoreDelete, newStoreExport, newStoreImport, newStoreRotate,
	} {
		cmd.AddCommand(sub(t))
	}
	return cmd
}

// storeTimeout is how long one step may take that is not about everything.
const storeTimeout = 30 * time.Second

// withStore opens the store of a transport and closes it after f. It has to be
// there, so that nobody makes a file that the backends may not write.
func withStore(path string, f func(s *store.Store, keys *store.Keyring) error) error {
	return withNewStore(path, func(s *store.Store, keys *store.Keyring) error {
		file := s.DB().Source().Path
		switch _, err := os.Stat(file); {
		case file == "":
		case errors.Is(err, fs.ErrPermission):
			return err
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s is not there: nothing has been stored yet, or [service] working_dir or [lua] store is another", file)
		}
		return f(s, keys)
	})
}

// withNewStore is withStore, and makes the store if it does not exist.
func withNewStore(path string, f func(s *store.Store, keys *store.Keyring) error) error {
	return adviseRoot(openStore(path, f), os.Geteuid())
}

// adviseRoot adds what a user can do who may not use the files.
func adviseRoot(err error, euid int) error {
	if !errors.Is(err, fs.ErrPermission) || euid == 0 {
		return err
	}
	return fmt.Errorf("%w; run this as root, with sudo for example: new files will belong to the user that backends run as", err)
}

func openStore(path string, f func(s *store.Store, keys *store.Keyring) error) error {
	path, err := existing(path)
	if err != nil {
		return err
	}
	c, err := config.Load(path, config.Options{})
	if err != nil {
		return err
	}
	settings, err := c.Settings()
	if err != nil {
		return err
	}
	place, err := database.FromConfig(c, settings)
	if err != nil {
		return err
	}
	if place.Temporary {
		return fmt.Errorf("%s: the database is in memory, and ends with the backend's process: there is nothing to work on", place.Where())
	}
	db := database.New(place)
	keys := store.KeyringFor(c, place)
	s, err := store.New(db, store.Options{Keys: keys})
	if err != nil {
		return err
	}
	return errors.Join(f(s, keys), db.Close())
}

// scopeFlags let a command be about one store.
func scopeFlags(cmd *cobra.Command) *store.Scope {
	scope := &store.Scope{}
	cmd.Flags().StringVar(&scope.Owner, "user", "", "the user's bare `JID`; default: the transport's own store")
	cmd.Flags().StringVar(&scope.Name, "name", "", "what the script calls the `store`")
	return scope
}

// missing is the error of a key that is not there.
func missing(s *store.Store, scope *store.Scope, key string) error {
	whose := "the transport's own store"
	if scope.Owner != "" {
		whose = "the store of " + scope.Owner
	}
	if scope.Name != "" {
		whose += " called " + strconv.Quote(scope.Name)
	}
	return fmt.Errorf("there is no %q in %s, in %s; --user and --name choose another store", key, whose, s.DB().Source())
}

// arguments wants exactly these.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usageError{cmd.CommandPath(), fmt.Errorf("%d arguments are wanted: %v", len(names), names)}
		}
		return nil
	}
}

func newStoreList(t *terminal) *cobra.Command {
	var scope *store.Scope
	var prefix string
	cmd := &cobra.Command{
		Use:   "list config",
		Short: "List the stores, or the keys of one",
		Long: `list shows whose stores there are, and how many keys each has. With --user or
--name it lists the keys of one, as JSON strings, one a line.`,
		Args: arguments("config"),
	}
	scope = scopeFlags(cmd)
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that start with this `text`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		one := cmd.Flags().Changed("user") || cmd.Flags().Changed("name") || prefix != ""
		return withStore(args[0], func(s *store.Store, _ *store.Keyring) error {
			if one {
				return listKeys(cmd.Context(), t, s, *scope, prefix)
			}
			return listScopes(cmd.Context(), t, s)
		})
	}
	return cmd
}

func listScopes(ctx context.Context, t *terminal, s *store.Store) error {
	all, err := s.Scopes(ctx, s.DB())
	if err != nil {
		return err
	}
	for _, scope := range all {
		owner := "the transport"
		if scope.Owner != "" {
			owner = scope.Owner
		}
		t.print(fmt.Sprintf("%8d  %s  %s", scope.Keys, owner, scope.Name))
	}
	t.note(count(len(all), "store") + " in " + s.DB().Source().String())
	return nil
}

func listKeys(ctx context.Context, t *terminal, s *store.Store, scope store.Scope, prefix string) error {
	const page = 1000
	for after := ""; ; {
		entries, err := s.Page(ctx, s.DB(), scope, prefix, after, page, false)
		if err != nil {
			return err
		}
		for _, e := range entries {
			t.print(strconv.Quote(e.Key))
			after = e.Key
		}
		if len(entries) < page {
			return nil
		}
	}
}

func newStoreGet(t *terminal) *cobra.Command {
	var reveal bool
	cmd := &cobra.Command{
		Use:   "get config key",
		Short: "Show a value",
		Long: `get writes a value: JSON on one line, or the bytes of a blob as they are. A
secret is shown with --reveal only.`,
		Args: arguments("config", "key"),
	}
	scope := scopeFlags(cmd)
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show it if it is a secret")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(args[0], func(s *store.Store, _ *store.Keyring) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), storeTimeout)
			defer cancel()
			v, found, _, err := s.Read(ctx, s.DB(), *scope, args[1])
			switch {
			case err != nil:
				return err
			case !found:
				return missing(s, scope, args[1])
			case v.Secret && !reveal:
				return fmt.Errorf("%q is a secret; --reveal shows it", args[1])
			case !v.Blob:
				v.Data = append(v.Data, '\n')
			}
			_, err = t.out.Write(v.Data)
			return err
		})
	}
	return cmd
}

func newStoreSet(*terminal) *cobra.Command {
	var asText, asBlob, secret bool
	var ttl time.Duration
	cmd := &cobra.Command{
		Use:   "set config key value",
		Short: "Write a value",
		Long: `set writes a value, which is JSON: "text" in quotes, 12, true, {"a": [1, 2]}. With
--text it is the text itself. A value of - is read from standard input, which
keeps a secret out of the shell's history.`,
		Args: arguments("config", "key", "value"),
	}
	scope := scopeFlags(cmd)
	cmd.Flags().BoolVar(&asText, "text", false, "the value is a text, not JSON")
	cmd.Flags().BoolVar(&asBlob, "blob", false, "the value is bytes, not JSON")
	cmd.Flags().BoolVar(&secret, "secret", false, "encrypt it")
	cmd.Flags().DurationVar(&ttl, "ttl", 0, "how long it is kept, as in 24h; 0: for ever")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if asText && asBlob {
			return usageError{cmd.CommandPath(), errors.New("--text and --blob exclude each other")}
		}
		if ttl < 0 {
			return usageError{cmd.CommandPath(), fmt.Errorf("--ttl is %v: it may not be negative", ttl)}
		}
		v := store.Value{Data: []byte(args[2]), Blob: asBlob, Secret: secret}
		if args[2] == "-" {
			var err error
			if v.Data, err = io.ReadAll(cmd.InOrStdin()); err != nil {
				return err
			}
		}
		if asText {
			text := string(bytes.TrimSuffix(v.Data, []byte("\n")))
			if !utf8.ValidString(text) {
				return usageError{cmd.CommandPath(), errors.New("the value is no text in UTF-8; --blob takes it as bytes")}
			}
			v.Data, _ = json.Marshal(text) // a string always has JSON
		}
		if !asText && !asBlob {
			var err error
			if v.Data, err = scriptsJSON(v.Data); err != nil {
				return usageError{cmd.CommandPath(), err}
			}
		}
		if ttl > 0 {
			v.Expires = time.Now().Add(ttl)
		}
		return withNewStore(args[0], func(s *store.Store, _ *store.Keyring) error {
			if err := errors.Join(scope.Check(), store.CheckKey(args[1])); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), storeTimeout)
			defer cancel()
			return s.Write(ctx, s.DB(), *scope, args[1], v)
		})
	}
	return cmd
}

// scriptsJSON is JSON as scripts keep it: without space, and with no number that
// they could not read.
func scriptsJSON(text []byte) ([]byte, error) {
	if !json.Valid(text) {
		return nil, errors.New("the value is no JSON; --text takes it as text")
	}
	if _, err := luajson.NewCodec(math.MaxInt32).Decode(string(text), nil); err != nil {
		return nil, fmt.Errorf("the value is none that scripts can read: %w", err)
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, text)
	return compact.Bytes(), err
}

func newStoreDelete(*terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete config key",
		Short: "Delete a value",
		Args:  arguments("config", "key"),
	}
	scope := scopeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(args[0], func(s *store.Store, _ *store.Keyring) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), storeTimeout)
			defer cancel()
			deleted, err := s.Delete(ctx, s.DB(), *scope, args[1])
			if err == nil && !deleted {
				err = missing(s, scope, args[1])
			}
			return err
		})
	}
	return cmd
}

func newStoreExport(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "export config",
		Short: "Write all stores to standard output",
		Long: `export writes all that scripts have stored, of all users, as of one moment, as
lines of JSON that import reads: into another database too. Secrets stay
encrypted, so their key has to go the same way.`,
		Args: arguments("config"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(args[0], func(s *store.Store, _ *store.Keyring) error {
				n, err := s.Export(cmd.Context(), t.out)
				if err == nil {
					t.note(count(n, "value") + " exported from " + s.DB().Source().String())
				}
				return err
			})
		},
	}
}

func newStoreImport(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "import config",
		Short: "Read stores from standard input",
		Long: `import writes what export has written into the transport's database, over what
is there. To do it again does no harm.`,
		Args: arguments("config"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withNewStore(args[0], func(s *store.Store, _ *store.Keyring) error {
				n, err := s.Import(cmd.Context(), cmd.InOrStdin())
				if err != nil {
					return fmt.Errorf("after %s: %w", count(n, "value"), err)
				}
				t.note(count(n, "value") + " imported into " + s.DB().Source().String())
				return nil
			})
		},
	}
}

func newStoreRotate(t *terminal) *cobra.Command {
	var again bool
	cmd := &cobra.Command{
		Use:   "rotate config",
		Short: "Encrypt all secrets with a new key",
		Long: `rotate puts a new key in front of the key file, unless [database] encryption_key
is the first, and encrypts all secrets with the first key. Backends that run see
it by themselves; one that was writing a secret at that moment may have used the
old key. Before old keys are taken out of the file, run rotate --again, some
minutes later, until it says 0 secrets.`,
		Args: arguments("config"),
	}
	cmd.Flags().BoolVar(&again, "again", false, "make no new key, and encrypt what older ones have encrypted")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(args[0], func(s *store.Store, keys *store.Keyring) error {
			if keys.Passphrase == "" && !again {
				if err := keys.Rotate(); err != nil {
					return err
				}
			}
			n, err := s.Reseal(cmd.Context())
			if err != nil {
				return fmt.Errorf("after %s: %w; rotate --again goes on", count(n, "secret"), err)
			}
			t.note(count(n, "secret") + " encrypted with the first key")
			if again {
				t.note("the other keys in " + keys.Path + " are not needed any more if that was 0, minutes after the last change of keys")
			} else {
				t.note("run rotate --again in some minutes, before you take old keys out of " + keys.Path)
			}
			return nil
		})
	}
	return cmd
}
