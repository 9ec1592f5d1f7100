package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/exporter"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/metrics"
)

// Defaults and limits of exporter.
const (
	exporterAddress = "127.0.0.1:9151"
	exporterEvery   = 5 * time.Second
	complainEvery   = time.Hour
)

func newExporter(t *terminal) *cobra.Command {
	var listen string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "exporter config...",
		Short: "Serve the metrics of running transports to Prometheus",
		Long: `exporter serves the metrics of transports at http://ADDRESS/metrics, in the formats of
OpenMetrics and Prometheus. It is for transports whose processes Spectrum starts. It
reads them through their admin sockets, so run it as root or as their user.

Counters and histograms are the sums of all processes, including those that have ended
while exporter runs. Gauges are sums of the running processes, or have the label pid. A
process that ends takes what it has counted since the last look with it: --every is the
time between two looks. Counters begin again at 0 when exporter starts.

Transports of serve have [metrics] listen instead.`,
		Example: `  spectrum2-lua exporter /etc/spectrum2/transports/*.cfg
  spectrum2-lua exporter mychat.cfg --listen 9151`,
		Args: configs,
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := config.ListenAddress(listen)
			if err != nil || every < time.Second {
				return usageError{cmd.CommandPath(), fmt.Errorf("--listen has to be a port or host:port such as %s, and --every at least 1s", exporterAddress)}
			}
			return t.export(cmd.Context(), args, address, every)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", exporterAddress, "the address to listen on: a port of 127.0.0.1, or host:port")
	cmd.Flags().DurationVar(&every, "every", exporterEvery, "how often the processes are read")
	return cmd
}

// export serves the metrics of transports until ctx is done.
func (t *terminal) export(ctx context.Context, files []string, address string, every time.Duration) error {
	if err := exporter.Check(files); err != nil {
		return err
	}
	complaints := logging.Once{Every: complainEvery}
	var printing sync.Mutex
	e := exporter.New(files, func(err error) {
		complaints.Do(err.Error(), func() {
			printing.Lock()
			defer printing.Unlock()
			t.note(fmt.Sprintf("%v (repeated once an hour)", err))
		})
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := logrus.New()
	log.SetOutput(io.Discard) // Gather has no errors
	s, err := metrics.Listen(address, func() ([]*dto.MetricFamily, error) { return e.Gather(ctx), nil }, log)
	if err != nil {
		return err
	}
	t.print("metrics are served at http://" + s.Address() + metrics.Path)
	var polling sync.WaitGroup
	polling.Go(func() {
		defer crash.Guard()
		e.Run(ctx, every)
	})
	<-ctx.Done()
	s.Close()
	polling.Wait()
	return nil
}
