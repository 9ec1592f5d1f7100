//go:build e2e

package dashboard

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

// pictureTime is the time in pictures.
var pictureTime = time.Date(2026, 11, 29, 12, 34, 56, 0, time.UTC)

// picture returns a dashboard with the hour of two made-up transports. It never samples.
func picture(t *testing.T) *browser {
	t.Helper()
	b := open(t, Options{Files: []string{"/etc/spectrum2/transports/irc.cfg", "/etc/spectrum2/transports/mychat.cfg"}})
	s := &b.state
	s.names = map[string]string{b.opts.Files[0]: "irc.example.net", b.opts.Files[1]: "mychat.example.net"}
	first := pictureTime.Add(-time.Hour).Truncate(slotTime)
	for i := range slots + 1 {
		at, wave := first.Add(time.Duration(i)*slotTime), func(period, shift float64) float64 {
			return math.Sin(float64(i)/period + shift)
		}
		noise := math.Abs(math.Mod(math.Sin(float64(i)*12.9898)*43758.5453, 1))
		irc, mychat := sumOf(180+20*wave(40, 0)+3*noise, 42+9*wave(38, 1)+4*noise, 1.6+0.2*wave(22, 2)+0.2*noise),
			sumOf(75+14*wave(55, 2), 17+4*wave(29, 0)+2*noise, 3.4+0.6*wave(31, 0)+0.4*noise)
		irc.handlers = durations("conv_message", 160, 0.002, "login", 3, 0.31)
		mychat.handlers = durations("conv_message", 70, 0.0041, "buddy_changed", 5, 0.052)
		for jid, sum := range map[string]*sum{"irc.example.net": irc, "mychat.example.net": mychat} {
			if s.transports[jid] == nil {
				s.transports[jid] = &history{}
			}
			s.transports[jid].add(at, sum)
		}
	}
	s.at, b.viewed = pictureTime, time.Now().Add(time.Hour)
	s.processes = pictureProcesses(b.opts.Files)
	irc, mychat := s.transports["irc.example.net"].last, s.transports["mychat.example.net"].last
	for i, share := range []float64{1, 0.6, 0.4} {
		p, last := &s.processes[i], mychat
		if i == 0 {
			last = irc
		}
		p.Users, p.rate, p.latency = int(math.Round(last[users]*share)), last[rates]*share, last[latencies]
	}
	s.note(event{pictureTime.Add(-31 * time.Minute), "process 2031 of mychat.example.net runs", false})
	s.note(event{pictureTime.Add(-4 * time.Minute), "process 1873 of irc.example.net: irc.lua is generation 3", false})
	return b
}

func sumOf(users, rate, milliseconds float64) *sum {
	return &sum{users: int(users), rate: rate, rated: true, handled: 1, busy: time.Duration(milliseconds * float64(time.Millisecond))}
}

// durations returns the times of two handlers.
func durations(first string, count uint64, seconds float64, second string, count2 uint64, seconds2 float64) map[string]times {
	of := func(count uint64, seconds float64) times {
		t := times{count: count, sum: time.Duration(float64(count) * seconds * float64(time.Second)), bounds: []float64{0.0025, 0.005, 0.01, 0.1, 0.5, 1}}
		for _, bound := range t.bounds {
			t.below = append(t.below, uint64(float64(count)*min(1, bound/seconds/1.2)))
		}
		return t
	}
	return map[string]times{first: of(count, seconds), second: of(count2, seconds2)}
}

func pictureProcesses(files []string) []process {
	line := func(seconds int, level, category, text string) logging.Line {
		return logging.Line{Time: pictureTime.Add(-time.Duration(seconds) * time.Second), Level: level, Category: category, Text: text}
	}
	irc := process{file: files[0], Process: admin.Process{
		Version: "0.2.0", PID: 1873, JID: "irc.example.net", Home: admin.HomeSpectrum, Script: "irc.lua", Generation: 3,
		Started: pictureTime.Add(-75 * time.Hour), Memory: 84 << 20, Errors: 3,
	}}
	irc.failures = []admin.Failure{{
		What: "on.conv_message", At: "irc/commands.lua:118", Count: 3, Last: pictureTime.Add(-2 * time.Minute), User: "alice@example.net",
		Message:   "irc/commands.lua:118: attempt to index a nil value (local 'channel')",
		Traceback: "stack traceback:\n\tirc/commands.lua:118: in function 'topic'\n\tirc.lua:402: in on.conv_message",
	}}
	irc.lines = []logging.Line{
		line(241, "INFO", "backend", "loaded /etc/spectrum2/transports/irc.lua: generation 3, sha256 5f1c09ab22d4"),
		line(120, "ERROR", "lua", "error in on.conv_message: irc/commands.lua:118: attempt to index a nil value (local 'channel') user=alice@example.net"),
		line(47, "WARN", "script", "irc.libera.chat: the connection is lost, retrying in 5 s user=bob@example.net"),
		line(41, "INFO", "lua", "login succeeded after=1.204s user=bob@example.net"),
	}
	first := process{file: files[1], Process: admin.Process{
		Version: "0.2.0", PID: 2030, JID: "mychat.example.net", Home: admin.HomeServe, Script: "mychat.lua", Generation: 1,
		Started: pictureTime.Add(-26 * time.Hour), Memory: 41 << 20, LogLevel: "debug",
	}}
	first.lines = []logging.Line{
		line(9, "DEBUG", "script", "poll returned messages=2 user=carol@example.net"),
		line(3, "INFO", "lua", "login succeeded after=312ms user=dave@example.net"),
	}
	second := first
	second.PID, second.Memory, second.lines = 2031, 33<<20, nil
	second.Started = pictureTime.Add(-31 * time.Minute)
	return []process{irc, first, second}
}

// reduced returns a picture with 256 colours, which is several times smaller.
func reduced(t *testing.T, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	bounds := full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	counts := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	// Similar colours share a place, so that rare ones, such as the green, keep theirs.
	similar := map[[3]uint8]color.RGBA{}
	sums := map[[3]uint8]int{}
	for c, n := range counts {
		key := [3]uint8{c.R >> 4, c.G >> 4, c.B >> 4}
		sums[key] += n
		if best, known := similar[key]; !known || counts[c] > counts[best] || counts[c] == counts[best] && less(c, best) {
			similar[key] = c
		}
	}
	keys := slices.SortedFunc(maps.Keys(similar), func(a, b [3]uint8) int {
		return cmp.Or(cmp.Compare(sums[b], sums[a]), slices.Compare(a[:], b[:]))
	})
	var palette color.Palette
	for _, key := range keys[:min(len(keys), 256)] {
		palette = append(palette, similar[key])
	}
	indexes := map[color.RGBA]uint8{}
	small := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			index, known := indexes[c]
			if !known {
				index = uint8(palette.Index(c))
				indexes[c] = index
			}
			small.SetColorIndex(x, y, index)
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// less gives colours an order.
func less(a, b color.RGBA) bool {
	return cmp.Or(cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B)) < 0
}
