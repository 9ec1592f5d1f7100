package luabind

import (
	"crypto/sha256"
	"maps"
	"os"
	"slices"
	"time"

	"spectrumlua/luabind/source"
)

// coarse is the precision of the times of files: file systems set their clocks by ticks.
const coarse = 10 * time.Millisecond

// fileVersion is the version of a file that a load has read.
type fileVersion struct {
	sum  sum         // zero if the file could not be read
	info os.FileInfo // nil if the file did not exist
	at   time.Time   // when it was read
}

// versionOf returns the version of a file that is about to be read, without its sum.
func versionOf(path string) fileVersion {
	f := fileVersion{at: time.Now()}
	if info, err := os.Stat(path); err == nil {
		f.info = info
	}
	return f
}

// outdated reports whether the file at path is now another one, or another version.
func (f fileVersion) outdated(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil || f.info == nil:
		return (err == nil) != (f.info != nil)
	case !os.SameFile(info, f.info) || info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()):
		return true
	case info.ModTime().Before(f.at.Add(-coarse)) || f.sum == sum{}:
		return false
	}
	// The time does not tell whether the file changed after it was read.
	text, err := source.Read(path, source.Open)
	return err != nil || sha256.Sum256([]byte(text)) != f.sum
}

// noteFiles keeps the files that a load of v has used. The caller holds the script lock.
func (h *Host) noteFiles(v *vm, failed bool) {
	h.versions = maps.Clone(v.files)
	h.files = slices.Sorted(maps.Keys(v.files))
	if failed {
		maps.Copy(h.versions, v.missing)
		h.files = append(h.files, slices.Sorted(maps.Keys(v.missing))...)
	}
}

// Outdated reports whether one of Files differs from what the last Load has read.
func (h *Host) Outdated() bool {
	var versions map[string]fileVersion
	h.opts.Scheduler.Do(func() { versions = h.versions })
	for path, version := range versions {
		if version.outdated(path) {
			return true
		}
	}
	return false
}
