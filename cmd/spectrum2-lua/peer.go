package main

import (
	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

const peerName = "bench-peer"

// newPeer is not for people: bench starts it as the network that its sessions
// are connected to.
func newPeer(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:    peerName,
		Short:  "The silent network that the sessions of bench wait for",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.Peer(cmd.InOrStdin(), t.out)
		},
	}
}
