package metrics

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Gather returns metrics.
type Gather func() ([]*dto.MetricFamily, error)

// Write answers a request with metrics, in the format that the client prefers: OpenMetrics,
// Prometheus' text, or protocol buffers.
func Write(w http.ResponseWriter, r *http.Request, families []*dto.MetricFamily) error {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	buffer := bufio.NewWriterSize(w, 64<<10)
	encoder := expfmt.NewEncoder(buffer, format)
	for _, f := range families {
		if len(f.GetMetric()) == 0 {
			continue
		}
		if err := encoder.Encode(f); err != nil {
			return fmt.Errorf("writing the metric %s: %w", f.GetName(), err)
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok {
		if err := closer.Close(); err != nil { // the last line of OpenMetrics
			return err
		}
	}
	return buffer.Flush()
}

// Accept is the header of a request whose answer Parse reads.
const Accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// maxFamilies limits the number of metrics that Parse accepts.
const maxFamilies = 20_000

// Parse reads the answer of Write to a request with the header Accept.
func Parse(in io.Reader) ([]*dto.MetricFamily, error) {
	decoder := expfmt.NewDecoder(bufio.NewReader(in), expfmt.NewFormat(expfmt.TypeProtoDelim))
	var all []*dto.MetricFamily
	for len(all) < maxFamilies {
		f := new(dto.MetricFamily)
		switch err := decoder.Decode(f); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("reading metrics: %w", err)
		}
		all = append(all, f)
	}
	return nil, fmt.Errorf("reading metrics: there are more than %d", maxFamilies)
}
