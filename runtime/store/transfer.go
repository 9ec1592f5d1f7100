package store

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"spectrumlua/runtime/database"
)

// Summary is the number of keys in a scope.
type Summary struct {
	Scope
	Keys int
}

// Scopes lists the scopes that have keys, in order.
func (s *Store) Scopes(ctx context.Context, c database.Conn) ([]Summary, error) {
	if err := s.prepared(ctx, c); err != nil {
		return nil, err
	}
	rows, err := c.Query(ctx, s.texts.scopes, s.now().UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // the error is that of Err
	var all []Summary
	for rows.Next() {
		var owner, name []byte
		var n int
		if err := rows.Scan(&owner, &name, &n); err != nil {
			return nil, c.Plain(err)
		}
		all = append(all, Summary{Scope{string(owner), string(name)}, n})
	}
	return all, c.Plain(rows.Err())
}

// record is a row as a line of an export. Secrets stay encrypted.
type record struct {
	Owner   text            `json:"owner,omitzero"`
	Name    text            `json:"name,omitzero"`
	Space   string          `json:"space,omitempty"` // "", "ours" or "theirs"
	Key     text            `json:"key"`
	JSON    json.RawMessage `json:"json,omitempty"`
	Blob    []byte          `json:"blob,omitempty"`
	Secret  []byte          `json:"secret,omitempty"`
	IsBlob  bool            `json:"is_blob,omitempty"`
	Expires *time.Time      `json:"expires,omitempty"`
}

// text is a string of arbitrary bytes. It is a JSON string if possible, otherwise a
// list of numbers.
type text string

func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	numbers := make([]int, len(t))
	for i := range len(t) {
		numbers[i] = int(t[i])
	}
	return json.Marshal(numbers)
}

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if len(data) > 0 && data[0] == '"' {
		err := json.Unmarshal(data, &s)
		*t = text(s)
		return err
	}
	var numbers []uint16
	if err := json.Unmarshal(data, &numbers); err != nil {
		return err
	}
	raw := make([]byte, len(numbers))
	for i, n := range numbers {
		if n > 0xff {
			return fmt.Errorf("%d is not a byte", n)
		}
		raw[i] = byte(n)
	}
	*t = text(raw)
	return nil
}

// header is the first line of an export.
type header struct {
	Version int `json:"spectrum2_lua_store"`
}

const exportVersion = 1

var spaceNames = []string{values: "", ours: "ours", theirs: "theirs"}

// batch is the number of rows that are read or written at once.
const batch = 500

