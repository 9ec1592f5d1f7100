package main

import (
	"errors"
	"net"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

const baselineName = "bench-baseline"

// newBaseline is not for people: bench starts it as the backend to compare
// with, with the arguments that Spectrum gives.
func newBaseline(*terminal) *cobra.Command {
	return &cobra.Command{
		Use:                baselineName,
		Short:              "The plain Go echo that bench compares with",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			host, port := flagValue(args, "--host"), flagValue(args, "--port")
			if host == "" || port == "" {
				return errors.New("--host and --port are missing")
			}
			conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			return bench.Baseline(conn)
		},
	}
}

// flagValue finds the argument behind a flag.
func flagValue(args []string, flag string) string {
	for i := range len(args) - 1 {
		if args[i] == flag {
			return args[i+1]
		}
	}
	return ""
}
