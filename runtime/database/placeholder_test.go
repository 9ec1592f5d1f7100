package database

import (
	"strings"
	"testing"
)

func TestPlaceholders(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // for PostgreSQL; "" if the text stays unchanged
		counts     [3]int // SQLite, PostgreSQL, MySQL
	}{
		{"no placeholder", "SELECT 1", "", [3]int{0, 0, 0}},
		{"several placeholders", "SELECT ?, a FROM t WHERE b=? AND c IN (?,?)", "SELECT $1, a FROM t WHERE b=$2 AND c IN ($3,$4)", [3]int{4, 4, 4}},
		{"in a string", "SELECT '?', 'it''s ?', ?", "SELECT '?', 'it''s ?', $1", [3]int{1, 1, 1}},
		{"in a name", `SELECT "a?", "b""?" FROM t WHERE c=?`, `SELECT "a?", "b""?" FROM t WHERE c=$1`, [3]int{1, 1, 1}},
		{"in a line's comment", "SELECT -- what?\n?", "SELECT -- what?\n$1", [3]int{1, 1, 1}},
		{"in a comment", "SELECT /* what? */ ?", "SELECT /* what? */ $1", [3]int{1, 1, 1}},
		{"in a comment that does not end", "SELECT /* ? ", "", [3]int{0, 0, 0}},
		{"in a string that does not end", "SELECT '? ", "", [3]int{0, 0, 0}},
		{"comments in comments", "SELECT /* a /* b */ ? */ ?", "SELECT /* a /* b */ ? */ $1", [3]int{2, 1, 2}},
		{"a backslash", `SELECT '\', ?`, `SELECT '\', $1`, [3]int{1, 1, 0}},
		{"a backslash with E", `SELECT E'\'?', ?`, `SELECT E'\'?', $1`, [3]int{1, 1, 1}},
		{"dollars", "SELECT $$ ? $$, $a$ $$ ? $a$, ?", "SELECT $$ ? $$, $a$ $$ ? $a$, $1", [3]int{-1, 1, 3}},
		{"a dollar in a name", "SELECT a$b$, ? FROM t", "SELECT a$b$, $1 FROM t", [3]int{-1, 1, 1}},
		{"backticks", "SELECT `a?`, ?", "SELECT `a$1`, $2", [3]int{1, 2, 1}},
		{"brackets", "SELECT [a?], ?", "SELECT [a$1], $2", [3]int{1, 2, 2}},
		{"an operator", "SELECT a ?? 'k', b ??| ?", "SELECT a ? 'k', b ?| $1", [3]int{5, 1, 5}},
		{"a cast", "SELECT ?::text, a[1:2]", "SELECT $1::text, a[1:2]", [3]int{-1, 1, 1}},
		{"SQLite's own placeholders", "SELECT ?1, :name, @x", "SELECT $11, :name, @x", [3]int{-1, 1, 1}},
		{"PostgreSQL's own placeholder", "SELECT $1", "", [3]int{0, -1, 0}},
		{"MySQL's comment", "SELECT 1 # ?\n, ?", "SELECT 1 # $1\n, $2", [3]int{2, 2, 1}},
		{"two minus", "SELECT 5--?\n, ?", "SELECT 5--?\n, $1", [3]int{1, 1, 2}},
		{"a minus before a comment", "SELECT 1 --\n, ?", "SELECT 1 --\n, $1", [3]int{1, 1, 1}},
		{"é", "SELECT 'é?', é$x, ?", "SELECT 'é?', é$x, $1", [3]int{-1, 1, 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, e := range []*Engine{SQLite, PostgreSQL, MySQL} {
				bound, n := e.bind(test.text)
				if n != test.counts[i] {
					t.Errorf("%s has %d placeholders, want %d", e.Name, n, test.counts[i])
				}
				want := test.text
				if e == PostgreSQL && test.want != "" {
					want = test.want
				}
				if bound != want {
					t.Errorf("%s:\ngot  %s\nwant %s", e.Name, bound, want)
				}
			}
		})
	}
}

