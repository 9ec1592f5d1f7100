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
	"strings"
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
		Short: "List, read, change and move the values that scripts store",
		Long: `store works on the values of spectrum.store, in the database that the transport's
config names. Backends may run meanwhile. Run it as root: with Debian's unit, only
root and the service can read /var/lib/spectrum2. New files belong to the owner of
their folder, so that backends can use them.

The default is the transport's own store. --user chooses the store of a user, and
--name a store that the script names. See also docs/admin/operations.md.`,
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

// storeTimeout limits a command that works on one value.
const storeTimeout = 30 * time.Second

// withStore opens the store of a transport and closes it after f. It returns an
// error if the database file does not exist.
func withStore(path string, f func(s *store.Store, keys *store.Keyring) error) error {
	return withNewStore(path, func(s *store.Store, keys *store.Keyring) error {
		file := s.DB().Source().Path
		switch _, err := os.Stat(file); {
		case file == "":
		case errors.Is(err, fs.ErrPermission):
			return err
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("opening the store: %s does not exist; scripts have stored nothing yet, or [service] working_dir or [lua] store is wrong", file)
		}
		return f(s, keys)
	})
}

// withNewStore is like withStore, but creates a database that does not exist.
func withNewStore(path string, f func(s *store.Store, keys *store.Keyring) error) error {
	return adviseRoot(openStore(path, f), os.Geteuid())
}

// adviseRoot adds advice to the error of a user without permission.
func adviseRoot(err error, euid int) error {
	if !errors.Is(err, fs.ErrPermission) || euid == 0 {
		return err
	}
	return fmt.Errorf("%w; run this as root, for example with sudo: new files belong to the user of the backends", err)
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
		return fmt.Errorf("opening the store: %s: the database is in the memory of the backend, so no other process can read it", place.Where())
	}
	db := database.New(place)
	keys := store.KeyringFor(c, place)
	s, err := store.New(db, store.Options{Keys: keys})
	if err != nil {
		return err
	}
	return errors.Join(f(s, keys), db.Close())
}

// scopeFlags adds the flags that choose one store.
func scopeFlags(cmd *cobra.Command) *store.Scope {
	scope := &store.Scope{}
	cmd.Flags().StringVar(&scope.Owner, "user", "", "the user's bare `JID`; default: the transport's own store")
	cmd.Flags().StringVar(&scope.Name, "name", "", "the name of the `store` in the script")
	return scope
}

// missing returns the error of a key that does not exist.
func missing(s *store.Store, scope *store.Scope, key string) error {
	return fmt.Errorf("key %q does not exist in %s, in %s; --user and --name choose another store", key, nameOf(*scope), s.DB().Source())
}

// nameOf names a store in a message.
func nameOf(scope store.Scope) string {
	whose := "the transport's own store"
	if scope.Owner != "" {
		whose = "the store of " + scope.Owner
	}
	if scope.Name != "" {
		whose += " called " + strconv.Quote(scope.Name)
	}
	return whose
}

// listed describes the arguments of a command.
func listed(names []string) string {
	switch len(names) {
	case 0:
		return "no arguments"
	case 1:
		return "1 argument: " + names[0]
	}
	return fmt.Sprintf("%d arguments: %s", len(names), strings.Join(names, ", "))
}

// arguments requires exactly the named arguments.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usageError{cmd.CommandPath(), errors.New("the command takes " + listed(names))}
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
		Long: `list shows the owner and the number of keys of each store. With --user or --name
it lists the keys of one store as JSON strings, one a line.`,
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
	n := 0
	for after := ""; ; {
		entries, err := s.Page(ctx, s.DB(), scope, prefix, after, page, false)
		if err != nil {
			return err
		}
		for _, e := range entries {
			t.print(strconv.Quote(e.Key))
			after = e.Key
		}
		if n += len(entries); len(entries) < page {
			t.note(count(n, "key") + " in " + nameOf(scope) + ", in " + s.DB().Source().String())
			return nil
		}
	}
}

func newStoreGet(t *terminal) *cobra.Command {
	var reveal bool
	cmd := &cobra.Command{
		Use:   "get config key",
		Short: "Show a value",
		Long: `get prints a value: JSON on one line, or the bytes of a blob. It prints a secret
only with --reveal.`,
		Args: arguments("config", "key"),
	}
	scope := scopeFlags(cmd)
	cmd.Flags().BoolVar(&reveal, "reveal", false, "print the value even if it is a secret")
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
--text the value is plain text. The value - reads standard input, which keeps a
secret out of the shell's history.`,
		Args: arguments("config", "key", "value"),
	}
	scope := scopeFlags(cmd)
	cmd.Flags().BoolVar(&asText, "text", false, "the value is plain text, not JSON")
	cmd.Flags().BoolVar(&asBlob, "blob", false, "the value is bytes, not JSON")
	cmd.Flags().BoolVar(&secret, "secret", false, "encrypt the value")
	cmd.Flags().DurationVar(&ttl, "ttl", 0, "how long to keep the value, for example 24h; 0 keeps it forever")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if asText && asBlob {
			return usageError{cmd.CommandPath(), errors.New("--text and --blob exclude each other")}
		}
		if scope.Owner != "" && !isBare(scope.Owner) { // no session would read the value
			return usageError{cmd.CommandPath(), notBare("--user "+scope.Owner, scope.Owner)}
		}
		if ttl < 0 {
			return usageError{cmd.CommandPath(), fmt.Errorf("--ttl %v: the time must not be negative", ttl)}
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
				return usageError{cmd.CommandPath(), errors.New("--text: the value is not UTF-8; use --blob for bytes")}
			}
			v.Data, _ = json.Marshal(text) // a string always encodes
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

// scriptsJSON returns JSON without spaces. It returns an error if scripts cannot
// read the value.
func scriptsJSON(text []byte) ([]byte, error) {
	if !json.Valid(text) {
		return nil, errors.New("the value is not JSON; use --text for plain text")
	}
	if _, err := luajson.NewCodec(math.MaxInt32).Decode(string(text), nil); err != nil {
		return nil, fmt.Errorf("scripts cannot read this value: %w", err)
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
		Long: `export prints the values of all stores as lines of JSON, in one consistent state.
import reads them, into any database. Secrets stay encrypted, so copy their key,
too.`,
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
		Long: `import reads the output of export into the transport's database and replaces
existing values. You can repeat it safely.`,
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
		Long: `rotate writes a new key into the first line of the key file and encrypts all
secrets with it. If [database] encryption_key is set, it is the first key, and
rotate creates none. Backends notice a new key. One that writes a secret at the
same moment may still use the old key. Wait some minutes, and run rotate --again
until it reports 0 secrets. Then you can delete the old keys.`,
		Args: arguments("config"),
	}
	cmd.Flags().BoolVar(&again, "again", false, "create no new key; encrypt the secrets that still have an old one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(args[0], func(s *store.Store, keys *store.Keyring) error {
			if keys.Passphrase == "" && !again {
				if err := keys.Rotate(); err != nil {
					return err
				}
			}
			n, err := s.Reseal(cmd.Context())
			if err != nil {
				return fmt.Errorf("after %s: %w; continue with rotate --again", count(n, "secret"), err)
			}
			t.note(count(n, "secret") + " encrypted with the first key")
			if again {
				t.note("the other keys in " + keys.Path + " can be deleted if this number is 0 and the last change of keys was minutes ago")
			} else {
				t.note("run rotate --again in some minutes, before you delete old keys from " + keys.Path)
			}
			return nil
		})
	}
	return cmd
}
