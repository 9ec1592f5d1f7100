package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spectrumlua/runtime/watch"
)

// maxFolders is the maximum number of folders in which new tests are noticed.
const maxFolders = 1000

// again runs the tests now and after each change of their files, until the context ends.
// It returns the error of the last run.
func (r *testRun) again(ctx context.Context) error {
	woken := make(chan struct{}, 1)
	watcher, err := watch.New(func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}, r.watchFailed)
	if err != nil {
		return err
	}
	defer watcher.Close()
	for {
		began := time.Now()
		files, err := r.once(ctx)
		if ctx.Err() != nil {
			return err
		}
		if len(files) == 0 && len(testFolders(r.paths)) == 0 {
			return err // nothing to watch
		}
		changes := r.awaitChanges(ctx, watcher, woken, files, began)
		if len(changes) == 0 {
			return err
		}
		r.t.print(r.t.paint(dim, "\n"+time.Now().Format(time.TimeOnly)+" "+sentence(changes)+": running the tests again"))
	}
}

// awaitChanges returns the files that have changed since the run began at the time began,
// or nil when the context ends. woken has a token after each change in a folder.
func (r *testRun) awaitChanges(ctx context.Context, watcher *watch.Watcher, woken <-chan struct{}, files []string, began time.Time) []string {
	before := takeSnapshot(files, r.paths)
	r.t.print(r.t.paint(dim, fmt.Sprintf("waiting for changes of %s; press Ctrl-C to stop", count(before.existing(), "file"))))
	if changes := before.newer(began); len(changes) > 0 {
		return changes // saved while the tests ran
	}
	for {
		// A file that does not exist stands for the new tests of a folder.
		watched := slices.Clone(files)
		for _, folder := range testFolders(r.paths) {
			watched = append(watched, filepath.Join(folder, "new_test.lua"))
		}
		if err := watcher.Watch(watched, true); err != nil {
			r.watchFailed(err)
		}
		if changes := takeSnapshot(slices.Collect(maps.Keys(before)), r.paths).since(before); len(changes) > 0 {
			return changes
		}
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
		}
	}
}

func (r *testRun) watchFailed(err error) {
	r.t.note("spectrum2-lua: watching the files: " + err.Error())
}

// snapshot has the state of each file by its absolute path; nil if it does not exist.
// Tests may write other files into the folders, so only these files count.
type snapshot map[string]os.FileInfo

// takeSnapshot returns the state of files and of all tests in paths.
func takeSnapshot(files, paths []string) snapshot {
	now := snapshot{}
	for _, file := range append(findTests(paths), files...) {
		info, err := os.Stat(file)
		if err != nil {
			info = nil
		}
		now[file] = info
	}
	return now
}

// existing returns the number of files that exist.
func (now snapshot) existing() (n int) {
	for _, info := range now {
		if info != nil {
			n++
		}
	}
	return n
}

// newer returns the files that have changed after a time.
func (now snapshot) newer(began time.Time) (changes []string) {
	for _, file := range slices.Sorted(maps.Keys(now)) {
		if info := now[file]; info != nil && info.ModTime().After(began) {
			changes = append(changes, file)
		}
	}
	return changes
}

// since returns the files that differ from those of an earlier snapshot. A script that has
// vanished does not count, because an editor may be replacing it.
func (now snapshot) since(before snapshot) (changes []string) {
	for _, file := range slices.Sorted(maps.Keys(now)) {
		was, is := before[file], now[file]
		switch {
		case is == nil && (was == nil || !strings.HasSuffix(file, "_test.lua")):
		case was == nil || is == nil || !os.SameFile(was, is) || was.Size() != is.Size() || !was.ModTime().Equal(is.ModTime()):
			changes = append(changes, file)
		}
	}
	return changes
}

// sentence says which files have changed.
func sentence(changes []string) string {
	if len(changes) == 1 {
		return printable(shownPath(changes[0])) + " changed"
	}
	return count(len(changes), "file") + " changed"
}

// testFolders returns the folders among paths and their subfolders, as scripttest.Find
// searches them.
func testFolders(paths []string) (folders []string) {
	for _, path := range paths {
		full, err := filepath.Abs(path)
		if err != nil {
			continue
		}
		_ = filepath.WalkDir(full, func(name string, d fs.DirEntry, err error) error {
			switch {
			case len(folders) == maxFolders:
				return fs.SkipAll
			case err != nil || !d.IsDir():
				return nil //nolint:nilerr // what cannot be read has no tests
			case name != full && strings.HasPrefix(d.Name(), "."):
				return fs.SkipDir
			}
			folders = append(folders, name)
			return nil
		})
	}
	return folders
}
