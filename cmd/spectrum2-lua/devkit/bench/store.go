package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/runtime/database"
)

// Store holds the rates at which scripts store and read values one after the other,
// and the rates of the bare driver on the same database. The two alternate.
type Store struct {
	Engine string `json:"engine"`
	N      int    `json:"n"` // values set, and values read, in each round
	// Set and Get are values per second; their ratios are to the driver's.
	Set      Spread `json:"set_per_second"`
	BareSet  Spread `json:"bare_set_per_second"`
	SetRatio Spread `json:"set_ratio"`
	Get      Spread `json:"get_per_second"`
	BareGet  Spread `json:"bare_get_per_second"`
	GetRatio Spread `json:"get_ratio"`
}

// storeKeys is the number of keys that are written and read.
const storeKeys = 100

// measureStores measures each database: SQLite, and those of o.Databases.
func measureStores(ctx context.Context, s *simulator.Spectrum, o Options, dir, peer string) (all []Store, err error) {
	for i, where := range append([]string{filepath.Join(dir, "bench.sqlite")}, o.Databases...) {
		place, err := database.Parse(where, dir)
		if err != nil {
			return nil, fmt.Errorf("database %d: %w", i, err)
		}
		place.Foreign = false
		o.Progress(fmt.Sprintf("%d values stored and read, %s", o.Stored, place.Engine.Name))
		config := filepath.Join(dir, fmt.Sprintf("store%d.cfg", i))
		text := fmt.Sprintf("[service]\njid = bench.localhost\n[lua]\nscript = bench.lua\nstore = %s\n[bench]\npeer = %s\n", where, peer)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return nil, err
		}
		one, err := measureStore(ctx, s, o, config, place)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place.Engine.Name, err)
		}
		all = append(all, *one)
	}
	return all, nil
}

func measureStore(ctx context.Context, s *simulator.Spectrum, o Options, config string, place database.Source) (*Store, error) {
	bare, err := newBare(ctx, place)
	if err != nil {
		return nil, err
	}
	defer bare.close(ctx)
	figures := map[string][]float64{}
	err = runScript(ctx, s, o, config, func(sub *scripted) error {
		for round := range o.Rounds + 1 {
			for _, what := range []string{"set", "get"} {
				took, err := sub.load.question(fmt.Sprintf("%s %d", what, o.Stored), "done")
				if err != nil {
					return err
				}
				bareTook, err := bare.run(ctx, what, o.Stored)
				if err != nil {
					return fmt.Errorf("the bare driver: %w", err)
				}
				if round > 0 { // the first round warms up
					figures[what] = append(figures[what], float64(o.Stored)/took.Seconds())
					figures["bare "+what] = append(figures["bare "+what], float64(o.Stored)/bareTook.Seconds())
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Store{
		Engine: place.Engine.Name, N: o.Stored,
		Set: NewSpread(figures["set"]), BareSet: NewSpread(figures["bare set"]), SetRatio: NewSpread(Ratios(figures["set"], figures["bare set"])),
		Get: NewSpread(figures["get"]), BareGet: NewSpread(figures["bare get"]), GetRatio: NewSpread(Ratios(figures["get"], figures["bare get"])),
	}, nil
}

// bare is a table of keys and values, with prepared statements.
type bare struct {
	db       *sql.DB
	table    string
	set, get *sql.Stmt
}

func newBare(ctx context.Context, place database.Source) (*bare, error) {
	db, err := place.Bare()
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	b := &bare{db: db, table: "spectrum2_lua_bench"}
	set := "INSERT INTO " + b.table + " (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v"
	if place.Engine == database.MySQL {
		set = "INSERT INTO " + b.table + " (k, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = VALUES(v)"
	}
	_, err = db.ExecContext(ctx, "DROP TABLE IF EXISTS "+b.table)
	if err == nil {
		_, err = db.ExecContext(ctx, "CREATE TABLE "+b.table+" (k VARCHAR(100) PRIMARY KEY, v VARCHAR(1000))")
	}
	texts := database.New(place)
	defer texts.Close() //nolint:errcheck // it has no open connection
	for text, statement := range map[string]**sql.Stmt{set: &b.set, "SELECT v FROM " + b.table + " WHERE k = ?": &b.get} {
		if err != nil {
			break
		}
		values := 1
		if text == set {
			values = 2
		}
		var bound string
		if bound, err = texts.Bind(text, values); err == nil {
			*statement, err = db.PrepareContext(ctx, bound)
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return b, nil
}

func (b *bare) close(ctx context.Context) {
	_, _ = b.db.ExecContext(ctx, "DROP TABLE "+b.table) // the next run also drops it
	_ = b.db.Close()
}

func (b *bare) run(ctx context.Context, what string, n int) (time.Duration, error) {
	start := time.Now()
	for i := range n {
		key := fmt.Sprintf("key%d", i%storeKeys)
		var err error
		if what == "set" {
			_, err = b.set.ExecContext(ctx, key, fmt.Sprintf(`"value %d"`, i))
		} else {
			var value string
			err = b.get.QueryRowContext(ctx, key).Scan(&value)
		}
		if err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
