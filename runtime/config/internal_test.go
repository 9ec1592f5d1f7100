package config

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMissingPermissionIsExplained uses an invented error, because root may read every
// file.
func TestMissingPermissionIsExplained(t *testing.T) {
	err := unreadable("/x/t.cfg", &fs.PathError{Op: "open", Path: "/x/t.cfg", Err: syscall.EACCES})
	for _, want := range []string{"/x/t.cfg: cannot be read: permission denied; this process runs as uid ", "allow that user to read the file"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v does not wrap fs.ErrPermission", err)
	}
}

// TestLuaOptionsAreConsistent checks the assumptions of the code that reads the table.
func TestLuaOptionsAreConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range luaOptions {
		t.Run(o.Name, func(t *testing.T) {
			if seen[o.Name] || o.Doc == "" || !strings.HasSuffix(o.Doc, ".") {
				t.Errorf("the name is not unique, or the Doc is not a sentence: %+v", o)
			}
			seen[o.Name] = true
			var lua Settings
			fits := false
			switch o.field(&lua).(type) {
			case *string:
				fits = o.Kind == KindPath || o.Kind == KindFile
			case *[]string:
				fits = o.Kind == KindFolders
			case *place:
				fits = o.Kind == KindPlace
			case *Console:
				fits = o.Kind == KindAccess
			case *bool:
				fits = o.Kind == KindBool
			case *int64:
				fits = o.Kind == KindBytes
			case *time.Duration:
				fits = o.Kind == KindSeconds
			case *int:
				fits = o.Kind == KindCount || o.Kind == KindLimit
			}
			if !fits {
				t.Fatalf("kind %s does not fit its field, %T", o.Kind, o.field(&lua))
			}
			if read, ok := measures[o.Kind]; ok {
				low, err1 := read(o.Min)
				high, err2 := read(o.Max)
				if err1 != nil || err2 != nil || low >= high {
					t.Errorf("range %q to %q: %v, %v", o.Min, o.Max, err1, err2)
				}
				if o.Zero != "" && low <= 0 {
					t.Errorf("0 is allowed by the range, and also by Zero")
				}
			} else if o.Min+o.Max+o.Zero != "" {
				t.Errorf("kind %s has no range", o.Kind)
			}
			if o.Default == "" {
				return
			}
			if wrong := o.read(o.Default, "/", &lua); wrong != "" {
				t.Errorf("the default %s", wrong)
			}
		})
	}
}

func TestByteSizesAreParsed(t *testing.T) {
	tests := map[string]int64{"0": 0, "65536": 65536, "1K": 1024, "1k": 1024, "1KB": 1024, "2KiB": 2048, "16M": 16 << 20,
		"16 MiB": 16 << 20, "3 mb": 3 << 20, "1G": 1 << 30, "1gib": 1 << 30, "9223372036854775807": 1<<63 - 1}
	for text, want := range tests {
		if got, err := byteSize(text); got != want || err != nil {
			t.Errorf("byteSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "K", "1T", "1KK", "1iB", "-1", "+1", "1.5M", "1 0", "0x1", "1e3", "9223372036854775808", "9223372036854775807K", "8589934592G"} {
		if got, err := byteSize(text); err == nil {
			t.Errorf("byteSize(%q) = %d, and no error", text, got)
		}
	}
}

func TestSecondsAreParsed(t *testing.T) {
	tests := map[string]time.Duration{"0": 0, "2": 2 * time.Second, "0.5": time.Second / 2, ".25": time.Second / 4, "1e-3": time.Millisecond, "-1": -time.Second}
	for text, want := range tests {
		if got, err := seconds(text); time.Duration(got) != want || err != nil {
			t.Errorf("seconds(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "2s", "1m", "1:30", "nan", "inf", "1e300", "10000000000"} {
		if got, err := seconds(text); err == nil {
			t.Errorf("seconds(%q) = %d, and no error", text, got)
		}
	}
}

func TestRetiredKeyIsAWarningOnEachLine(t *testing.T) {
	for name, why := range retiredLua {
		t.Run(name, func(t *testing.T) {
			for _, o := range luaOptions {
				if o.Name == name {
					t.Fatalf("%s is also an option", name)
				}
			}
			c, err := Parse("t.cfg", []byte("[lua]\nscript=a.lua\n"+name+"=x\n"+name+"=y\n"),
				Options{Overrides: []Override{{Key: luaPrefix + name, Value: "z"}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Settings(); err != nil {
				t.Errorf("error %v", err)
			}
			text := "[lua] " + name + " has no effect any more: " + why + "; delete it"
			want := []string{"t.cfg:3: " + text, "t.cfg:4: " + text, "command line: " + text}
			if got := c.Warnings(); !slices.Equal(got, want) {
				t.Errorf("warnings %q, want %q", got, want)
			}
		})
	}
}
