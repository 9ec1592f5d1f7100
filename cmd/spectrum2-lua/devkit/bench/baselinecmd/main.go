// Command baselinecmd is the backend to which `make bench` compares others. It is an
// executable of its own, so that its start and its memory are those of a small program.
package main

import (
	"fmt"
	"os"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-baseline:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	conn, err := baseline.Dial(args)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return baseline.Serve(conn)
}