func TestTextWithoutStatementIsEmpty(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, " \t\n;": true, "-- a": true, "/* a */ ; -- b\n": true, "\x00": true, ";\x00SELECT 1": true,
		"a": false, "-": false, "; SELECT 1": false, "/*!1*/": false, "-- a\nb": false, "a\x00": false,
	} {
		for _, e := range []*Engine{SQLite, PostgreSQL, MySQL} {
			if e.syntax.empty(text) != want {
				t.Errorf("%s: %q, want %v", e.Name, text, want)
			}
		}
	}
}

func TestStatementsThatControlTransactionsAreFound(t *testing.T) {
	for text, want := range map[string]bool{
		"BEGIN": true, " /* a */ begin immediate": true, "COMMIT;": true, "-- a\nRollback to x": true, "SAVEPOINT a": true, "START TRANSACTION": true,
		"SELECT 1; BEGIN": true, "SELECT 1;;\n/* ; */ COMMIT": true, "SELECT ';' AS \"a\"; END": true,
		"CREATE TABLE t (a INTEGER); COMMIT":                                          true,
		"CREATE TRIGGER t BEGIN SELECT 1; END; BEGIN":                                 true,
		"CREATE TRIGGER t BEGIN DELETE FROM a; SELECT CASE 1 WHEN 1 THEN 2 END; END;": false,
		"SELECT ';BEGIN'": false, "SELECT 1 -- ;\n": false, "SELECT 1; SELECT 2": false, "(SELECT 1)": false,
		"SELECT 1": false, "BEGINNING": false, "CREATE TRIGGER t BEGIN": false, "'BEGIN'": false, "": false,
	} {
		for _, e := range []*Engine{SQLite, PostgreSQL, MySQL} {
			if e.syntax.controls(text) != want {
				t.Errorf("%s: %q, want %v", e.Name, text, want)
			}
		}
	}
}

func TestSeveralStatementsInOneTextAreFound(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT 1": false, "SELECT 1;": false, "SELECT 1;\n-- a\n;": false, "SELECT ';'": false, "SELECT 1 -- ; 2\n": false, "": false, ";": false,
		"SELECT 1; SELECT 2": true, "SELECT 1;NONSENSE": true, "; SELECT 1;; SELECT 2": true, "SELECT \"a;\"; x": true,
		"INSERT INTO trigger_log VALUES (1); SELECT 1":                                       true,
		"CREATE TABLE a (b INTEGER); CREATE TRIGGER c AFTER INSERT ON a BEGIN SELECT 1; END": true,
	} {
		for _, e := range []*Engine{SQLite, PostgreSQL, MySQL} {
			if e.several(text) != want {
				t.Errorf("%s: %q, want %v", e.Name, text, want)
			}
		}
	}
	if !SQLite.several("SELECT 1 AS function; SELECT 2") {
		t.Error("two statements are not found: SQLite has no CREATE FUNCTION")
	}
	const trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; SELECT CASE 1 WHEN 1 THEN 2 END; END;"
	for text, want := range map[string]bool{trigger: false, trigger + " SELECT 1": true, "CREATE TRIGGER t BEGIN SELECT 1;": false} {
		if SQLite.several(text) != want {
			t.Errorf("%q, want %v", text, want)
		}
	}
	for _, e := range []*Engine{PostgreSQL, MySQL} {
		if e.several("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END") {
			t.Errorf("%s: the body of a function counts as several statements", e.Name)
		}
	}
}

func FuzzPlaceholders(f *testing.F) {
	f.Add("SELECT ?, '?', \"?\", $a$ ? $a$, E'\\'?' /* ? /* */ */ -- ?\n")
	f.Add("`?[?]#?\n--?$$?:a@b$1??")
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range []*Engine{SQLite, PostgreSQL, MySQL} {
			bound, n := e.bind(text)
			if n > strings.Count(text, "?") {
				t.Errorf("%s: %d placeholders in %q", e.Name, n, text)
			}
			if e != PostgreSQL && bound != text {
				t.Errorf("%s changes %q", e.Name, text)
			}
		}
	})
}

func TestSecretsAreScrubbed(t *testing.T) {
	const text = `dial bot:p@ss/word@db: cannot use "p@ss/word" or p%40ss%2Fword`
	if got := scrub(text, []string{"", "a", "p@ss/word"}); strings.Contains(got, "ss") {
		t.Error(got)
	}
}