// Export writes all rows that have not expired as lines of JSON, and returns their
// number. The rows are a consistent snapshot. Export has no time limit of its own.
func (s *Store) Export(ctx context.Context, w io.Writer) (n int, err error) {
	if err := s.Prepare(ctx); err != nil {
		return 0, err
	}
	tx, err := s.db.BeginReading(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(header{exportVersion}); err != nil {
		return 0, err
	}
	rows, err := tx.Query(ctx, s.texts.all, s.now().UnixMilli())
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // the error is that of Err
	for rows.Next() {
		var owner, name, key, data []byte
		var in, kind int
		var expires *int64
		var rev int64
		if err := rows.Scan(&owner, &name, &in, &key, &data, &kind, &expires, &rev); err != nil {
			return n, s.db.Plain(err)
		}
		r, err := newRecord(id{Scope{string(owner), string(name)}, space(in), string(key)}, data, kind, expires)
		if err != nil {
			return n, err
		}
		if err := lines.Encode(r); err != nil {
			return n, err
		}
		n++
	}
	if err := s.db.Plain(rows.Err()); err != nil {
		return n, err
	}
	return n, out.Flush()
}

func newRecord(i id, data []byte, kind int, expires *int64) (record, error) {
	if i.space < 0 || int(i.space) >= len(spaceNames) {
		return record{}, fmt.Errorf("%q: the database was written by a newer version", i.key)
	}
	r := record{Owner: text(i.Owner), Name: text(i.Name), Space: spaceNames[i.space], Key: text(i.key)}
	switch {
	case kind&kindSecret != 0:
		r.Secret, r.IsBlob = data, kind&kindBlob != 0
	case kind&kindBlob != 0:
		r.Blob, r.IsBlob = data, true
	default:
		r.JSON = data
	}
	if expires != nil {
		at := time.UnixMilli(*expires).UTC()
		r.Expires = &at
	}
	return r, nil
}

// rowOf returns a record as a row.
func (s *Store) rowOf(r record) ([]any, error) {
	i := id{Scope{string(r.Owner), string(r.Name)}, values, string(r.Key)}
	for number, name := range spaceNames {
		if name == r.Space {
			i.space = space(number)
		}
	}
	if err := errors.Join(i.Scope.Check(), CheckKey(i.key)); err != nil {
		return nil, err
	}
	v := Value{Data: r.JSON, Blob: r.IsBlob}
	if r.IsBlob {
		v.Data = r.Blob
	} else if r.Secret == nil && r.JSON == nil {
		return nil, errors.New("the line has no value: json, blob or secret")
	}
	if r.Expires != nil {
		v.Expires = *r.Expires
	}
	row, err := s.row(i, v)
	if err == nil && r.Secret != nil {
		row[4] = r.Secret
		row[5] = row[5].(int) | kindSecret
	}
	return row, err
}

// Import writes the rows of an export, replaces existing ones, and returns the
// number of rows. After an error, the rows before the line that the error names may
// have been written. It is safe to import again.
func (s *Store) Import(ctx context.Context, r io.Reader) (n int, err error) {
	if err := s.Prepare(ctx); err != nil {
		return 0, err
	}
	in := json.NewDecoder(bufio.NewReader(r))
	var h header
	if err := in.Decode(&h); err != nil || h.Version == 0 {
		return 0, errors.New("this is not an export of a store: its first line is not the header of one")
	}
	if h.Version != exportVersion {
		return 0, fmt.Errorf("the export has version %d, but this program knows only version %d", h.Version, exportVersion)
	}
	for {
		rows, err := s.readRows(in, n)
		if err != nil {
			return n, err
		}
		if len(rows) == 0 {
			return n, nil
		}
		if err := s.writeRows(ctx, rows); err != nil {
			return n, err
		}
		n += len(rows)
	}
}

// readRows reads some lines. done is the number of lines before them.
func (s *Store) readRows(in *json.Decoder, done int) (rows [][]any, err error) {
	for len(rows) < batch {
		var r record
		err := in.Decode(&r)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		var row []any
		if err == nil {
			row, err = s.rowOf(r)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", done+len(rows)+2, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (s *Store) writeRows(ctx context.Context, rows [][]any) error {
	for attempt := 0; ; attempt++ {
		err := s.tryRows(ctx, rows)
		if !isConflict(err) {
			return err
		}
		if err := s.Pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (s *Store) tryRows(ctx context.Context, rows [][]any) error {
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, row := range rows {
		if _, err := tx.Exec(ctx, s.texts.write, row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Reseal encrypts all secrets with the first key, and returns the number of those
// that had another key. A process that has not noticed the new key yet may still
// write with an old one meanwhile.
func (s *Store) Reseal(ctx context.Context) (n int, err error) {
	scopes, err := s.Scopes(ctx, s.db)
	if err != nil {
		return 0, err
	}
	for _, scope := range scopes {
		after := ""
		for {
			page, err := s.Page(ctx, s.db, scope.Scope, "", after, batch, false)
			if err != nil {
				return n, err
			}
			for _, e := range page {
				done, err := s.reseal(ctx, scope.Scope, e.Key)
				if err != nil {
					return n, fmt.Errorf("%q of %q: %w", e.Key, scope.Owner, err)
				}
				if done {
					n++
				}
				after = e.Key
			}
			if len(page) < batch {
				break
			}
		}
	}
	return n, nil
}

// reseal encrypts a secret with the first key, unless it already is.
func (s *Store) reseal(ctx context.Context, scope Scope, key string) (bool, error) {
	first, err := s.keys.first()
	if err != nil {
		return false, err
	}
	for attempt := 0; ; attempt++ {
		v, found, at, err := s.Read(ctx, s.db, scope, key)
		if err != nil || !found || !v.Secret || at.sealedWith == first.name {
			return false, err
		}
		done, err := s.Replace(ctx, s.db, scope, key, at, &v)
		if err != nil || done {
			return done, err
		}
		if err := s.Pause(ctx, attempt); err != nil {
			return false, err
		}
	}
}
