package debugger_test

import (
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/debugger"
)

// silent is a client that ignores everything.
type silent struct{}

func (silent) Stopped(debugger.Stop)     {}
func (silent) Continued(int)             {}
func (silent) Exited(int)                {}
func (silent) Output(debugger.Output)    {}
func (silent) Moved(debugger.Breakpoint) {}

// costScript computes: mixed with calls, tables and texts, and loop with the cheapest
// instructions, two in each round. The function never is not called.
const costScript = `local on = {}
local function fib(n)
  if n < 2 then
    return n
  end
  return fib(n - 1) + fib(n - 2)
end
local function words(text)
  local count = {}
  for word in text:gmatch("%a+") do
    local key = word:lower()
    count[key] = (count[key] or 0) + 1
  end
  return count
end
local work = {}
function work.mixed()
  local sum = 0
  for i = 1, 20000 do
    local square = { n = i * i }
    sum = sum + square.n % 7
  end
  for _ = 1, 200 do
    words("the quick brown fox jumps over the lazy dog")
  end
  return sum + fib(18)
end
function work.loop()
  local sum = 0
  for i = 1, 500000 do
    sum = sum + i
  end
  return sum
end
function on.conv_message(session, m)
  session:conv_message { buddy_name = "echo", message = "done " .. work[m.message]() }
end
local function never()
  return 1
end
on.logout = never
return on
`

// loopInstructions is the number of instructions of work.loop.
const loopInstructions = 2 * 500_000

// BenchmarkAttached compares the processor time of a handler without a debugger, with one
// that has no breakpoint, and with a breakpoint in a function that does not run. The modes
// alternate, and each metric is a median of ratios, so that other load matters little.
func BenchmarkAttached(b *testing.B) {
	for _, c := range []struct{ work, result string }{{"mixed", "done 42583"}, {"loop", "done 125000250000"}} {
		b.Run(c.work, func(b *testing.B) {
			f := luatest.Start(b, costScript)
			d := debugger.New()
			f.Host.Debug(d)
			f.Login(alice)
			compareModes(b, d, f.Dir+"/script.lua", func() {
				f.Say(alice, "echo", c.work)
				f.ExpectSaid(c.result)
			}, c.work == "loop")
		})
	}
}

// neverLine is the line in the function never of costScript.
var neverLine = 1 + strings.Count(costScript[:strings.Index(costScript, "return 1\n")], "\n")

func compareModes(b *testing.B, d *debugger.Debugger, path string, run func(), perInstruction bool) {
	attach := func() (detach func()) {
		detach, err := d.Attach(silent{})
		if err != nil {
			b.Fatal(err)
		}
		return detach
	}
	modes := []func() (stop func()){
		func() func() { return func() {} },
		func() func() { return func() {} }, // also without, for the noise
		attach,
		func() func() {
			detach := attach()
			if set := d.SetBreakpoints(path, []debugger.Wanted{{Line: neverLine}}); !set[0].Verified || set[0].Line != neverLine {
				b.Fatalf("%+v", set)
			}
			return detach
		},
	}
	run()
	ratios := make([][]float64, len(modes))
	var extra []float64 // of an instruction, in ns
	for round := 0; b.Loop(); round++ {
		costs := make([]float64, len(modes))
		for i := range modes {
			mode := (i + round) % len(modes)
			stop := modes[mode]()
			before := luatest.CPUTime(b)
			run()
			costs[mode] = float64(luatest.CPUTime(b) - before)
			stop()
		}
		for mode, cost := range costs {
			ratios[mode] = append(ratios[mode], cost/costs[0])
		}
		extra = append(extra, (costs[2]-costs[0])/loopInstructions)
	}
	for mode, name := range []string{"", "%noise", "%attached", "%breakpoint"} {
		if name != "" {
			b.ReportMetric(100*(median(ratios[mode])-1), name)
		}
	}
	if perInstruction {
		b.ReportMetric(median(extra), "ns/instruction")
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
