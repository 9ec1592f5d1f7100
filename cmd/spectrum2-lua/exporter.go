package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
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
		Use:   "exporter config|folder...",
		Short: "Serve the metrics of running transports to Prometheus",
		Long: `exporter serves the metrics of transports at http://ADDRESS/metrics, in the formats of
OpenMetrics and Prometheus. It is for transports whose processes Spectrum starts. It
reads them through their admin sockets, so run it as root or as their user. A folder stands
for its files *.cfg with [lua] script, also those that are added later.

Counters and histograms are the sums of all processes, including those that have ended
while exporter runs. Gauges are sums of the running processes, or have the label pid. A
process that ends takes what it has counted since the last look with it: --every is the
time between two looks. Counters begin again at 0 when exporter starts.

Transports of serve have [metrics] listen instead.`,
		Example: `  spectrum2-lua exporter /etc/spectrum2/transports/*.cfg
  spectrum2-lua exporter /etc/spectrum2/transports
  spectrum2-lua exporter mychat.cfg --listen 9151`,
		Args: configs,
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := config.ListenAddress(listen)
			switch {
			case err != nil:
				return usageError{cmd.CommandPath(), fmt.Errorf("--listen %s: a port, or host:port such as %s expected", listen, exporterAddress)}
			case every < time.Second:
				return usageError{cmd.CommandPath(), fmt.Errorf("--every %v: at least 1s expected", every)}
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
	for _, folder := range e.EmptyFolders(files) {
		t.note(folder + " has no file *.cfg with [lua] script yet; exporter looks again at each scrape")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := logrus.New()
	log.SetOutput(io.Discard) // Gather has no errors
	s, err := metrics.Listen(address, func() ([]*dto.MetricFamily, error) { return e.Gather(ctx), nil }, log)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; name another port with --listen", err)
	}
	if err != nil {
		return err
	}
	t.print("metrics are served at http://" + s.Address() + metrics.Path)
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // it has an error without systemd
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
