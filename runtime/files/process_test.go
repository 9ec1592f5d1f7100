package files_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"spectrumlua/runtime/files"
)

// childFolder is set in the process that TestAKilledProcessLeavesNothing starts.
const childFolder = "FILES_TEST_FOLDER"

// TestChild is that process. It shares a file and functions, writes their addresses, and waits.
func TestChild(t *testing.T) {
	folder := os.Getenv(childFolder)
	if folder == "" {
		t.Skip("this is a part of TestAKilledProcessLeavesNothing")
	}
	s := startIn(t, folder, strings.Split(os.Getenv("FILES_TEST_LINES"), " ")...)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	stored := s.add(files.Meta{Name: "a"}, "stored")
	made, _ := s.function(files.Meta{Name: "b", Size: -1}, func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "made")
		return err
	}, files.FunctionOptions{})
	endless, _ := s.function(files.Meta{Name: "c", Size: -1}, func(ctx context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "begun")
		<-ctx.Done()
		return ctx.Err()
	}, files.FunctionOptions{Keep: true})
	os.Stdout.WriteString("addresses " + stored.URL + " " + made.URL + " " + endless.URL + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// TestAKilledProcessLeavesNothing has two processes at one address, and kills one.
func TestAKilledProcessLeavesNothing(t *testing.T) {
	dir, listen := t.TempDir(), "listen="+free(t)
	lines := []string{listen, "quota=4M", "max_size=1M"}
	s := startIn(t, dir, lines...)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childFolder+"="+dir, "FILES_TEST_LINES="+strings.Join(lines, " "))
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var urls []string
	for out := bufio.NewScanner(stdout); len(urls) == 0; {
		if !out.Scan() {
			t.Fatalf("the child has ended: %v %v", out.Err(), child.Wait())
		}
		if _, list, ok := strings.Cut(out.Text(), "addresses "); ok {
			urls = strings.Fields(list)
		}
	}
	for range 20 { // each connection reaches either process
		for i, want := range []string{"stored", "made"} {
			if a := get(t, urls[i], "Connection", "close"); a.body != want {
				t.Errorf("%s: %d %q", want, a.StatusCode, a.body)
			}
		}
	}
	reader := open(t, urls[2])
	begun := make([]byte, 5)
	if _, err := io.ReadFull(reader.Body, begun); err != nil || string(begun) != "begun" {
		t.Fatalf("%q %v", begun, err)
	}
	if n := len(s.contents()); n != 3 {
		t.Errorf("%d contents, want one of each file", n)
	}

	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if rest, err := io.ReadAll(reader.Body); err == nil {
		t.Errorf("the reader believes that the file is complete, with %q", rest)
	}
	for range 20 {
		for i, want := range []int{200, 410, 410} {
			if a := get(t, urls[i], "Connection", "close"); a.StatusCode != want {
				t.Errorf("%d after the end: %d, want %d", i, a.StatusCode, want)
			}
		}
	}
	s.Sweep(t.Context())
	if n := len(s.contents()); n != 1 {
		t.Errorf("%d contents are left, want the stored one", n)
	}
	if names, err := os.ReadDir(s.folder + "/run"); err != nil || len(names) != 2 {
		t.Errorf("the folder of the processes has %v, %v", names, err)
	}
	// What the killed process had reserved is free: 4 MB without the stored file.
	for range 3 {
		s.add(files.Meta{}, strings.Repeat("x", 1<<20))
	}
	s.add(files.Meta{}, strings.Repeat("x", 1<<20-len("stored")))
}
